//! One OpenID provider: its endpoints and keys, fetched and kept, and whether a token is signed by it.

use super::{Claims, TokenFault, Untaken, claims::check_times};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, PublicKeyUse},
};
use portico_core::{
    openid::{self, Endpoints},
    outgoing::Outgoing,
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};
use time::{Duration, OffsetDateTime};

/// What a provider may sign with. Never a shared secret, and never nothing.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Most keys of a provider that are kept.
const KEYS_MAX: usize = 500;
/// After this time keys are fetched anew, while the old ones still serve.
const KEYS_AGE: Duration = Duration::minutes(5);
/// A key that is not known makes them be fetched anew this often at most, as does a provider that did not answer.
const UNKNOWN_KEY_PAUSE: Duration = Duration::seconds(30);
const FAILURE_PAUSE: Duration = Duration::seconds(5);
/// Callers, strangers among them, make a provider be asked so many things at a time at most.
const QUESTIONS_MAX: usize = 64;
/// How many good tokens are remembered for each provider.
const REMEMBERED_MAX: usize = 20_000;

/// An issuer with its keys.
pub(crate) struct Provider {
    outgoing: Outgoing,
    issuer: String,
    keys: RwLock<Option<Arc<Keys>>>,
    /// How many questions about logins and tokens may be on their way.
    questions: tokio::sync::Semaphore,
    /// Held while keys are fetched, so that they are fetched once.
    fetching: tokio::sync::Mutex<Fetched>,
}

/// When keys were asked for last, and why.
#[derive(Default)]
struct Fetched {
    failed_at: Option<OffsetDateTime>,
    for_unknown_key_at: Option<OffsetDateTime>,
}

/// A provider's keys at one time.
struct Keys {
    keys: Vec<Key>,
    endpoints: Arc<Endpoints>,
    fetched_at: OffsetDateTime,
    /// Good tokens by their digest: they are no longer than the keys.
    remembered: RwLock<HashMap<[u8; 32], Claims>>,
}

struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    key: DecodingKey,
}

impl Provider {
    pub fn new(outgoing: Outgoing, issuer: &str) -> Self {
        Self {
            outgoing,
            issuer: issuer.to_owned(),
            keys: RwLock::default(),
            questions: tokio::sync::Semaphore::new(QUESTIONS_MAX),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The claims of a token that this provider signed and that holds now.
    pub async fn verify(self: &Arc<Self>, token: &str, may_remember: bool, now: OffsetDateTime) -> Result<Claims, Untaken> {
        let mut keys = self.keys(now).await?;
        let digest: [u8; 32] = Sha256::digest(token).into();
        if may_remember && let Some(claims) = keys.recall(&digest) {
            check_times(&claims, now)?;
            return Ok(claims);
        }
        let header = decode_header(token).map_err(|_| TokenFault::Malformed)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(TokenFault::Algorithm.into());
        }
        if keys.find(header.kid.as_deref(), header.alg).is_none() {
            keys = self.fetch_for_unknown_key(keys, now).await;
        }
        let key = keys.find(header.kid.as_deref(), header.alg).ok_or(TokenFault::UnknownKey)?;
        let mut validation = Validation::new(header.alg);
        // The times are compared with our own clock below, and the audience is the strategy's matter.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = decode::<Map<String, Value>>(token, key, &validation).map_err(|_| TokenFault::Signature)?.claims;
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(TokenFault::Issuer.into());
        }
        check_times(&claims, now)?;
        let claims = Arc::new(claims);
        if may_remember {
            keys.remember(digest, &claims, now);
        }
        Ok(claims)
    }

    /// Leave to ask the provider something that callers brought; none while as many wait for it as it is to be asked.
    pub fn question(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Untaken> {
        self.questions.try_acquire().map_err(|_| Untaken::ProviderDown)
    }

    /// Where the provider does what.
    pub async fn endpoints(self: &Arc<Self>, now: OffsetDateTime) -> Result<Arc<Endpoints>, Untaken> {
        Ok(Arc::clone(&self.keys(now).await?.endpoints))
    }

    fn current(&self) -> Option<Arc<Keys>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys; those that are there, while newer ones are fetched behind.
    async fn keys(self: &Arc<Self>, now: OffsetDateTime) -> Result<Arc<Keys>, Untaken> {
        let Some(keys) = self.current() else {
            let mut fetched = self.fetching.lock().await;
            if let Some(keys) = self.current() {
                return Ok(keys);
            }
            return self.fetch(&mut fetched, now).await.ok_or(Untaken::ProviderDown);
        };
        if now - keys.fetched_at > KEYS_AGE {
            let provider = Arc::clone(self);
            tokio::spawn(async move {
                // Whoever holds it is fetching already.
                if let Ok(mut fetched) = provider.fetching.try_lock() {
                    provider.fetch(&mut fetched, now).await;
                }
            });
        }
        Ok(keys)
    }

    /// Newer keys, as far as it is time to ask for them.
    async fn fetch_for_unknown_key(&self, seen: Arc<Keys>, now: OffsetDateTime) -> Arc<Keys> {
        let mut fetched = self.fetching.lock().await;
        let current = self.current().unwrap_or_else(|| Arc::clone(&seen));
        let is_too_soon = fetched.for_unknown_key_at.is_some_and(|at| now - at < UNKNOWN_KEY_PAUSE);
        if !Arc::ptr_eq(&current, &seen) || is_too_soon {
            return current;
        }
        fetched.for_unknown_key_at = Some(now);
        self.fetch(&mut fetched, now).await.unwrap_or(current)
    }

    async fn fetch(&self, fetched: &mut Fetched, now: OffsetDateTime) -> Option<Arc<Keys>> {
        if fetched.failed_at.is_some_and(|at| now - at < FAILURE_PAUSE) {
            return None;
        }
        let begun = std::time::Instant::now();
        match self.try_fetch(now).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
                fetched.failed_at = None;
                Some(keys)
            }
            Err(error) => {
                tracing::warn!(issuer = self.issuer, %error, "a provider's keys cannot be fetched");
                // The pause begins when the failure is known, which may take as long as the pause.
                fetched.failed_at = Some(now + begun.elapsed());
                None
            }
        }
    }

    async fn try_fetch(&self, now: OffsetDateTime) -> anyhow::Result<Keys> {
        let endpoints = openid::discover(&self.outgoing, &self.issuer)
            .await
            .map_err(|unusable| anyhow::anyhow!("{:?} {}", unusable.fault, unusable.told))?;
        let request = http::Request::get(&endpoints.jwks).header(http::header::ACCEPT, "application/json").body(Vec::new())?;
        let answer = self.outgoing.send(request).await?;
        anyhow::ensure!(answer.status().is_success(), "{} answers {}", endpoints.jwks, answer.status());
        let document: Value = serde_json::from_slice(answer.body())?;
        let listed = document.get("keys").and_then(Value::as_array).into_iter().flatten();
        // A key of a kind that is not known is no reason to refuse the others.
        let keys = listed.take(KEYS_MAX).filter_map(Key::read).collect();
        Ok(Keys { keys, endpoints: Arc::new(endpoints), fetched_at: now, remembered: RwLock::default() })
    }
}

impl Keys {
    /// The key with this id; for a token that names none, the only key that fits.
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.keys.iter().filter(|key| key.fits(algorithm));
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)).map(|key| &key.key),
            None => fitting.next().filter(|_| fitting.next().is_none()).map(|key| &key.key),
        }
    }

    fn recall(&self, digest: &[u8; 32]) -> Option<Claims> {
        self.remembered.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn remember(&self, digest: [u8; 32], claims: &Claims, now: OffsetDateTime) {
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, claims| check_times(claims, now).is_ok());
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(digest, Arc::clone(claims));
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let algorithm = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
        Some(Self { id: jwk.common.key_id, algorithm, key })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let name = format!("{algorithm:?}");
        self.key.family() == algorithm.family() && self.algorithm.as_ref().is_none_or(|own| *own == name)
    }
}
