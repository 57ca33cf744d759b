//! Admin tokens that are good for many calls (RFC 6749, section 4.4), remembered until shortly before they expire.

use super::{
    Provider,
    calls::{Answer, Auth, Body, Calls, Failure, Meaning},
};
use crate::secrets::Plain;
use http::{Method, StatusCode};
use portico_model::ids::DcrProviderId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// So long before its end a token is not used any more.
const MARGIN: Duration = Duration::seconds(60);
/// How long a token is taken to live that does not say so (RFC 6749, section 5.1).
const LIFETIME: i64 = 300;

struct Remembered {
    token: Plain,
    until: OffsetDateTime,
    /// Of the provider as it was then.
    updated_at: OffsetDateTime,
}

/// The admin tokens that this process has. Cheap to clone.
#[derive(Clone, Default)]
pub struct AdminTokens(Arc<Mutex<HashMap<DcrProviderId, Remembered>>>);

impl AdminTokens {
    fn find(&self, provider: &Provider, now: OffsetDateTime) -> Option<Plain> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = tokens.get(&provider.id)?;
        (remembered.until > now && remembered.updated_at == provider.updated_at).then(|| remembered.token.clone())
    }

    fn keep(&self, provider: &Provider, token: &Plain, until: OffsetDateTime) {
        let remembered = Remembered { token: token.clone(), until, updated_at: provider.updated_at };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(provider.id, remembered);
    }

    fn forget(&self, provider: DcrProviderId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&provider);
    }
}

/// Asks a token endpoint with a client's credentials. Nothing else is done by it, so a lost answer does not matter.
pub(super) async fn fetch(
    calls: &mut Calls<'_>,
    url: &str,
    auth: Auth<'_>,
    form: &[(&str, &str)],
) -> Result<(Plain, Duration), Failure> {
    let answer = calls.ask(Method::POST, url, auth, Body::Form(form), &[]).await.and_then(|answer| answer.json());
    let answer = answer.map_err(|failure| match failure.meaning {
        Meaning::Unknown | Meaning::Unreadable => failure.but(Meaning::NotNow),
        // The request is ours alone: nothing that a developer could change.
        Meaning::Missing | Meaning::Refused { .. } => failure.but(Meaning::Refused { is_request: false }),
        _ => failure,
    })?;
    let token = answer.get("access_token").and_then(|token| token.as_str());
    let token = token.ok_or_else(|| Failure::unreadable("access_token").but(Meaning::NotNow))?;
    let lifetime = answer.get("expires_in").and_then(|seconds| seconds.as_i64()).unwrap_or(LIFETIME);
    Ok((Plain::new(token), Duration::seconds(lifetime.clamp(0, 7 * 24 * 3600))))
}

/// Where a provider's admin tokens come from.
pub(super) struct AdminApi<'a> {
    pub provider: &'a Provider,
    pub token_url: String,
    /// What asks for a token.
    pub form: Vec<(&'a str, &'a str)>,
}

impl AdminApi<'_> {
    /// A call with an admin token: with a new one, once, where the remembered one is not taken.
    pub async fn send(
        &self,
        calls: &mut Calls<'_>,
        method: Method,
        url: &str,
        body: Body<'_>,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        let tokens = calls.core.admin_tokens.clone();
        if let Some(token) = tokens.find(self.provider, calls.core.now()) {
            let outcome = calls.send_with(method.clone(), url, Auth::Bearer(&token), body, headers).await;
            match outcome {
                Err(failure) if failure.status == Some(StatusCode::UNAUTHORIZED) => tokens.forget(self.provider.id),
                outcome => return outcome,
            }
        }
        let (token, lifetime) = fetch(calls, &self.token_url, Auth::None, &self.form).await?;
        tokens.keep(self.provider, &token, calls.core.now() + lifetime - MARGIN);
        calls.send_with(method, url, Auth::Bearer(&token), body, headers).await
    }
}
