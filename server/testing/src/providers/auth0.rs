//! Auth0's Management API v2: closed bodies, grants for each audience.

use super::{ADMIN_CLIENT, ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor, text, texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The one API of the tenant.
const AUDIENCE: &str = "https://api.example.com";
const SCOPES: [&str; 3] = ["read", "write", "admin"];
/// An admin token is good for so many calls, so that its end is seen.
const TOKEN_CALLS: usize = 7;

const FIELDS: [(&str, Kind); 8] = [
    ("name", Kind::Text),
    ("description", Kind::Text),
    ("app_type", Kind::Text),
    ("grant_types", Kind::Texts),
    ("callbacks", Kind::Texts),
    ("token_endpoint_auth_method", Kind::Text),
    ("oidc_conformant", Kind::Flag),
    ("client_metadata", Kind::Object),
];

struct Grant {
    client_id: String,
    scope: Vec<String>,
}

pub(super) struct Auth0 {
    url: String,
    clients: BTreeMap<String, Map<String, Value>>,
    grants: BTreeMap<String, Grant>,
    made: usize,
    /// The token that is taken, and for how many more calls.
    token: (String, usize),
}

impl Auth0 {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), clients: BTreeMap::new(), grants: BTreeMap::new(), made: 0, token: (String::new(), 0) }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{:04}", self.made)
    }

    fn must_be_admin(&mut self, asked: &Asked) -> Result<(), Reply> {
        if asked.bearer() == Some(&self.token.0) && self.token.1 > 0 {
            self.token.1 -= 1;
            return Ok(());
        }
        Err(Reply::json(401, &json!({"statusCode": 401, "error": "Unauthorized", "message": "Expired token"})))
    }

    fn issue_token(&mut self, asked: &Asked) -> Outcome {
        let audience = format!("{}/api/v2/", self.url);
        asked.token_request(&[
            ("grant_type", "client_credentials"),
            ("client_id", ADMIN_CLIENT),
            ("client_secret", ADMIN_SECRET),
            ("audience", &audience),
        ])?;
        self.token = (self.next("token"), TOKEN_CALLS);
        Ok(Reply::json(200, &json!({"access_token": self.token.0, "token_type": "Bearer", "expires_in": 86400})))
    }

    fn check(client: &Map<String, Value>) -> Result<(), Reply> {
        let wrong = |told: String| Err(Reply::json(400, &json!({"statusCode": 400, "error": "Bad Request", "message": told})));
        let name = text(client.get("name"));
        if client.contains_key("name") && (name.is_empty() || name.contains(['<', '>'])) {
            return wrong(format!("name: {name}"));
        }
        if text(client.get("description")).chars().count() > 140 {
            return wrong("description is too long".to_owned());
        }
        if !matches!(text(client.get("app_type")).as_str(), "" | "non_interactive" | "regular_web") {
            return wrong("app_type".to_owned());
        }
        let metadata = client.get("client_metadata").and_then(Value::as_object);
        let metadata: Vec<&Value> = metadata.into_iter().flat_map(|metadata| metadata.values()).collect();
        if metadata.len() > 10 || metadata.iter().any(|value| value.as_str().is_none_or(|text| text.len() > 255)) {
            return wrong("client_metadata".to_owned());
        }
        Ok(())
    }

    fn find(&mut self, id: &str) -> Result<&mut Map<String, Value>, Reply> {
        let missing = json!({"statusCode": 404, "error": "Not Found", "message": "The client does not exist"});
        self.clients.get_mut(id).ok_or_else(|| Reply::json(404, &missing))
    }

    fn create(&mut self, asked: &Asked) -> Outcome {
        let mut client = asked.object(&FIELDS, &["name"])?;
        Self::check(&client)?;
        if text(client.get("token_endpoint_auth_method")) != "client_secret_basic" {
            return Err(Reply::error(400, "invalid_request", "a client without a secret"));
        }
        let id = self.next("client");
        client.insert("client_id".to_owned(), json!(id));
        client.insert("client_secret".to_owned(), json!(self.next("secret")));
        client.insert("tenant".to_owned(), json!("tests"));
        self.clients.insert(id, client.clone());
        Ok(Reply::json(201, &Value::Object(client)))
    }

    fn list(&self, asked: &Asked) -> Outcome {
        let known = ["fields", "include_fields", "is_global", "app_type", "from", "take"];
        if let Some(unknown) = asked.query.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(Reply::error(400, "invalid_query_string", unknown.clone()));
        }
        let take: usize = asked.query.get("take").and_then(|take| take.parse().ok()).unwrap_or(50);
        if take > 100 {
            return Err(Reply::error(400, "invalid_query_string", "take"));
        }
        let from = asked.query.get("from").cloned().unwrap_or_default();
        let fields: Vec<&str> = asked.query.get("fields").map(|fields| fields.split(',').collect()).unwrap_or_default();
        // A page is smaller here than asked for, so that paging is seen.
        let page: Vec<(&String, &Map<String, Value>)> =
            self.clients.iter().filter(|(id, _)| **id > from).take(take.min(3)).collect();
        let shown = |client: &Map<String, Value>| -> Map<String, Value> {
            client.iter().filter(|(name, _)| fields.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
        };
        let clients: Vec<_> = page.iter().map(|(_, client)| shown(client)).collect();
        let next = page.last().map(|(last, _)| *last).filter(|last| self.clients.keys().next_back() != Some(*last));
        let body = match next {
            Some(next) => json!({"clients": clients, "next": next}),
            None => json!({"clients": clients}),
        };
        Ok(Reply::json(200, &body))
    }

    fn grants_of(&self, asked: &Asked) -> Outcome {
        let client = asked.query.get("client_id").cloned().unwrap_or_default();
        let audience = asked.query.get("audience").cloned();
        let found = self.grants.iter().filter(|(_, grant)| grant.client_id == client);
        let found = found.filter(|_| audience.as_deref().is_none_or(|audience| audience == AUDIENCE));
        let found: Vec<Value> = found.map(|(id, grant)| self.grant(id, grant)).collect();
        Ok(Reply::json(200, &json!(found)))
    }

    fn grant(&self, id: &str, grant: &Grant) -> Value {
        json!({"id": id, "client_id": grant.client_id, "audience": AUDIENCE, "scope": grant.scope})
    }

    fn check_scopes(scopes: &[String]) -> Result<(), Reply> {
        match scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            Some(unknown) => Err(Reply::error(400, "invalid_scope", unknown.clone())),
            None => Ok(()),
        }
    }

    fn add_grant(&mut self, asked: &Asked) -> Outcome {
        let fields = [("client_id", Kind::Text), ("audience", Kind::Text), ("scope", Kind::Texts)];
        let body = asked.object(&fields, &["client_id", "audience", "scope"])?;
        let (client_id, scope) = (text(body.get("client_id")), texts(body.get("scope")));
        Self::check_scopes(&scope)?;
        self.find(&client_id)?;
        if text(body.get("audience")) != AUDIENCE {
            return Err(Reply::json(404, &json!({"statusCode": 404, "error": "Not Found", "message": "No such API"})));
        }
        if self.grants.values().any(|grant| grant.client_id == client_id) {
            return Err(Reply::json(409, &json!({"statusCode": 409, "error": "Conflict", "message": "There is one"})));
        }
        let id = self.next("cgr_");
        let grant = Grant { client_id, scope };
        let body = self.grant(&id, &grant);
        self.grants.insert(id, grant);
        Ok(Reply::json(201, &body))
    }
}

impl Vendor for Auth0 {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        if path == ["oauth", "token"] {
            return self.issue_token(asked);
        }
        self.must_be_admin(asked)?;
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["api", "v2", "clients"]) => self.create(asked),
            ("GET", ["api", "v2", "clients"]) => asked.must_be_empty().and_then(|()| self.list(asked)),
            ("PATCH", ["api", "v2", "clients", id]) => {
                let change = asked.object(&FIELDS, &[])?;
                Self::check(&change)?;
                let client = self.find(id)?;
                client.extend(change);
                Ok(Reply::json(200, &Value::Object(client.clone())))
            }
            ("POST", ["api", "v2", "clients", id, "rotate-secret"]) => {
                asked.must_be_empty()?;
                let secret = self.next("secret");
                let client = self.find(id)?;
                client.insert("client_secret".to_owned(), json!(secret));
                Ok(Reply::json(200, &Value::Object(client.clone())))
            }
            ("DELETE", ["api", "v2", "clients", id]) => {
                asked.must_be_empty()?;
                if self.grants.values().any(|grant| grant.client_id == *id) {
                    return Err(Reply::error(400, "invalid_request", "grants should have been deleted first"));
                }
                self.clients.remove(*id);
                Ok(Reply::empty(204))
            }
            ("GET", ["api", "v2", "client-grants"]) => asked.must_be_empty().and_then(|()| self.grants_of(asked)),
            ("POST", ["api", "v2", "client-grants"]) => self.add_grant(asked),
            ("PATCH", ["api", "v2", "client-grants", id]) => {
                let body = asked.object(&[("scope", Kind::Texts)], &["scope"])?;
                let scope = texts(body.get("scope"));
                Self::check_scopes(&scope)?;
                let Some(grant) = self.grants.get_mut(*id) else { return Err(Reply::empty(404)) };
                grant.scope = scope;
                let body = json!({"id": id, "scope": grant.scope});
                Ok(Reply::json(200, &body))
            }
            ("DELETE", ["api", "v2", "client-grants", id]) => {
                asked.must_be_empty()?;
                self.grants.remove(*id);
                Ok(Reply::empty(204))
            }
            _ => Err(Reply::error(418, "no_such_operation", asked.path.clone())),
        }
    }

    fn clients(&self) -> Vec<RemoteClient> {
        let client = |(id, client): (&String, &Map<String, Value>)| RemoteClient {
            client_id: id.clone(),
            name: text(client.get("name")),
            secrets: vec![text(client.get("client_secret"))],
            redirect_uris: texts(client.get("callbacks")),
            access: self
                .grants
                .values()
                .filter(|grant| grant.client_id == *id)
                .map(|grant| format!("{AUDIENCE}: {}", grant.scope.join(" ")))
                .collect(),
        };
        self.clients.iter().map(client).collect()
    }

    fn tamper(&mut self, change: Tampering) {
        match change {
            Tampering::Delete(id) => {
                self.clients.remove(&id);
                self.grants.retain(|_, grant| grant.client_id != id);
            }
            Tampering::Rename(id, name) => {
                self.clients.get_mut(&id).expect("the client").insert("name".to_owned(), json!(name));
            }
            Tampering::Copy(id) => {
                let mut client = self.clients.get(&id).expect("the client").clone();
                let copy = self.next("client");
                client.insert("client_id".to_owned(), json!(copy));
                self.clients.insert(copy, client);
            }
            Tampering::AllowManagement => {}
            Tampering::Foreign => {
                let id = self.next("client");
                let client = json!({"client_id": id, "name": "somebody else's"});
                self.clients.insert(id, client.as_object().expect("an object").clone());
            }
        }
    }
}
