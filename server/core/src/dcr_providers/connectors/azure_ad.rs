//! Microsoft Entra ID: applications of Microsoft Graph v1.0, with a token of an app registration.

use super::{
    Abilities, Before, Comparison, Connector, Given, Known, Listing, Provider, Recovery, Remote, Rotation, Wanted,
    calls::{Answer, Body, Calls, Failure, Meaning, query, segment},
    not_offered, tag_prefix, tagged,
    tokens::AdminApi,
};
use crate::secrets::Plain;
use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// Longest display name, in characters.
const NAME_MAX: usize = 120;
/// How long a secret lives, where the tenant does not say less.
const SECRET_LIFETIME: Duration = Duration::days(2 * 365);
/// A directory may need a minute or two until all of it knows of something new; now and then far longer.
const REPLICATION: Duration = Duration::minutes(10);
const PAGE: &str = "999";

pub(super) struct AzureAd(pub Provider);

impl AzureAd {
    fn graph(&self, path: &str) -> String {
        format!("{}{path}", self.0.address(&self.0.config.api_url, |_| "https://graph.microsoft.com/v1.0".to_owned()))
    }

    /// The token endpoint of the tenant that the issuer names.
    fn token_url(&self) -> String {
        self.0.address(&self.0.config.token_url, |issuer| {
            let tenant = tenant(issuer).unwrap_or_default();
            format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        })
    }

    /// The scope for all that was consented to, of whichever cloud Graph is in.
    fn scope(&self) -> String {
        match url::Url::parse(&self.graph("")) {
            Ok(url) => format!("{}/.default", url.origin().ascii_serialization()),
            Err(_) => "https://graph.microsoft.com/.default".to_owned(),
        }
    }

    async fn send(
        &self,
        calls: &mut Calls<'_>,
        method: Method,
        path: &str,
        body: Body<'_>,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        let scope = self.scope();
        let api = AdminApi {
            provider: &self.0,
            token_url: self.token_url(),
            form: vec![
                ("grant_type", "client_credentials"),
                ("client_id", &self.0.config.initial_client_id),
                ("client_secret", self.0.secret.expose()),
                ("scope", &scope),
            ],
        };
        api.send(calls, method, &self.graph(path), body, headers).await.map_err(|failure| match failure.status {
            // Two changes at once (Directory_ConcurrencyViolation): the other one was made.
            Some(StatusCode::CONFLICT) if failure.told.contains("ConcurrencyViolation") => failure.but(Meaning::NotNow),
            _ => failure,
        })
    }

    async fn json(&self, calls: &mut Calls<'_>, method: Method, path: &str, body: Body<'_>) -> Result<Value, Failure> {
        self.send(calls, method, path, body, &[]).await?.json()
    }

    async fn by_tag(&self, calls: &mut Calls<'_>, tag: &str) -> Result<Option<Given>, Failure> {
        let path = format!("/applications(uniqueName='{tag}')?$select=id,appId");
        match self.json(calls, Method::GET, &path, Body::None).await {
            Ok(application) => given(&application).map(Some),
            Err(failure) if failure.meaning == Meaning::Missing => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The id by which an application is changed: kept since it was made, or asked for.
    async fn object_id(&self, calls: &mut Calls<'_>, known: &Known) -> Result<String, Failure> {
        if let Some(id) = &known.management {
            return Ok(id.expose().to_owned());
        }
        let path = format!("/applications(appId='{}')?$select=id", segment(&known.client_id));
        let application = self.json(calls, Method::GET, &path, Body::None).await?;
        application.get("id").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| Failure::unreadable("id"))
    }

    /// Without one its application gets no tokens; Graph does not make it by itself.
    async fn ensure_service_principal(&self, calls: &mut Calls<'_>, app_id: &str) -> Result<(), Failure> {
        let made = self.send(calls, Method::POST, "/servicePrincipals", Body::Json(&json!({"appId": app_id})), &[]).await;
        match made {
            Err(failure) if failure.status != Some(StatusCode::CONFLICT) => Err(failure),
            _ => Ok(()),
        }
    }
}

/// The tenant in an issuer's path: `https://sts.windows.net/{tenant}/` or
/// `https://login.microsoftonline.com/{tenant}/v2.0`.
pub(crate) fn tenant(issuer: &str) -> Option<String> {
    let url = url::Url::parse(issuer).ok()?;
    url.path_segments()?.next().filter(|tenant| !tenant.is_empty()).map(str::to_owned)
}

fn settings(wanted: &Wanted) -> Value {
    json!({
        "displayName": wanted.short_name(NAME_MAX),
        "signInAudience": "AzureADMyOrg",
        "tags": ["portico", tag_prefix(wanted.owner.provider), wanted.owner.tag()],
        "web": {"redirectUris": wanted.redirect_uris},
    })
}

fn given(application: &Value) -> Result<Given, Failure> {
    let text = |name: &str| application.get(name).and_then(Value::as_str);
    Ok(Given {
        client_id: text("appId").ok_or_else(|| Failure::unreadable("appId"))?.to_owned(),
        secret: None,
        secret_expires_at: None,
        // The object's id, by which it is changed; it opens nothing.
        management: Some(Plain::new(text("id").ok_or_else(|| Failure::unreadable("id"))?)),
    })
}

/// What a new application is refused for as long as not all of the directory knows of it.
fn patiently(known: &Known) -> impl Fn(Failure) -> Failure {
    let is_new = known.age < REPLICATION;
    move |failure| {
        let passes = match failure.status {
            Some(StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) => true,
            Some(StatusCode::BAD_REQUEST) => failure.told.contains("NoBackingApplicationObject"),
            _ => false,
        };
        if is_new && passes { failure.but(Meaning::NotNow) } else { failure }
    }
}

#[async_trait]
impl Connector for AzureAd {
    fn abilities(&self) -> Abilities {
        Abilities {
            recovery: Recovery::Repeat,
            rotation: Rotation::AtOnce,
            update_renews_secret: false,
            comparison: Comparison::List,
        }
    }

    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        let tag = wanted.owner.tag();
        let path = format!("/applications(uniqueName='{tag}')");
        let upserted =
            self.send(calls, Method::PATCH, &path, Body::Json(&settings(wanted)), &[("prefer", "create-if-missing")]).await?;
        if upserted.status == StatusCode::CREATED {
            return given(&upserted.json()?);
        }
        // It was there. Replication may hide it for a while, so its absence proves nothing.
        let found = self.by_tag(calls, &tag).await?;
        found.ok_or_else(|| Failure::new(Meaning::Unknown, "the application is not to be seen yet"))
    }

    async fn find(&self, _: &mut Calls<'_>, _: &str) -> Result<Option<Given>, Failure> {
        Err(not_offered())
    }

    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure> {
        if before.may_differ(wanted, settings) {
            let path = format!("/applications/{}", self.object_id(calls, known).await?);
            let body = settings(wanted);
            self.send(calls, Method::PATCH, &path, Body::Json(&body), &[]).await.map_err(patiently(known))?;
        }
        Ok(Given::nothing_new(known))
    }

    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, _: &Wanted) -> Result<Given, Failure> {
        self.ensure_service_principal(calls, &known.client_id).await.map_err(patiently(known))?;
        let path = format!("/applications/{}", self.object_id(calls, known).await?);
        let select = format!("{path}?$select=id,passwordCredentials");
        let application = self.json(calls, Method::GET, &select, Body::None).await.map_err(patiently(known))?;
        let expires_at = calls.core.now() + SECRET_LIFETIME;
        let end = expires_at.format(&Rfc3339).unwrap_or_default();
        let body = json!({"passwordCredential": {"displayName": "Portico", "endDateTime": end}});
        let added = self.json(calls, Method::POST, &format!("{path}/addPassword"), Body::Json(&body)).await;
        let added = added.map_err(patiently(known))?;
        let secret = added.get("secretText").and_then(Value::as_str).ok_or_else(|| Failure::unreadable("secretText"))?;
        // Those of lost answers too: nobody has them.
        let old = application.get("passwordCredentials").and_then(Value::as_array).into_iter().flatten();
        for key_id in old.filter_map(|key| key.get("keyId").and_then(Value::as_str)) {
            let remove = json!({"keyId": key_id});
            let removed = self.send(calls, Method::POST, &format!("{path}/removePassword"), Body::Json(&remove), &[]).await;
            removed.map(|_| ()).or_else(|failure| if failure.meaning == Meaning::Missing { Ok(()) } else { Err(failure) })?;
        }
        let told = added.get("endDateTime").and_then(Value::as_str);
        let told = told.and_then(|end| OffsetDateTime::parse(end, &Rfc3339).ok());
        Ok(Given {
            secret: Some(Plain::new(secret)),
            secret_expires_at: Some(told.unwrap_or(expires_at)),
            ..Given::nothing_new(known)
        })
    }

    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure> {
        let id = match self.object_id(calls, known).await {
            Err(failure) if failure.meaning == Meaning::Missing => return Ok(()),
            id => id?,
        };
        let deleted = match self.send(calls, Method::DELETE, &format!("/applications/{id}"), Body::None, &[]).await {
            Ok(_) => true,
            // A young one that cannot be seen may be there all the same.
            Err(failure) if failure.meaning == Meaning::Missing && known.deletion_sent.is_none() => {
                let failure = patiently(known)(failure);
                if failure.meaning == Meaning::Missing { false } else { return Err(failure) }
            }
            Err(failure) if failure.meaning == Meaning::Missing => false,
            Err(failure) => return Err(failure),
        };
        let is_recent = deleted || known.deletion_sent.is_some_and(|since| since < REPLICATION);
        // What is deleted counts against the quota for 30 days unless it is deleted for good.
        match self.send(calls, Method::DELETE, &format!("/directory/deletedItems/{id}"), Body::None, &[]).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.meaning == Meaning::Missing && is_recent => Err(failure.but(Meaning::Unknown)),
            Err(failure) if failure.meaning == Meaning::Missing => Ok(()),
            // Not everybody may do that. The directory does, after 30 days.
            Err(failure) if failure.status == Some(StatusCode::FORBIDDEN) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn list(&self, calls: &mut Calls<'_>, from: Option<&str>) -> Result<Listing, Failure> {
        // Where to go on is the query of the next page's address, as Graph gives it.
        let path = match from {
            Some(next) => format!("/applications?{next}"),
            None => {
                let filter = format!("tags/any(t:t eq '{}')", tag_prefix(self.0.id));
                let pairs = [("$filter", filter.as_str()), ("$select", "appId,displayName,tags,web"), ("$top", PAGE)];
                format!("/applications{}", query(&pairs))
            }
        };
        let page = self.json(calls, Method::GET, &path, Body::None).await?;
        let applications = page.get("value").and_then(Value::as_array).ok_or_else(|| Failure::unreadable("value"))?;
        let clients = applications.iter().filter_map(|application| self.remote(application)).collect();
        let next = page.get("@odata.nextLink").and_then(Value::as_str).and_then(|link| url::Url::parse(link).ok());
        let next = next.and_then(|link| link.query().map(str::to_owned));
        Ok(Listing { clients, next })
    }

    async fn read(&self, _: &mut Calls<'_>, _: &Known) -> Result<Option<(Remote, Given)>, Failure> {
        Err(not_offered())
    }
}

impl AzureAd {
    fn remote(&self, application: &Value) -> Option<Remote> {
        let tags = application.get("tags")?.as_array()?;
        let ours = tags.iter().filter_map(Value::as_str).find_map(|tag| tagged(self.0.id, tag))?;
        let uris = application.pointer("/web/redirectUris").and_then(Value::as_array);
        Some(Remote {
            client_id: application.get("appId")?.as_str()?.to_owned(),
            name: application.get("displayName").and_then(Value::as_str).unwrap_or_default().to_owned(),
            client: Some(ours),
            redirect_uris: uris.map(|uris| uris.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        })
    }
}
