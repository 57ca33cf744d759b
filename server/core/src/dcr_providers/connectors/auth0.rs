//! Auth0: the Management API v2, with a token of a machine-to-machine application.

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Body, Calls, Failure, Meaning, query, segment},
    not_offered, tagged,
    tokens::AdminApi,
};
use crate::secrets::Plain;
use async_trait::async_trait;
use http::{Method, StatusCode};
use portico_model::ids::DcrProviderId;
use serde_json::{Value, json};
use time::Duration;

/// The client's metadata by which it is found.
const TAG: &str = "portico_client";
/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 140;
const PAGE: &str = "100";
/// Scopes that say what of a person is told, not what an API allows.
const OPENID_SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

pub(super) struct Auth0(pub Provider);

impl Auth0 {
    fn api(&self, path: &str) -> String {
        format!("{}/api/v2{path}", self.0.address(&self.0.config.api_url, str::to_owned))
    }

    /// The Management API's identifier: of the tenant's own domain, even where the issuer is a custom one.
    fn audience(&self) -> String {
        match self.0.config.initial_client_audience.as_str() {
            "" => format!("{}/api/v2/", self.0.issuer.trim_end_matches('/')),
            audience => audience.to_owned(),
        }
    }

    async fn send(&self, calls: &mut Calls<'_>, method: Method, url: &str, body: Body<'_>) -> Result<Option<Value>, Failure> {
        let audience = self.audience();
        let api = AdminApi {
            provider: &self.0,
            token_url: self.0.address(&self.0.config.token_url, |issuer| format!("{issuer}/oauth/token")),
            form: vec![
                ("grant_type", "client_credentials"),
                ("client_id", &self.0.config.initial_client_id),
                ("client_secret", self.0.secret.expose()),
                ("audience", &audience),
            ],
        };
        let answer = api.send(calls, method, url, body, &[]).await?;
        if answer.status == StatusCode::NO_CONTENT { Ok(None) } else { answer.json().map(Some) }
    }

    async fn client(&self, calls: &mut Calls<'_>, method: Method, url: &str, body: Body<'_>) -> Result<Given, Failure> {
        let client = self.send(calls, method, url, body).await?.unwrap_or_default();
        let text = |name: &str| client.get(name).and_then(Value::as_str);
        let client_id = text("client_id").ok_or_else(|| Failure::unreadable("client_id"))?.to_owned();
        Ok(Given { client_id, secret: text("client_secret").map(Plain::new), secret_expires_at: None, management: None })
    }

    /// The client's own grants, with audience and scopes.
    async fn grants(&self, calls: &mut Calls<'_>, client_id: &str) -> Result<Vec<Grant>, Failure> {
        let url = format!("{}{}", self.api("/client-grants"), query(&[("client_id", client_id)]));
        let found = self.send(calls, Method::GET, &url, Body::None).await?.unwrap_or_default();
        let grants = found.as_array().ok_or_else(|| Failure::unreadable("list"))?;
        Ok(grants.iter().filter_map(Grant::read).collect())
    }

    /// Lets the client ask for tokens for one API and no other (client grants, of which there is one for each audience).
    async fn set_access(&self, calls: &mut Calls<'_>, client_id: &str, access: Option<&Access>) -> Result<(), Failure> {
        let (kept, others): (Vec<Grant>, Vec<Grant>) = self
            .grants(calls, client_id)
            .await?
            .into_iter()
            .partition(|grant| access.is_some_and(|access| access.audience == grant.audience));
        for grant in others {
            gone(self.send(calls, Method::DELETE, &self.grant_url(&grant), Body::None).await)?;
        }
        let Some(access) = access else { return Ok(()) };
        match kept.into_iter().next() {
            Some(grant) if grant.scope == json!(access.scopes) => Ok(()),
            Some(grant) => {
                let body = json!({"scope": access.scopes});
                self.send(calls, Method::PATCH, &self.grant_url(&grant), Body::Json(&body)).await.map(|_| ())
            }
            None => {
                let body = json!({"client_id": client_id, "audience": access.audience, "scope": access.scopes});
                let granted = self.send(calls, Method::POST, &self.api("/client-grants"), Body::Json(&body)).await;
                granted.map(|_| ()).map_err(|failure| match failure.status {
                    // It is the API that is missing, not the client.
                    Some(StatusCode::NOT_FOUND) => failure.but(Meaning::Refused { is_request: false }),
                    // Somebody else was faster: the next attempt finds it.
                    Some(StatusCode::CONFLICT) => failure.but(Meaning::NotNow),
                    _ => failure,
                })
            }
        }
    }

    fn grant_url(&self, grant: &Grant) -> String {
        self.api(&format!("/client-grants/{}", segment(&grant.id)))
    }
}

/// What lets a client ask for tokens for one API by itself.
struct Grant {
    id: String,
    audience: String,
    /// Null where it is every scope.
    scope: Value,
}

impl Grant {
    fn read(grant: &Value) -> Option<Self> {
        let text = |name: &str| grant.get(name).and_then(Value::as_str).map(str::to_owned);
        // Those for people are not ours.
        let is_ours = text("subject_type").is_none_or(|subject| subject == "client");
        let scope = grant.get("scope").cloned().unwrap_or_default();
        is_ours.then_some(Self { id: text("id")?, audience: text("audience").unwrap_or_default(), scope })
    }
}

/// What a client may get tokens for.
#[derive(PartialEq)]
struct Access {
    audience: String,
    scopes: Vec<String>,
}

/// None while the application may call nothing.
fn access(wanted: &Wanted) -> Option<Access> {
    let audience = wanted.audience.clone().filter(|_| !wanted.versions.is_empty())?;
    let mut scopes: Vec<String> =
        wanted.scopes.iter().filter(|scope| !OPENID_SCOPES.contains(&scope.as_str())).cloned().collect();
    scopes.sort();
    Some(Access { audience, scopes })
}

/// What is sent of a client. The object is closed: nothing else may stand in it.
fn settings(wanted: &Wanted) -> Value {
    let name = wanted.name.replace(['<', '>'], "");
    json!({
        "name": if name.trim().is_empty() { "Application" } else { name.trim() },
        "description": wanted.description.chars().take(DESCRIPTION_MAX).collect::<String>(),
        "app_type": if wanted.signs_in() { "regular_web" } else { "non_interactive" },
        "grant_types": wanted.grant_types(),
        "callbacks": wanted.redirect_uris,
        "client_metadata": {
            TAG: wanted.owner.tag(),
            "konnect_portal_id": wanted.owner.portal,
            "konnect_developer_id": wanted.owner.developer,
            "konnect_application_id": wanted.owner.application,
        },
    })
}

fn gone<T>(outcome: Result<T, Failure>) -> Result<(), Failure> {
    match outcome {
        Err(failure) if failure.meaning != Meaning::Missing => Err(failure),
        _ => Ok(()),
    }
}

#[async_trait]
impl Connector for Auth0 {
    fn abilities(&self) -> Abilities {
        Abilities {
            recovery: Recovery::Search(Duration::seconds(30)),
            rotation: Rotation::Within(Duration::seconds(30)),
            update_renews_secret: false,
            comparison: Comparison::List,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        let mut body = settings(wanted);
        if let Some(body) = body.as_object_mut() {
            // Their defaults are a client without a secret, and one that does not conform.
            body.insert("token_endpoint_auth_method".to_owned(), json!("client_secret_basic"));
            body.insert("oidc_conformant".to_owned(), json!(true));
        }
        self.client(calls, Method::POST, &self.api("/clients"), Body::Json(&body)).await
    }

    async fn find(&self, calls: &mut Calls<'_>, tag: &str) -> Result<Option<Given>, Failure> {
        // There is no filter for metadata: page by page, and only after an answer was lost.
        let wanted = tagged(self.0.id, tag);
        let mut from = None;
        loop {
            let listing = self.list(calls, from.as_deref()).await?;
            if let Some(found) = listing.clients.into_iter().find(|client| client.client == wanted) {
                return Ok(Some(Given { client_id: found.client_id, secret: None, secret_expires_at: None, management: None }));
            }
            match listing.next {
                Some(next) => from = Some(next),
                None => return Ok(None),
            }
        }
    }

    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if before.may_differ(wanted, settings) {
            let url = self.api(&format!("/clients/{}", segment(&known.client_id)));
            self.client(calls, Method::PATCH, &url, Body::Json(&settings(wanted))).await?;
        }
        if before.may_differ(wanted, access) {
            self.set_access(calls, &known.client_id, access(wanted).as_ref()).await?;
        }
        Ok(Given::nothing_new(known))
    }

    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, _: &Wanted) -> Result<Given, Failure> {
        let url = self.api(&format!("/clients/{}/rotate-secret", segment(&known.client_id)));
        self.client(calls, Method::POST, &url, Body::None).await
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        // Whether grants go with their client is not published.
        self.set_access(calls, &known.client_id, None).await?;
        let url = self.api(&format!("/clients/{}", segment(&known.client_id)));
        gone(self.send(calls, Method::DELETE, &url, Body::None).await)
    }

    async fn list(&self, calls: &mut Calls<'_>, from: Option<&str>) -> Result<Listing, Failure> {
        let mut pairs = vec![
            ("fields", "client_id,name,client_metadata,callbacks"),
            ("include_fields", "true"),
            ("is_global", "false"),
            ("take", PAGE),
        ];
        pairs.extend(from.map(|from| ("from", from)));
        let url = format!("{}{}", self.api("/clients"), query(&pairs));
        let page = self.send(calls, Method::GET, &url, Body::None).await?.unwrap_or_default();
        let clients = page.get("clients").and_then(Value::as_array).ok_or_else(|| Failure::unreadable("clients"))?;
        let clients = clients.iter().filter_map(|client| remote(self.0.id, client)).collect();
        Ok(Listing { clients, next: page.get("next").and_then(Value::as_str).map(str::to_owned) })
    }

    async fn read(&self, _: &mut Calls<'_>, _: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        Err(not_offered())
    }
}

fn remote(provider: DcrProviderId, client: &Value) -> Option<Remote> {
    let text = |name: &str| client.get(name).and_then(Value::as_str);
    let tag = client.get("client_metadata")?.get(TAG)?.as_str()?;
    let callbacks = client.get("callbacks").and_then(Value::as_array);
    Some(Remote {
        client_id: text("client_id")?.to_owned(),
        name: text("name").unwrap_or_default().to_owned(),
        client: Some(tagged(provider, tag)?),
        redirect_uris: callbacks.map(|uris| uris.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
    })
}
