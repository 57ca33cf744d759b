//! RFC 7591 and RFC 7592 as node oidc-provider has them: no tag, no search, no rotation, and a new management token with
//! each change.

use super::{ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor, text, texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is known; anything else is refused, as Keycloak does.
const METADATA: [(&str, Kind); 6] = [
    ("client_name", Kind::Text),
    ("grant_types", Kind::Texts),
    ("response_types", Kind::Texts),
    ("redirect_uris", Kind::Texts),
    ("token_endpoint_auth_method", Kind::Text),
    ("scope", Kind::Text),
];

pub(super) struct Rfc7592 {
    url: String,
    clients: BTreeMap<String, Map<String, Value>>,
    made: usize,
}

/// The metadata that a server of this kind keeps.
pub(super) fn metadata(asked: &Asked, further: &[(&str, Kind)]) -> Result<Map<String, Value>, Reply> {
    let fields: Vec<(&str, Kind)> = METADATA.iter().chain(further).copied().collect();
    let body = asked.object(&fields, &["client_name"])?;
    let (grants, responses) = (texts(body.get("grant_types")), texts(body.get("response_types")));
    let wrong = |told: &str| Err(Reply::error(400, "invalid_client_metadata", told));
    if grants.is_empty() {
        return wrong("the default grant is not wanted");
    }
    if responses.contains(&"code".to_owned()) != grants.contains(&"authorization_code".to_owned()) {
        return wrong("grant_types and response_types do not go together");
    }
    if responses.is_empty() != texts(body.get("redirect_uris")).is_empty() || !body.contains_key("response_types") {
        return Err(Reply::error(400, "invalid_redirect_uri", "redirect_uris"));
    }
    Ok(body)
}

impl Rfc7592 {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), clients: BTreeMap::new(), made: 0 }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    fn register(&mut self, asked: &Asked) -> Outcome {
        if asked.bearer() != Some(ADMIN_SECRET) {
            return Err(Reply::error(401, "invalid_token", "invalid token provided"));
        }
        let mut client = metadata(asked, &[])?;
        let id = self.next("client");
        client.insert("client_id".to_owned(), json!(id));
        client.insert("client_secret".to_owned(), json!(self.next("secret")));
        client.insert("client_secret_expires_at".to_owned(), json!(0));
        client.insert("registration_client_uri".to_owned(), json!(format!("{}/reg/{id}", self.url)));
        client.insert("registration_access_token".to_owned(), json!(self.next("management")));
        self.clients.insert(id, client.clone());
        Ok(Reply::json(201, &Value::Object(client)).with("cache-control", "no-store".to_owned()))
    }

    fn find(&mut self, asked: &Asked, id: &str) -> Result<&mut Map<String, Value>, Reply> {
        let client = self.clients.get_mut(id);
        let known = client.filter(|client| client.get("registration_access_token").and_then(Value::as_str) == asked.bearer());
        known.ok_or_else(|| Reply::error(401, "invalid_token", "invalid token provided"))
    }
}

impl Vendor for Rfc7592 {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["reg"]) => self.register(asked),
            ("GET", ["reg", id]) => {
                asked.must_be_empty()?;
                Ok(Reply::json(200, &Value::Object(self.find(asked, id)?.clone())))
            }
            ("PUT", ["reg", id]) => {
                self.find(asked, id)?;
                let wanted = metadata(asked, &[("client_id", Kind::Text)])?;
                if wanted.get("client_id").and_then(Value::as_str) != Some(id) {
                    return Err(Reply::error(400, "invalid_request", "another client_id"));
                }
                let token = self.next("management");
                let client = self.find(asked, id)?;
                let kept = ["client_secret", "client_secret_expires_at", "registration_client_uri"];
                client.retain(|name, _| kept.contains(&name.as_str()));
                client.extend(wanted);
                client.insert("registration_access_token".to_owned(), json!(token));
                Ok(Reply::json(200, &Value::Object(client.clone())))
            }
            ("DELETE", ["reg", id]) => {
                asked.must_be_empty()?;
                self.find(asked, id)?;
                self.clients.remove(*id);
                Ok(Reply::empty(204))
            }
            _ => Err(Reply::error(418, "no_such_operation", asked.path.clone())),
        }
    }

    fn clients(&self) -> Vec<RemoteClient> {
        remote(&self.clients)
    }

    fn tamper(&mut self, change: Tampering) {
        tamper(&mut self.clients, change);
    }
}

pub(super) fn remote(clients: &BTreeMap<String, Map<String, Value>>) -> Vec<RemoteClient> {
    let client = |(id, client): (&String, &Map<String, Value>)| RemoteClient {
        client_id: id.clone(),
        name: text(client.get("client_name")),
        secrets: vec![text(client.get("client_secret"))],
        redirect_uris: texts(client.get("redirect_uris")),
        access: Vec::new(),
    };
    clients.iter().map(client).collect()
}

pub(super) fn tamper(clients: &mut BTreeMap<String, Map<String, Value>>, change: Tampering) {
    match change {
        Tampering::Delete(id) => {
            clients.remove(&id);
        }
        Tampering::Rename(id, name) => {
            clients.get_mut(&id).expect("the client").insert("client_name".to_owned(), json!(name));
        }
        Tampering::Copy(_) | Tampering::Foreign | Tampering::AllowManagement => {
            clients.insert("foreign".to_owned(), Map::new());
        }
    }
}
