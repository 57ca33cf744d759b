//! Okta's `/oauth2/v1/clients`, as its Management API describes it.

use super::{ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor, text, texts};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const FIELDS: [(&str, Kind); 8] = [
    ("client_id", Kind::Text),
    ("client_name", Kind::Text),
    ("application_type", Kind::Text),
    ("grant_types", Kind::Texts),
    ("response_types", Kind::Texts),
    ("redirect_uris", Kind::Texts),
    ("token_endpoint_auth_method", Kind::Text),
    ("logo_uri", Kind::Text),
];

pub(super) struct Okta {
    url: String,
    clients: BTreeMap<String, Map<String, Value>>,
    made: usize,
}

impl Okta {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), clients: BTreeMap::new(), made: 0 }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    /// What goes together, by the type of application.
    fn check(client: &Map<String, Value>) -> Result<(), Reply> {
        let wrong = |told: &str| Err(Reply::error(400, "invalid_client_metadata", told));
        let grants = texts(client.get("grant_types"));
        let responses = texts(client.get("response_types"));
        match text(client.get("application_type")).as_str() {
            "service" if grants != ["client_credentials"] || responses != ["token"] => wrong("a service has one grant"),
            "web" if !grants.contains(&"authorization_code".to_owned()) => wrong("web needs authorization_code"),
            "web" if texts(client.get("redirect_uris")).is_empty() => wrong("web needs redirect_uris"),
            "service" | "web" => Ok(()),
            _ => wrong("application_type"),
        }?;
        if texts(client.get("redirect_uris")).iter().any(|uri| uri.contains("refused")) {
            return Err(Reply::error(422, "invalid_redirect_uri", "redirect_uris: not on the list of this organization"));
        }
        match text(client.get("token_endpoint_auth_method")).as_str() {
            "client_secret_basic" | "client_secret_post" => Ok(()),
            _ => wrong("token_endpoint_auth_method"),
        }
    }

    fn find(&mut self, id: &str) -> Result<&mut Map<String, Value>, Reply> {
        let missing = json!({"errorCode": "E0000007", "errorSummary": "Not found: Resource not found", "errorId": "oae"});
        self.clients.get_mut(id).ok_or_else(|| Reply::json(404, &missing))
    }

    fn search(&self, asked: &Asked) -> Outcome {
        let limit: usize = asked.query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
        if !(1..=200).contains(&limit) {
            return Err(Reply::error(400, "invalid_request", "limit"));
        }
        let q = asked.query.get("q").cloned().unwrap_or_default();
        let after = asked.query.get("after").cloned().unwrap_or_default();
        let matching: Vec<(&String, &Map<String, Value>)> =
            self.clients.iter().filter(|(id, client)| **id > after && text(client.get("client_name")).starts_with(&q)).collect();
        // A page is smaller here than asked for, so that paging is seen.
        let page: Vec<&Map<String, Value>> = matching.iter().take(limit.min(3)).map(|(_, client)| *client).collect();
        let reply = Reply::json(200, &json!(page));
        match matching.get(2).filter(|_| matching.len() > 3) {
            Some((last, _)) => {
                let link = format!("<{}/oauth2/v1/clients?after={last}&limit={limit}>; rel=\"next\"", self.url);
                Ok(reply.with("link", link))
            }
            None => Ok(reply),
        }
    }

    fn create(&mut self, asked: &Asked) -> Outcome {
        let mut client = asked.object(&FIELDS, &["client_name"])?;
        if client.contains_key("client_id") {
            return Err(Reply::error(400, "invalid_client_metadata", "client_id is read-only"));
        }
        Self::check(&client)?;
        let id = self.next("0oa");
        client.insert("client_id".to_owned(), json!(id));
        client.insert("client_secret".to_owned(), json!(self.next("secret")));
        client.insert("client_id_issued_at".to_owned(), json!(1_760_000_000));
        client.insert("client_secret_expires_at".to_owned(), json!(0));
        self.clients.insert(id, client.clone());
        Ok(Reply::json(201, &Value::Object(client)))
    }

    fn replace(&mut self, asked: &Asked, id: &str) -> Outcome {
        let wanted = asked.object(&FIELDS, &["client_id", "client_name"])?;
        Self::check(&wanted)?;
        let client = self.find(id)?;
        if wanted.get("client_id").and_then(Value::as_str) != Some(id) {
            return Err(Reply::error(400, "invalid_client_metadata", "another client_id"));
        }
        // Whatever is left out is gone.
        client.retain(|name, _| name.starts_with("client_secret") || name == "client_id_issued_at");
        client.extend(wanted);
        Ok(Reply::json(200, &Value::Object(client.clone())))
    }
}

impl Vendor for Okta {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        if asked.header("authorization") != Some(&format!("SSWS {ADMIN_SECRET}")) {
            return Err(Reply::json(401, &json!({"errorCode": "E0000011", "errorSummary": "Invalid token provided"})));
        }
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["oauth2", "v1", "clients"]) => self.create(asked),
            ("GET", ["oauth2", "v1", "clients"]) => asked.must_be_empty().and_then(|()| self.search(asked)),
            ("GET", ["oauth2", "v1", "clients", id]) => {
                asked.must_be_empty()?;
                Ok(Reply::json(200, &Value::Object(self.find(id)?.clone())))
            }
            ("PUT", ["oauth2", "v1", "clients", id]) => self.replace(asked, id),
            ("POST", ["oauth2", "v1", "clients", id, "lifecycle", "newSecret"]) => {
                asked.must_be_empty()?;
                let secret = self.next("secret");
                let client = self.find(id)?;
                client.insert("client_secret".to_owned(), json!(secret));
                Ok(Reply::json(200, &Value::Object(client.clone())))
            }
            ("DELETE", ["oauth2", "v1", "clients", id]) => {
                asked.must_be_empty()?;
                self.find(id)?;
                self.clients.remove(*id);
                Ok(Reply::empty(204))
            }
            _ => Err(Reply::error(418, "no_such_operation", asked.path.clone())),
        }
    }

    fn clients(&self) -> Vec<RemoteClient> {
        let client = |(id, client): (&String, &Map<String, Value>)| RemoteClient {
            client_id: id.clone(),
            name: text(client.get("client_name")).split_once(' ').map_or(String::new(), |(_, name)| name.to_owned()),
            secrets: vec![text(client.get("client_secret"))],
            redirect_uris: texts(client.get("redirect_uris")),
            access: Vec::new(),
        };
        self.clients.iter().map(client).collect()
    }

    fn tamper(&mut self, change: Tampering) {
        match change {
            Tampering::Delete(id) => {
                self.clients.remove(&id);
            }
            Tampering::Rename(id, name) => {
                let client = self.clients.get_mut(&id).expect("the client");
                let tag = text(client.get("client_name")).split(' ').next().unwrap_or_default().to_owned();
                client.insert("client_name".to_owned(), json!(format!("{tag} {name}")));
                client.insert("logo_uri".to_owned(), json!("https://example.com/logo.png"));
            }
            Tampering::Copy(id) => {
                let mut client = self.clients.get(&id).expect("the client").clone();
                let copy = self.next("0oa");
                client.insert("client_id".to_owned(), json!(copy));
                self.clients.insert(copy, client);
            }
            Tampering::AllowManagement => {}
            Tampering::Foreign => {
                let id = self.next("0oa");
                let client = json!({"client_id": id, "client_name": "somebody else's"});
                self.clients.insert(id, client.as_object().expect("an object").clone());
            }
        }
    }
}
