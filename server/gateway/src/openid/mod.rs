//! Who calls with the help of an OpenID provider: by a token, or by a login that the provider is asked about.

pub(crate) mod claims;
mod endpoints;
mod provider;
pub(crate) mod session;

use claims::{check_times, claim, has_audience, named_issuer};
use endpoints::Answer;
use moka::{Expiry, future::Cache};
use portico_core::{auth_strategies::OpenidConnect, outgoing::Outgoing, secrets::Plain};
use portico_model::{ids::AuthStrategyId, states::AuthMethod};
use provider::Provider;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use time::OffsetDateTime;

/// Longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 16 * 1024;
/// How many answers of providers are remembered.
const ANSWERS_MAX: u64 = 50_000;
/// How long a provider's word on a token counts.
const INTROSPECTION_AGE: Duration = Duration::from_secs(30);
/// How long a provider's refusal counts, and its absence.
const REFUSAL_AGE: Duration = Duration::from_secs(5);
/// How long a token lives of which the provider does not say it (RFC 6749, section 5.1).
const TOKEN_AGE: Duration = Duration::from_secs(60);

/// What a good token says.
pub(crate) type Claims = Arc<Map<String, Value>>;

/// Why a token is not good. All are told to the caller in the same words; an admin can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenFault {
    /// Not a signed token at all, or two of them.
    Malformed,
    /// Signed in a way that is not on the list, or not at all.
    Algorithm,
    /// Signed with a key that the provider does not publish.
    UnknownKey,
    /// The signature does not belong to the token.
    Signature,
    /// Of another issuer.
    Issuer,
    Expired,
    /// To be used later.
    NotYet,
    /// For another audience.
    Audience,
    /// The claim that should hold the client id is not there.
    NoClientId,
    /// The provider says that it is not, or no longer, good.
    Inactive,
}

/// What was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    BadToken(TokenFault),
    /// The provider does not know this name with this password.
    BadLogin,
    /// The provider was needed, and it did not answer.
    ProviderDown,
}

impl From<TokenFault> for Untaken {
    fn from(fault: TokenFault) -> Self {
        Self::BadToken(fault)
    }
}

/// A strategy that trusts a provider, with what Portico needs to ask it.
pub(crate) struct Trust {
    pub config: OpenidConnect,
    pub client_secret: Option<Plain>,
    /// Changes with any of it, so that nothing is remembered past a change.
    pub fingerprint: [u8; 32],
}

impl Trust {
    pub fn new(strategy: AuthStrategyId, config: OpenidConnect, client_secret: Option<Plain>) -> Self {
        let written = serde_json::to_vec(&config).unwrap_or_default();
        let secret = client_secret.as_ref().map(Plain::expose).unwrap_or_default();
        let fingerprint = digest(&[&strategy.0.into_bytes(), &written, secret.as_bytes()]);
        Self { config, client_secret, fingerprint }
    }
}

/// What a caller shows.
pub(crate) enum Shown {
    Token(String),
    /// By HTTP Basic (RFC 7617).
    Login(Login),
}

pub(crate) struct Login {
    pub name: String,
    pub password: Plain,
    /// Whether the name is the client id of one of the strategy's applications.
    pub is_client: bool,
}

/// Who calls.
pub(crate) struct Identity {
    /// As the provider calls the client.
    pub client_id: String,
    /// The token that the provider gave for a login.
    pub token: Option<String>,
}

/// What a provider said, for as long as it counts.
#[derive(Clone)]
struct Remembered {
    answer: Answer,
    age: Duration,
}

struct Ages;

impl Expiry<[u8; 32], Remembered> for Ages {
    fn expire_after_create(&self, _: &[u8; 32], remembered: &Remembered, _: Instant) -> Option<Duration> {
        Some(remembered.age)
    }
}

/// Every provider that was asked so far, and what they said.
pub(crate) struct Providers {
    outgoing: Outgoing,
    known: Mutex<HashMap<String, Arc<Provider>>>,
    answers: Cache<[u8; 32], Remembered>,
}

impl Providers {
    pub fn new(outgoing: Outgoing) -> Self {
        let answers = Cache::builder().max_capacity(ANSWERS_MAX).expire_after(Ages).build();
        Self { outgoing, known: Mutex::default(), answers }
    }

    fn of(&self, issuer: &str) -> Arc<Provider> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(provider) = known.get(issuer) {
            return Arc::clone(provider);
        }
        let provider = Arc::new(Provider::new(self.outgoing.clone(), issuer));
        known.insert(issuer.to_owned(), Arc::clone(&provider));
        provider
    }

    /// Who calls, as far as a strategy takes what is shown.
    pub async fn identify(&self, trust: &Trust, shown: &Shown, now: OffsetDateTime) -> Result<Identity, Untaken> {
        match shown {
            Shown::Token(token) => {
                let claims = self.claims(trust, token, now).await?;
                Ok(Identity { client_id: client_id(&trust.config, &claims)?, token: None })
            }
            Shown::Login(login) => self.identify_login(trust, login, now).await,
        }
    }

    /// What a token says that a strategy takes: by its signature, or by the provider's word.
    async fn claims(&self, trust: &Trust, token: &str, now: OffsetDateTime) -> Result<Claims, Untaken> {
        if token.len() > TOKEN_MAX {
            return Err(TokenFault::Malformed.into());
        }
        let config = &trust.config;
        let issuer = named_issuer(token);
        // No provider is shown another's tokens.
        if issuer.as_ref().is_some_and(|issuer| *issuer != config.issuer) {
            return Err(TokenFault::Issuer.into());
        }
        let by_signature = issuer.is_some() && config.takes(AuthMethod::Bearer);
        Ok(self.read(trust, token, by_signature, now).await?.ok_or(TokenFault::Malformed)?)
    }

    /// What a token says, by its signature or by the provider's word; nothing where neither can tell.
    async fn read(&self, trust: &Trust, token: &str, by_signature: bool, now: OffsetDateTime) -> Result<Option<Claims>, Untaken> {
        let config = &trust.config;
        let claims = if by_signature {
            self.of(&config.issuer).verify(token, config.may_cache(), now).await?
        } else if config.takes(AuthMethod::Introspection) {
            self.introspect(trust, token, now).await?
        } else {
            return Ok(None);
        };
        if !has_audience(&claims, &config.audiences()) {
            return Err(TokenFault::Audience.into());
        }
        Ok(Some(claims))
    }

    async fn introspect(&self, trust: &Trust, token: &str, now: OffsetDateTime) -> Result<Claims, Untaken> {
        let asking = async || {
            let provider = self.of(&trust.config.issuer);
            let endpoints = provider.endpoints(now).await?;
            let _leave = provider.question()?;
            endpoints::introspect(&self.outgoing, &endpoints, trust, token).await
        };
        let age = |answer: &Answer| match answer {
            Answer::Claims(claims) => age_of(claims, now).min(INTROSPECTION_AGE),
            _ => REFUSAL_AGE,
        };
        match self.remember(trust, &["introspect", token], asking, age).await? {
            Answer::Claims(claims) => {
                // Not every provider says when a token ends, but those that do mean it.
                if claims.contains_key("exp") {
                    check_times(&claims, now)?;
                }
                Ok(claims)
            }
            _ => Err(TokenFault::Inactive.into()),
        }
    }

    /// Gets a token for a login, and tells from it who calls.
    async fn identify_login(&self, trust: &Trust, login: &Login, now: OffsetDateTime) -> Result<Identity, Untaken> {
        let config = &trust.config;
        // Whoever is no client here has nothing to gain from the provider's answer, and a stranger must not make us ask.
        let as_client = config.takes(AuthMethod::ClientCredentials) && login.is_client;
        if !as_client && !config.takes(AuthMethod::Password) {
            return Err(Untaken::BadLogin);
        }
        let asking = async || {
            let provider = self.of(&config.issuer);
            let endpoints = provider.endpoints(now).await?;
            let _leave = provider.question()?;
            if as_client {
                endpoints::client_credentials(&self.outgoing, &endpoints, trust, login).await
            } else {
                endpoints::password(&self.outgoing, &endpoints, trust, login).await
            }
        };
        let age = |answer: &Answer| match answer {
            Answer::Tokens(tokens) => tokens.lives,
            _ => REFUSAL_AGE,
        };
        let method = if as_client { "client_credentials" } else { "password" };
        match self.remember(trust, &[method, &login.name, login.password.expose()], asking, age).await? {
            Answer::Tokens(tokens) => {
                let token = tokens.access_token.expose().to_owned();
                let client_id = match self.claims_of_issued(trust, &token, now).await? {
                    Some(claims) => client_id(config, &claims)?,
                    None if as_client => login.name.clone(),
                    None => return Err(TokenFault::NoClientId.into()),
                };
                Ok(Identity { client_id, token: Some(token) })
            }
            _ => Err(Untaken::BadLogin),
        }
    }

    /// What a token says that the provider itself has just given; nothing where only the provider can read it.
    async fn claims_of_issued(&self, trust: &Trust, token: &str, now: OffsetDateTime) -> Result<Option<Claims>, Untaken> {
        self.read(trust, token, named_issuer(token).is_some(), now).await
    }

    /// Asks once however many wait for the answer, and not again for as long as it counts.
    async fn remember(
        &self,
        trust: &Trust,
        question: &[&str],
        asking: impl AsyncFnOnce() -> Result<Answer, Untaken>,
        age: impl Fn(&Answer) -> Duration,
    ) -> Result<Answer, Untaken> {
        if !trust.config.may_cache() {
            return asking().await;
        }
        self.remember_always(trust, question, asking, age).await
    }

    /// As [`Providers::remember`], whatever the strategy says of caching.
    async fn remember_always(
        &self,
        trust: &Trust,
        question: &[&str],
        asking: impl AsyncFnOnce() -> Result<Answer, Untaken>,
        age: impl Fn(&Answer) -> Duration,
    ) -> Result<Answer, Untaken> {
        let mut parts: Vec<&[u8]> = vec![&trust.fingerprint];
        parts.extend(question.iter().map(|part| part.as_bytes()));
        let ask = async {
            // That nobody answers is remembered as well, so that a provider that comes back is not run over.
            let answer = asking().await.unwrap_or(Answer::Nothing);
            Remembered { age: age(&answer), answer }
        };
        match self.answers.get_with(digest(&parts), ask).await.answer {
            Answer::Nothing => Err(Untaken::ProviderDown),
            answer => Ok(answer),
        }
    }
}

/// A digest of parts that cannot run into one another.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn age_of(claims: &Map<String, Value>, now: OffsetDateTime) -> Duration {
    let left = claims.get("exp").and_then(Value::as_i64).map(|end| end - now.unix_timestamp());
    left.map_or(INTROSPECTION_AGE, |seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

fn client_id(config: &OpenidConnect, claims: &Map<String, Value>) -> Result<String, TokenFault> {
    claim(claims, &config.credential_claim).map(str::to_owned).ok_or(TokenFault::NoClientId)
}
