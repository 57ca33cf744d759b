//! Microsoft Entra ID: Graph's applications, of which not all of the directory knows at once.

use super::{ADMIN_CLIENT, ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor, text, texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// So many calls about a new application find nothing.
const UNSEEN: usize = 2;

const FIELDS: [(&str, Kind); 4] =
    [("displayName", Kind::Text), ("signInAudience", Kind::Text), ("tags", Kind::Texts), ("web", Kind::Object)];

#[derive(Clone, Default)]
struct Application {
    app_id: String,
    unique_name: String,
    fields: Map<String, Value>,
    /// By key id.
    passwords: BTreeMap<String, String>,
    has_service_principal: bool,
    unseen: usize,
    is_deleted: bool,
}

pub(super) struct Entra {
    url: String,
    /// By object id; deleted ones stay until they are deleted for good.
    applications: BTreeMap<String, Application>,
    made: usize,
}

impl Entra {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), applications: BTreeMap::new(), made: 0 }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{:04}", self.made)
    }

    fn issue_token(&self, asked: &Asked) -> Outcome {
        asked.token_request(&[
            ("grant_type", "client_credentials"),
            ("client_id", ADMIN_CLIENT),
            ("client_secret", ADMIN_SECRET),
            ("scope", &format!("{}/.default", self.url)),
        ])?;
        Ok(Reply::json(200, &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "graph-token"})))
    }

    fn missing() -> Reply {
        let message = "Resource does not exist or one of its queried reference-property objects are not present.";
        Reply::json(404, &json!({"error": {"code": "Request_ResourceNotFound", "message": message}}))
    }

    fn bad(told: impl Into<String>) -> Reply {
        Reply::json(400, &json!({"error": {"code": "Request_BadRequest", "message": told.into()}}))
    }

    /// An application as this part of the directory sees it.
    fn find(&mut self, id: &str) -> Result<&mut Application, Reply> {
        let application = self.applications.get_mut(id).filter(|application| !application.is_deleted);
        let application = application.ok_or_else(Self::missing)?;
        if application.unseen > 0 {
            application.unseen -= 1;
            return Err(Self::missing());
        }
        Ok(application)
    }

    fn by_unique_name(&self, name: &str) -> Option<String> {
        let found = self.applications.iter().find(|(_, application)| application.unique_name == name && !application.is_deleted);
        found.map(|(id, _)| id.clone())
    }

    fn check(fields: &Map<String, Value>) -> Result<(), Reply> {
        let name = text(fields.get("displayName"));
        if fields.contains_key("displayName") && (name.is_empty() || name.chars().count() > 120) {
            return Err(Self::bad("displayName"));
        }
        let tags = texts(fields.get("tags"));
        if tags.iter().any(|tag| tag.is_empty() || tag.len() > 256 || tag.contains(' ')) {
            return Err(Self::bad("tags"));
        }
        let web = fields.get("web").and_then(Value::as_object);
        match web.map(|web| (web.len(), web.get("redirectUris").is_some_and(Value::is_array))) {
            None | Some((1, true)) => Ok(()),
            _ => Err(Self::bad("web")),
        }
    }

    fn upsert(&mut self, asked: &Asked, unique_name: &str) -> Outcome {
        let fields = asked.object(&FIELDS, &["displayName", "signInAudience"])?;
        Self::check(&fields)?;
        if asked.header("prefer") != Some("create-if-missing") {
            return Err(Self::bad("an upsert says so"));
        }
        if unique_name.is_empty() || unique_name.len() > 120 {
            return Err(Self::bad("uniqueName"));
        }
        if let Some(id) = self.by_unique_name(unique_name) {
            if let Some(application) = self.applications.get_mut(&id) {
                application.fields.extend(fields);
            }
            return Ok(Reply::empty(204));
        }
        let id = self.next("object");
        let app_id = self.next("app");
        let application = Application {
            app_id: app_id.clone(),
            unique_name: unique_name.to_owned(),
            fields: fields.clone(),
            unseen: UNSEEN,
            ..Application::default()
        };
        self.applications.insert(id.clone(), application);
        let mut body = fields;
        body.insert("id".to_owned(), json!(id));
        body.insert("appId".to_owned(), json!(app_id));
        Ok(Reply::json(201, &Value::Object(body)))
    }

    fn view(id: &str, application: &Application) -> Value {
        let passwords: Vec<Value> = application.passwords.keys().map(|key| json!({"keyId": key, "hint": "abc"})).collect();
        let mut body = application.fields.clone();
        body.insert("id".to_owned(), json!(id));
        body.insert("appId".to_owned(), json!(application.app_id));
        body.insert("passwordCredentials".to_owned(), json!(passwords));
        Value::Object(body)
    }

    fn add_password(&mut self, asked: &Asked, id: &str) -> Outcome {
        let body = asked.object(&[("passwordCredential", Kind::Object)], &["passwordCredential"])?;
        let credential = body.get("passwordCredential").cloned().unwrap_or_default();
        let end = text(credential.get("endDateTime"));
        let known =
            credential.as_object().is_some_and(|fields| fields.keys().all(|name| name == "displayName" || name == "endDateTime"));
        if !known || end.is_empty() {
            return Err(Self::bad("passwordCredential"));
        }
        let (key, secret) = (self.next("key"), self.next("a-secret-of-16-characters"));
        let application = self.find(id)?;
        application.passwords.insert(key.clone(), secret.clone());
        let body = json!({"keyId": key, "secretText": secret, "hint": "a-s", "endDateTime": end, "displayName": "Portico"});
        Ok(Reply::json(200, &body))
    }

    fn add_service_principal(&mut self, asked: &Asked) -> Outcome {
        let body = asked.object(&[("appId", Kind::Text)], &["appId"])?;
        let app_id = text(body.get("appId"));
        let id = self.applications.iter().find(|(_, application)| application.app_id == app_id).map(|(id, _)| id.clone());
        let unknown = json!({"error": {"code": "Request_BadRequest", "message": "NoBackingApplicationObject"}});
        let Some(id) = id else { return Err(Reply::json(400, &unknown)) };
        // Passes, though nobody who reads it would think so.
        let denied = json!({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}});
        let application = self.find(&id).map_err(|_| Reply::json(403, &denied))?;
        if application.has_service_principal {
            let conflict = json!({"error": {"code": "Request_MultipleObjectsWithSameKeyValue", "message": "in use"}});
            return Err(Reply::json(409, &conflict));
        }
        application.has_service_principal = true;
        Ok(Reply::json(201, &json!({"id": "principal", "appId": app_id})))
    }

    fn list(&self, asked: &Asked) -> Outcome {
        // The next page's address has all that it needs.
        let next_filter = asked.query.get("$skiptoken").map(|_| asked.query.get("filter").cloned().unwrap_or_default());
        let filter = next_filter.or(asked.query.get("$filter").cloned()).unwrap_or_default();
        let tag = filter.strip_prefix("tags/any(t:t eq '").and_then(|rest| rest.strip_suffix("')"));
        let tag = tag.ok_or_else(|| Self::bad(format!("$filter: {filter}")))?;
        let top = asked.query.get("$top").and_then(|top| top.parse::<usize>().ok());
        if !asked.query.contains_key("$skiptoken") && top.is_none_or(|top| top > 999) {
            return Err(Self::bad("$top"));
        }
        let skip: usize = asked.query.get("$skiptoken").and_then(|skip| skip.parse().ok()).unwrap_or(0);
        let tagged = |application: &Application| texts(application.fields.get("tags")).contains(&tag.to_owned());
        let matching: Vec<Value> = self
            .applications
            .iter()
            .filter(|(_, application)| !application.is_deleted && tagged(application))
            .map(|(id, application)| Self::view(id, application))
            .collect();
        let page: Vec<&Value> = matching.iter().skip(skip).take(3).collect();
        let filter = form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>();
        let next = format!("{}/v1.0/applications?$skiptoken={}&filter={filter}", self.url, skip + 3);
        let body = match matching.len() > skip + 3 {
            true => json!({"value": page, "@odata.nextLink": next}),
            false => json!({"value": page}),
        };
        Ok(Reply::json(200, &body))
    }
}

impl Vendor for Entra {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        if asked.path == "/tenant/oauth2/v2.0/token" {
            return self.issue_token(asked);
        }
        if asked.bearer() != Some("graph-token") {
            return Err(Reply::json(401, &json!({"error": {"code": "InvalidAuthenticationToken", "message": "expired"}})));
        }
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        let by_name = |part: &str| part.strip_prefix("applications(uniqueName='")?.strip_suffix("')").map(str::to_owned);
        match (asked.method.as_str(), path.as_slice()) {
            ("PATCH", ["v1.0", part]) if by_name(part).is_some() => self.upsert(asked, &by_name(part).unwrap_or_default()),
            ("GET", ["v1.0", part]) if by_name(part).is_some() => {
                asked.must_be_empty()?;
                let id = self.by_unique_name(&by_name(part).unwrap_or_default()).ok_or_else(Self::missing)?;
                let application = self.find(&id)?.clone();
                Ok(Reply::json(200, &Self::view(&id, &application)))
            }
            ("GET", ["v1.0", part]) if part.starts_with("applications(appId='") => {
                asked.must_be_empty()?;
                let app_id = part.trim_start_matches("applications(appId='").trim_end_matches("')");
                let id = self.applications.iter().find(|(_, application)| application.app_id == app_id).map(|(id, _)| id.clone());
                let id = id.ok_or_else(Self::missing)?;
                let application = self.find(&id)?.clone();
                Ok(Reply::json(200, &Self::view(&id, &application)))
            }
            ("GET", ["v1.0", "applications"]) => asked.must_be_empty().and_then(|()| self.list(asked)),
            ("GET", ["v1.0", "applications", id]) => {
                asked.must_be_empty()?;
                let application = self.find(id)?.clone();
                Ok(Reply::json(200, &Self::view(id, &application)))
            }
            ("PATCH", ["v1.0", "applications", id]) => {
                let fields = asked.object(&FIELDS, &[])?;
                Self::check(&fields)?;
                self.find(id)?.fields.extend(fields);
                Ok(Reply::empty(204))
            }
            ("POST", ["v1.0", "applications", id, "addPassword"]) => self.add_password(asked, id),
            ("POST", ["v1.0", "applications", id, "removePassword"]) => {
                let body = asked.object(&[("keyId", Kind::Text)], &["keyId"])?;
                let removed = self.find(id)?.passwords.remove(&text(body.get("keyId")));
                removed.map(|_| Reply::empty(204)).ok_or_else(Self::missing)
            }
            ("DELETE", ["v1.0", "applications", id]) => {
                asked.must_be_empty()?;
                self.find(id)?.is_deleted = true;
                Ok(Reply::empty(204))
            }
            ("DELETE", ["v1.0", "directory", "deletedItems", id]) => {
                asked.must_be_empty()?;
                match self.applications.get(*id).is_some_and(|application| application.is_deleted) {
                    true => {
                        self.applications.remove(*id);
                        Ok(Reply::empty(204))
                    }
                    false => Err(Self::missing()),
                }
            }
            ("POST", ["v1.0", "servicePrincipals"]) => self.add_service_principal(asked),
            _ => Err(Reply::error(418, "no_such_operation", asked.path.clone())),
        }
    }

    /// Deleted ones too, as long as they count against the quota.
    fn clients(&self) -> Vec<RemoteClient> {
        let client = |application: &Application| RemoteClient {
            client_id: application.app_id.clone(),
            name: text(application.fields.get("displayName")),
            // Without a service principal none of them brings a token.
            secrets: application.passwords.values().filter(|_| application.has_service_principal).cloned().collect(),
            redirect_uris: texts(application.fields.get("web").and_then(|web| web.get("redirectUris"))),
            access: Vec::new(),
        };
        self.applications.values().map(client).collect()
    }

    fn tamper(&mut self, change: Tampering) {
        let by_app_id = |id: &str| {
            let found = self.applications.iter().find(|(_, application)| application.app_id == id);
            found.map(|(id, _)| id.clone()).expect("the client")
        };
        match change {
            Tampering::Delete(id) => {
                let id = by_app_id(&id);
                self.applications.remove(&id);
            }
            Tampering::Rename(id, name) => {
                let id = by_app_id(&id);
                if let Some(application) = self.applications.get_mut(&id) {
                    application.fields.insert("displayName".to_owned(), json!(name));
                }
            }
            Tampering::Copy(id) => {
                let mut application = self.applications.get(&by_app_id(&id)).expect("the client").clone();
                application.app_id = self.next("app");
                application.unique_name = String::new();
                let id = self.next("object");
                self.applications.insert(id, application);
            }
            Tampering::AllowManagement => {}
            Tampering::Foreign => {
                let (id, app_id) = (self.next("object"), self.next("app"));
                self.applications.insert(id, Application { app_id, ..Application::default() });
            }
        }
    }
}
