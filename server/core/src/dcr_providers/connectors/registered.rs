//! A client as RFC 7591 and RFC 7592 have it, common to the providers that follow them.

use super::{
    Given, Known, Provider, Wanted,
    calls::{Answer, Auth, Body, Calls, Failure, Meaning},
};
use crate::secrets::Plain;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// What one client is managed with (RFC 7592, section 3).
#[derive(Serialize, Deserialize)]
pub(super) struct Management {
    pub registration_client_uri: String,
    pub registration_access_token: String,
}

impl Management {
    /// # Errors
    ///
    /// When the provider gave none: the client cannot be changed or deleted from here.
    pub fn of(known: &Known) -> Result<Self, Failure> {
        let kept = known.management.as_ref().and_then(|management| serde_json::from_str(management.expose()).ok());
        kept.ok_or_else(|| Failure::new(Meaning::Unmanageable, "the provider gave no registration_access_token"))
    }

    pub fn token(&self) -> Plain {
        Plain::new(self.registration_access_token.clone())
    }

    /// A call about this client. A provider that does not know the token any more answers 401.
    pub async fn send(&self, calls: &mut Calls<'_>, method: Method, body: Body<'_>) -> Result<Answer, Failure> {
        let token = self.token();
        calls.send(method, &self.registration_client_uri, Auth::Bearer(&token), body).await.map_err(|failure| {
            match failure.status {
                Some(StatusCode::UNAUTHORIZED) => failure.but(Meaning::Unmanageable),
                _ => failure,
            }
        })
    }
}

/// The metadata of a client (RFC 7591, section 2). Nothing else: servers should pass over what they do not know, and some
/// refuse it.
pub(super) fn metadata(wanted: &Wanted) -> Value {
    let mut metadata = json!({
        "client_name": wanted.name,
        "grant_types": wanted.grant_types(),
        "response_types": if wanted.signs_in() { vec!["code"] } else { Vec::new() },
        "redirect_uris": wanted.redirect_uris,
        "token_endpoint_auth_method": "client_secret_basic",
    });
    if let Some(fields) = metadata.as_object_mut().filter(|_| !wanted.scopes.is_empty()) {
        fields.insert("scope".to_owned(), json!(wanted.scopes.join(" ")));
    }
    metadata
}

/// A whole replacement (RFC 7592, section 2.2). The secret may be left out.
pub(super) fn replacement(known: &Known, mut metadata: Value) -> Value {
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("client_id".to_owned(), json!(known.client_id));
    }
    metadata
}

/// What an answer gives (RFC 7591, section 3.2.1). What it does not repeat of the management stays. A client that would be
/// managed at another place than the issuer or where clients are registered is not managed: tokens would go there.
pub(super) fn given(
    answer: &Answer,
    before: Option<&Management>,
    provider: &Provider,
    registration_url: &str,
) -> Result<Given, Failure> {
    let client = answer.json()?;
    let text = |name: &str| client.get(name).and_then(Value::as_str).map(str::to_owned);
    let client_id = text("client_id").ok_or_else(|| Failure::unreadable("client_id"))?;
    let expires_at = client.get("client_secret_expires_at").and_then(Value::as_i64).filter(|at| *at > 0);
    let uri = text("registration_client_uri").or_else(|| before.map(|before| before.registration_client_uri.clone()));
    let uri = uri.filter(|uri| [registration_url, &provider.issuer].iter().any(|place| have_one_origin(uri, place)));
    let token = text("registration_access_token").or_else(|| before.map(|before| before.registration_access_token.clone()));
    let management = match (uri, token) {
        (Some(registration_client_uri), Some(registration_access_token)) => {
            let management = Management { registration_client_uri, registration_access_token };
            serde_json::to_string(&management).ok().map(Plain::new)
        }
        _ => None,
    };
    Ok(Given {
        client_id,
        secret: text("client_secret").map(Plain::new),
        secret_expires_at: expires_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
        management,
    })
}

fn have_one_origin(one: &str, other: &str) -> bool {
    let origin = |address: &str| url::Url::parse(address).ok().map(|url| url.origin());
    origin(one).is_some_and(|one| one.is_tuple() && Some(one) == origin(other))
}

/// Deleting what was deleted before, with its token: 401, as the token went with the client (RFC 7592, section 2.3).
pub(super) fn deleted(outcome: Result<Answer, Failure>, known: &Known) -> Result<(), Failure> {
    match outcome {
        Ok(_) => Ok(()),
        Err(failure) if failure.meaning == Meaning::Missing => Ok(()),
        Err(failure) if failure.meaning == Meaning::Unmanageable && known.deletion_sent.is_some() => Ok(()),
        Err(failure) => Err(failure),
    }
}
