//! A bridge that somebody wrote for their own provider: four calls with an API key (Konnect's DCR bridge contract).

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Answer, Auth, Body, Calls, Failure, Meaning, segment},
    not_offered,
};
use crate::secrets::Plain;
use async_trait::async_trait;
use http::Method;
use portico_model::ids::VersionId;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// The contract wants an organization; here there is one, without an id.
const ORGANIZATION: Uuid = Uuid::nil();

pub(super) struct HttpBridge(pub Provider);

impl HttpBridge {
    async fn send(&self, calls: &mut Calls<'_>, method: Method, path: &str, body: Body<'_>) -> Result<Answer, Failure> {
        let url = format!("{}{path}", self.0.config.dcr_base_url.trim_end_matches('/'));
        calls.send(method, &url, Auth::ApiKey(&self.0.secret), body).await
    }

    async fn tell(&self, calls: &mut Calls<'_>, known: &Known, wanted: &Wanted, event: Event) -> Result<(), Failure> {
        let path = format!("/{}/event-hook", segment(&known.client_id));
        self.send(calls, Method::POST, &path, Body::Json(&event.body(known, wanted))).await.map(|_| ())
    }
}

/// What a bridge is told of.
#[derive(Clone, Copy)]
enum Event {
    UpdateApplication,
    AddRegistration(VersionId),
    RemoveRegistration(VersionId),
}

impl Event {
    fn body(self, known: &Known, wanted: &Wanted) -> Value {
        let (event_type, further) = match self {
            Self::UpdateApplication => ("update_application", vec![("redirect_uris", json!(wanted.redirect_uris))]),
            Self::AddRegistration(version) => ("add_registration", registration(version, wanted)),
            Self::RemoveRegistration(version) => ("remove_registration", registration(version, wanted)),
        };
        let mut body = json!({
            "event_type": event_type,
            "client_id": known.client_id,
            "application_id": wanted.owner.application,
            "application_name": wanted.name,
            "application_description": wanted.description,
            "portal_id": wanted.owner.portal,
            "organization_id": ORGANIZATION,
            "developer_id": wanted.owner.developer,
            "auth_strategy_id": wanted.owner.strategy,
            "dcr_provider_id": wanted.owner.provider,
        });
        if let Some(body) = body.as_object_mut() {
            body.extend(further.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        body
    }
}

fn registration(version: VersionId, wanted: &Wanted) -> Vec<(&'static str, Value)> {
    let audience = wanted.audience.iter().map(|audience| ("audience", json!(audience)));
    [("api_product_version_id", json!(version))].into_iter().chain(audience).collect()
}

fn given(answer: &Answer) -> Result<Given, Failure> {
    let client = answer.json()?;
    let text = |name: &str| client.get(name).and_then(Value::as_str);
    let expires_at = client.get("client_secret_expires_at").and_then(Value::as_i64).filter(|at| *at > 0);
    Ok(Given {
        client_id: text("client_id").ok_or_else(|| Failure::unreadable("client_id"))?.to_owned(),
        secret: Some(Plain::new(text("client_secret").ok_or_else(|| Failure::unreadable("client_secret"))?)),
        secret_expires_at: expires_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
        management: None,
    })
}

/// What an event tells of the application itself.
fn told(wanted: &Wanted) -> (String, String, Vec<String>) {
    (wanted.name.clone(), wanted.description.clone(), wanted.redirect_uris.clone())
}

#[async_trait]
impl Connector for HttpBridge {
    fn abilities(&self) -> Abilities {
        Abilities {
            recovery: Recovery::None,
            rotation: if self.0.config.disable_refresh_secret { Rotation::Never } else { Rotation::AtOnce },
            update_renews_secret: false,
            comparison: Comparison::None,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        let body = json!({
            "client_name": wanted.name,
            "application_description": wanted.description,
            "redirect_uris": wanted.redirect_uris,
            // As Konnect sends them: a bridge may know `bearer`, too.
            "grant_types": wanted.auth_methods,
            "scopes": wanted.scopes,
            "token_endpoint_auth_method": "client_secret_basic",
            "portal_id": wanted.owner.portal,
            "organization_id": ORGANIZATION,
            "developer_id": wanted.owner.developer,
            "auth_strategy_id": wanted.owner.strategy,
            "dcr_provider_id": wanted.owner.provider,
        });
        given(&self.send(calls, Method::POST, "/", Body::Json(&body)).await?)
    }

    async fn find(&self, _: &mut Calls<'_>, _: &str) -> Result<Option<Given>, Failure> {
        Err(not_offered())
    }

    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if !self.0.config.disable_event_hooks {
            if before.may_differ(wanted, told) {
                self.tell(calls, known, wanted, Event::UpdateApplication).await?;
            }
            let versions = before.versions();
            for version in versions.iter().filter(|version| !wanted.versions.contains(version)) {
                self.tell(calls, known, wanted, Event::RemoveRegistration(*version)).await?;
            }
            // An event may come twice: the contract has no answer that tells.
            let is_certain = before.is_certain();
            for version in wanted.versions.iter().filter(|version| !is_certain || !versions.contains(version)) {
                self.tell(calls, known, wanted, Event::AddRegistration(*version)).await?;
            }
        }
        Ok(Given::nothing_new(known))
    }

    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, _: &Wanted) -> Result<Given, Failure> {
        let path = format!("/{}/new-secret", segment(&known.client_id));
        given(&self.send(calls, Method::POST, &path, Body::None).await?)
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        match self.send(calls, Method::DELETE, &format!("/{}", segment(&known.client_id)), Body::None).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.meaning == Meaning::Missing => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn list(&self, _: &mut Calls<'_>, _: Option<&str>) -> Result<Listing, Failure> {
        Err(not_offered())
    }

    async fn read(&self, _: &mut Calls<'_>, _: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        Err(not_offered())
    }
}
