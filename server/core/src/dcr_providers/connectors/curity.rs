//! Curity: RFC 7591 and RFC 7592, where every registration takes a fresh token of an initial client, and every look at a
//! client gives it a new secret.

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Answer, Auth, Body, Calls, Failure, Meaning},
    not_offered,
    registered::{self, Management, deleted, replacement},
    tokens,
};
use crate::secrets::Plain;
use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// What may follow the issuer in an address that an admin has copied.
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

pub(super) struct Curity(pub Provider);

impl Curity {
    /// The registration endpoint and the token endpoint.
    async fn endpoints(&self, calls: &mut Calls<'_>) -> Result<(String, String), Failure> {
        let config = &self.0.config;
        if !config.api_url.is_empty() && !config.token_url.is_empty() {
            return Ok((config.api_url.clone(), config.token_url.clone()));
        }
        let found = calls.discover(self.0.issuer.trim_end_matches(DISCOVERY)).await?;
        let lacks = |name: &str| Failure::new(Meaning::NotNow, format!("the provider names no {name}"));
        let or = |given: &str, found: Option<String>| if given.is_empty() { found } else { Some(given.to_owned()) };
        let registration = or(&config.api_url, found.registration).ok_or_else(|| lacks("registration_endpoint"))?;
        let token = or(&config.token_url, found.token).ok_or_else(|| lacks("token_endpoint"))?;
        Ok((registration, token))
    }

    /// A token of the initial client, good for one registration (`dcr`) or for managing every client (`dcrm`).
    async fn token(&self, calls: &mut Calls<'_>, url: &str, scope: &str) -> Result<Plain, Failure> {
        let auth = Auth::Basic(&self.0.config.initial_client_id, &self.0.secret);
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        tokens::fetch(calls, url, auth, &form).await.map(|(token, _)| token)
    }

    /// A call about one client: with its own token, or, where that was lost, with one for all clients, if the initial
    /// client may have it.
    async fn manage(&self, calls: &mut Calls<'_>, known: &Known, method: Method, body: Body<'_>) -> Result<Answer, Failure> {
        let management = Management::of(known)?;
        let refused = match management.send(calls, method.clone(), body).await {
            Err(failure) if failure.meaning == Meaning::Unmanageable => failure,
            outcome => return outcome,
        };
        let (_, token_url) = self.endpoints(calls).await?;
        let token = match self.token(calls, &token_url, "dcrm").await {
            Ok(token) => token,
            Err(failure) if matches!(failure.meaning, Meaning::Refused { .. }) => return Err(refused),
            Err(failure) => return Err(failure),
        };
        let answered = calls.send(method, &management.registration_client_uri, Auth::Bearer(&token), body).await;
        answered.map_err(|failure| match failure.status {
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => failure.but(Meaning::Unmanageable),
            _ => failure,
        })
    }

    async fn put(&self, calls: &mut Calls<'_>, known: &Known, wanted: &Wanted) -> Result<Given, Failure> {
        let management = Management::of(known)?;
        let (registration_url, _) = self.endpoints(calls).await?;
        let answer = self.manage(calls, known, Method::PUT, Body::Json(&replacement(known, metadata(wanted)))).await?;
        registered::given(&answer, Some(&management), &self.0, &registration_url)
    }
}

/// What a client is registered with. Curity keeps what it does not know, so our tag goes along.
fn metadata(wanted: &Wanted) -> Value {
    let mut metadata = registered::metadata(wanted);
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("portico_client".to_owned(), json!(wanted.owner.tag()));
    }
    metadata
}

/// The metadata without the name.
fn unnamed(wanted: &Wanted) -> Value {
    metadata(&Wanted { name: String::new(), ..wanted.clone() })
}

#[async_trait]
impl Connector for Curity {
    fn abilities(&self) -> Abilities {
        Abilities {
            recovery: Recovery::None,
            rotation: Rotation::AtOnce,
            update_renews_secret: true,
            comparison: Comparison::None,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        let (registration_url, token_url) = self.endpoints(calls).await?;
        let token = self.token(calls, &token_url, "dcr").await?;
        let answer = calls.send(Method::POST, &registration_url, Auth::Bearer(&token), Body::Json(&metadata(wanted))).await?;
        registered::given(&answer, None, &self.0, &registration_url)
    }

    async fn find(&self, _: &mut Calls<'_>, _: &str) -> Result<Option<Given>, Failure> {
        Err(not_offered())
    }

    /// A name alone is not worth the new secret that each change brings.
    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if !before.may_differ(wanted, unnamed) {
            return Ok(Given::nothing_new(known));
        }
        self.put(calls, known, wanted).await
    }

    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, wanted: &Wanted) -> Result<Given, Failure> {
        self.put(calls, known, wanted).await
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        deleted(self.manage(calls, known, Method::DELETE, Body::None).await, known)
    }

    async fn list(&self, _: &mut Calls<'_>, _: Option<&str>) -> Result<Listing, Failure> {
        Err(not_offered())
    }

    async fn read(&self, _: &mut Calls<'_>, _: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        Err(not_offered())
    }
}
