//! Okta: `/oauth2/v1/clients` with an API token (Okta Management API, dynamic client registration).

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Auth, Body, Calls, Failure, Meaning, query, segment},
    not_offered, tag_prefix, tagged,
};
use crate::secrets::Plain;
use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// How much of the application's name follows the tag, in characters.
const NAME_MAX: usize = 100;
const PAGE: &str = "200";

pub(super) struct Okta(pub Provider);

impl Okta {
    /// Clients are at the root of the host, whatever authorization server the issuer is.
    fn clients(&self) -> String {
        let base = self.0.address(&self.0.config.api_url, |issuer| match url::Url::parse(issuer) {
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => issuer.to_owned(),
        });
        format!("{base}/oauth2/v1/clients")
    }

    async fn send(&self, calls: &mut Calls<'_>, method: Method, url: &str, body: Body<'_>) -> Result<Value, Failure> {
        calls.send(method, url, Auth::Ssws(&self.0.secret), body).await?.json()
    }

    /// A search by the beginning of the name.
    fn search(&self, name: &str) -> String {
        format!("{}{}", self.clients(), query(&[("q", name), ("limit", PAGE)]))
    }
}

/// What is sent of a client, on top of what the provider has.
fn settings(wanted: &Wanted) -> Value {
    let name = format!("{} {}", wanted.owner.tag(), wanted.short_name(NAME_MAX));
    let (application_type, response_types) = if wanted.signs_in() { ("web", "code") } else { ("service", "token") };
    json!({
        "client_name": name,
        "application_type": application_type,
        "grant_types": wanted.grant_types(),
        "response_types": [response_types],
        "redirect_uris": wanted.redirect_uris,
        "token_endpoint_auth_method": "client_secret_basic",
    })
}

fn given(client: &Value) -> Result<Given, Failure> {
    let text = |name: &str| client.get(name).and_then(Value::as_str);
    let client_id = text("client_id").ok_or_else(|| Failure::unreadable("client_id"))?.to_owned();
    let expires_at = client.get("client_secret_expires_at").and_then(Value::as_i64).filter(|at| *at > 0);
    Ok(Given {
        client_id,
        secret: text("client_secret").map(Plain::new),
        secret_expires_at: expires_at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()),
        management: None,
    })
}

fn tag_of(client: &Value) -> Option<&str> {
    client.get("client_name").and_then(Value::as_str)?.split(' ').next()
}

#[async_trait]
impl Connector for Okta {
    fn abilities(&self) -> Abilities {
        Abilities {
            recovery: Recovery::Search(Duration::seconds(30)),
            rotation: Rotation::AtOnce,
            update_renews_secret: false,
            comparison: Comparison::List,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        given(&self.send(calls, Method::POST, &self.clients(), Body::Json(&settings(wanted))).await?)
    }

    async fn find(&self, calls: &mut Calls<'_>, tag: &str) -> Result<Option<Given>, Failure> {
        let found = self.send(calls, Method::GET, &self.search(tag), Body::None).await?;
        let clients = found.as_array().ok_or_else(|| Failure::unreadable("list"))?;
        // The search is a convenience of Okta's: what it brings is compared again.
        clients.iter().find(|client| tag_of(client) == Some(tag)).map(given).transpose()
    }

    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if !before.may_differ(wanted, settings) {
            return Ok(Given::nothing_new(known));
        }
        // A full replacement, so what an admin has set there is read first and kept.
        let url = format!("{}/{}", self.clients(), segment(&known.client_id));
        let mut client = self.send(calls, Method::GET, &url, Body::None).await?;
        let fields = client.as_object_mut().ok_or_else(|| Failure::unreadable("client"))?;
        for read_only in ["client_secret", "client_id_issued_at", "client_secret_expires_at"] {
            fields.remove(read_only);
        }
        if let Value::Object(settings) = settings(wanted) {
            fields.extend(settings);
        }
        let changed = self.send(calls, Method::PUT, &url, Body::Json(&client)).await?;
        Ok(Given { secret: None, ..given(&changed)? })
    }

    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, _: &Wanted) -> Result<Given, Failure> {
        let url = format!("{}/{}/lifecycle/newSecret", self.clients(), segment(&known.client_id));
        given(&self.send(calls, Method::POST, &url, Body::None).await?)
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        let url = format!("{}/{}", self.clients(), segment(&known.client_id));
        match calls.send(Method::DELETE, &url, Auth::Ssws(&self.0.secret), Body::None).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.meaning == Meaning::Missing => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn list(&self, calls: &mut Calls<'_>, from: Option<&str>) -> Result<Listing, Failure> {
        let url = match from {
            Some(after) => format!("{}&after={}", self.search(&tag_prefix(self.0.id)), segment(after)),
            None => self.search(&tag_prefix(self.0.id)),
        };
        let answer = calls.send(Method::GET, &url, Auth::Ssws(&self.0.secret), Body::None).await?;
        let next = answer
            .headers
            .get_all("link")
            .iter()
            .filter_map(|link| link.to_str().ok())
            .flat_map(|links| links.split(", <"))
            .find_map(next_after);
        let found = answer.json()?;
        let clients = found.as_array().ok_or_else(|| Failure::unreadable("list"))?;
        let clients = clients.iter().filter_map(|client| remote(self.0.id, client)).collect();
        Ok(Listing { clients, next })
    }

    async fn read(&self, _: &mut Calls<'_>, _: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        Err(not_offered())
    }
}

fn remote(provider: portico_model::ids::DcrProviderId, client: &Value) -> Option<Remote> {
    let text = |name: &str| client.get(name).and_then(Value::as_str);
    let ours = tagged(provider, tag_of(client)?)?;
    let name = text("client_name")?.split_once(' ').map_or("", |(_, name)| name);
    let redirect_uris = client.get("redirect_uris").and_then(Value::as_array);
    let redirect_uris = redirect_uris.map(|uris| uris.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    Some(Remote { client_id: text("client_id")?.to_owned(), name: name.to_owned(), client: Some(ours), redirect_uris })
}

/// The cursor of a `Link` to the next page (RFC 8288).
fn next_after(link: &str) -> Option<String> {
    let (target, parameters) = link.split_once('>')?;
    let url = url::Url::parse(target.trim_start().trim_start_matches('<')).ok()?;
    let is_next = parameters.contains("rel=\"next\"");
    is_next.then(|| url.query_pairs().find(|(name, _)| name == "after").map(|(_, after)| after.into_owned())).flatten()
}
