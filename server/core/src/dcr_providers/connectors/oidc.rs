//! Any provider that follows RFC 7591 and RFC 7592, with an initial access token where it asks for one.

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Auth, Body, Calls, Failure, Meaning},
    not_offered,
    registered::{Management, deleted, given, metadata, replacement},
};
use async_trait::async_trait;
use http::Method;
use serde_json::Value;

pub(super) struct Oidc(pub Provider);

impl Oidc {
    async fn registration_url(&self, calls: &mut Calls<'_>) -> Result<String, Failure> {
        if !self.0.config.api_url.is_empty() {
            return Ok(self.0.config.api_url.clone());
        }
        let endpoints = calls.discover(&self.0.issuer).await?;
        endpoints.registration.ok_or_else(|| Failure::new(Meaning::NotNow, "the provider names no registration_endpoint"))
    }
}

#[async_trait]
impl Connector for Oidc {
    fn abilities(&self) -> Abilities {
        Abilities {
            // No search, and a tag that most servers drop.
            recovery: Recovery::None,
            // The RFCs know no rotation.
            rotation: Rotation::NewClient,
            update_renews_secret: false,
            comparison: Comparison::Each,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        let url = self.registration_url(calls).await?;
        let auth = if self.0.secret.expose().is_empty() { Auth::None } else { Auth::Bearer(&self.0.secret) };
        let answer = calls.send(Method::POST, &url, auth, Body::Json(&metadata(wanted))).await?;
        given(&answer, None, &self.0, &url)
    }

    async fn find(&self, _: &mut Calls<'_>, _: &str) -> Result<Option<Given>, Failure> {
        Err(not_offered())
    }

    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if !before.may_differ(wanted, metadata) {
            return Ok(Given::nothing_new(known));
        }
        let management = Management::of(known)?;
        let answer = management.send(calls, Method::PUT, Body::Json(&replacement(known, metadata(wanted)))).await?;
        given(&answer, Some(&management), &self.0, &management.registration_client_uri)
    }

    async fn rotate(&self, _: &mut Calls<'_>, _: &Known, _: &Wanted) -> Result<Given, Failure> {
        Err(not_offered())
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        let management = Management::of(known)?;
        deleted(management.send(calls, Method::DELETE, Body::None).await, known)
    }

    async fn list(&self, _: &mut Calls<'_>, _: Option<&str>) -> Result<Listing, Failure> {
        Err(not_offered())
    }

    async fn read(&self, calls: &mut Calls<'_>, known: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        let management = Management::of(known)?;
        let answer = match management.send(calls, Method::GET, Body::None).await {
            Ok(answer) => answer,
            Err(failure) if failure.meaning == Meaning::Missing => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let client = answer.json()?;
        let given = given(&answer, Some(&management), &self.0, &management.registration_client_uri)?;
        let uris = client.get("redirect_uris").and_then(Value::as_array);
        let remote = Remote {
            client_id: given.client_id.clone(),
            name: client.get("client_name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            client: None,
            redirect_uris: uris.map(|uris| uris.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        };
        Ok(Some((remote, given)))
    }
}
