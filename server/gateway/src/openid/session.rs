//! What a browser keeps of a person's sign-in, and of one that has begun: sealed, so that only Portico can read it.

use super::{Providers, TokenFault, Trust, Untaken, client_id, endpoints, endpoints::Answer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portico_core::{Core, auth_strategies::OpenidConnect};
use portico_model::{ids::AuthStrategyId, states::AuthMethod};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

/// How long a person stays signed in, whatever the provider's tokens do.
pub(crate) const SESSION_LIFETIME: Duration = Duration::hours(12);
/// How long signing in at the provider may take.
pub(crate) const SIGN_IN_LIFETIME: Duration = Duration::minutes(10);

const SESSION_CONTEXT: &str = "gateway/session";
const SIGN_IN_CONTEXT: &str = "gateway/sign-in";

/// A person who is signed in at a strategy's provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub strategy: AuthStrategyId,
    /// Of the strategy when it began: another configuration knows nothing of it.
    fingerprint: [u8; 32],
    pub client_id: String,
    pub access_token: String,
    refresh_token: Option<String>,
    /// In seconds since 1970: when the token ends, and when the session does.
    expires_at: i64,
    ends_at: i64,
}

impl Session {
    pub fn seal(&self, core: &Core) -> anyhow::Result<String> {
        seal(core, SESSION_CONTEXT, self)
    }

    pub fn open(core: &Core, sealed: &str) -> Option<Self> {
        open(core, SESSION_CONTEXT, sealed)
    }

    /// Whether it is of this strategy as it is now, and has not ended.
    pub fn holds(&self, trust: &Trust, now: OffsetDateTime) -> bool {
        self.fingerprint == trust.fingerprint && trust.config.takes(AuthMethod::Session) && now.unix_timestamp() < self.ends_at
    }

    pub fn has_expired(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.expires_at
    }
}

/// A sign-in that has begun (RFC 6749, section 4.1; RFC 7636; OpenID Connect Core 1.0, section 3.1).
#[derive(Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub strategy: AuthStrategyId,
    pub state: String,
    nonce: String,
    verifier: String,
    /// Path and query of the page that was asked for.
    pub return_to: String,
    begun_at: i64,
}

impl SignIn {
    pub fn begin(core: &Core, strategy: AuthStrategyId, return_to: &str) -> Self {
        let random = || URL_SAFE_NO_PAD.encode(core.random.bytes::<32>());
        let begun_at = core.now().unix_timestamp();
        Self { strategy, state: random(), nonce: random(), verifier: random(), return_to: return_to.to_owned(), begun_at }
    }

    pub fn seal(&self, core: &Core) -> anyhow::Result<String> {
        seal(core, SIGN_IN_CONTEXT, self)
    }

    /// One that began not long ago, with this state.
    pub fn open(core: &Core, sealed: &str, state: &str) -> Option<Self> {
        let sign_in: Self = open(core, SIGN_IN_CONTEXT, sealed)?;
        let age = core.now().unix_timestamp() - sign_in.begun_at;
        (sign_in.state == state && age < SIGN_IN_LIFETIME.whole_seconds()).then_some(sign_in)
    }

    /// Where the browser goes to sign in.
    pub fn address(&self, authorization_endpoint: &str, config: &OpenidConnect, redirect_uri: &str) -> Option<String> {
        let mut scopes = vec!["openid"];
        scopes.extend(config.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let mut address = url::Url::parse(authorization_endpoint).ok()?;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Some(address.into())
    }
}

fn seal<T: Serialize>(core: &Core, context: &str, value: &T) -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(core.secrets.seal(&core.random, context, &postcard::to_allocvec(value)?)?))
}

fn open<T: DeserializeOwned>(core: &Core, context: &str, sealed: &str) -> Option<T> {
    let opened = core.secrets.open(context, &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
    postcard::from_bytes(&opened).ok()
}

impl Providers {
    /// Where people sign in at a strategy's provider.
    pub async fn authorization_endpoint(&self, trust: &Trust, now: OffsetDateTime) -> Result<String, Untaken> {
        Ok(self.of(&trust.config.issuer).endpoints(now).await?.authorization.clone())
    }

    /// Ends a sign-in with the code that the provider gave to the browser.
    pub async fn end_sign_in(
        &self,
        trust: &Trust,
        sign_in: &SignIn,
        code: &str,
        redirect_uri: &str,
        now: OffsetDateTime,
    ) -> Result<Session, Untaken> {
        let provider = self.of(&trust.config.issuer);
        let endpoints = provider.endpoints(now).await?;
        let _leave = provider.question()?;
        let form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &sign_in.verifier),
        ];
        let Answer::Tokens(tokens) = endpoints::own_tokens(&self.outgoing, &endpoints, trust, form).await? else {
            return Err(Untaken::BadLogin);
        };
        let id_token = tokens.id_token.as_ref().ok_or(TokenFault::Malformed)?;
        let id_claims = provider.verify(id_token.expose(), false, now).await?;
        let is_for_us = super::has_audience(&id_claims, &[&trust.config.client_id])
            && id_claims.get("azp").and_then(Value::as_str).is_none_or(|azp| azp == trust.config.client_id);
        if !is_for_us || id_claims.get("nonce").and_then(Value::as_str) != Some(&sign_in.nonce) {
            return Err(TokenFault::Audience.into());
        }
        let access_token = tokens.access_token.expose().to_owned();
        let claims = self.claims_of_issued(trust, &access_token, now).await?.unwrap_or(id_claims);
        Ok(Session {
            strategy: sign_in.strategy,
            fingerprint: trust.fingerprint,
            client_id: client_id(&trust.config, &claims)?,
            access_token,
            refresh_token: self.refresh_token(trust, &tokens),
            expires_at: now.unix_timestamp() + seconds(tokens.lives),
            ends_at: (now + SESSION_LIFETIME).unix_timestamp(),
        })
    }

    /// A session whose token has expired, with a new one. However many calls come with the old session, the provider is
    /// asked once: it may take each refresh token once only.
    pub async fn refresh(&self, trust: &Trust, session: &Session, now: OffsetDateTime) -> Result<Session, Untaken> {
        const ANSWER_AGE: std::time::Duration = std::time::Duration::from_secs(60);
        let refresh_token = session.refresh_token.as_deref().filter(|_| trust.config.takes(AuthMethod::RefreshToken));
        let refresh_token = refresh_token.ok_or(TokenFault::Expired)?;
        let asking = async || {
            let provider = self.of(&trust.config.issuer);
            let endpoints = provider.endpoints(now).await?;
            let _leave = provider.question()?;
            let form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
            endpoints::own_tokens(&self.outgoing, &endpoints, trust, form).await
        };
        let age = |answer: &Answer| match answer {
            Answer::Tokens(tokens) => tokens.lives.min(ANSWER_AGE),
            _ => super::REFUSAL_AGE,
        };
        let Answer::Tokens(tokens) = self.remember_always(trust, &["refresh_token", refresh_token], asking, age).await? else {
            return Err(TokenFault::Inactive.into());
        };
        let access_token = tokens.access_token.expose().to_owned();
        let client_id = match self.claims_of_issued(trust, &access_token, now).await? {
            Some(claims) => client_id(&trust.config, &claims)?,
            None => session.client_id.clone(),
        };
        Ok(Session {
            client_id,
            access_token,
            refresh_token: self.refresh_token(trust, &tokens).or_else(|| session.refresh_token.clone()),
            expires_at: now.unix_timestamp() + seconds(tokens.lives),
            ..session.clone()
        })
    }

    fn refresh_token(&self, trust: &Trust, tokens: &endpoints::Tokens) -> Option<String> {
        let token = tokens.refresh_token.as_ref().filter(|_| trust.config.takes(AuthMethod::RefreshToken));
        token.map(|token| token.expose().to_owned())
    }
}

fn seconds(lives: std::time::Duration) -> i64 {
    i64::try_from(lives.as_secs()).unwrap_or(i64::MAX / 4)
}
