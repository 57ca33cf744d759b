//! Curity: a token for each registration, and a new secret with every look at a client.

use super::{
    ADMIN_CLIENT, ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor,
    rfc7592::{metadata, remote, tamper},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) struct Curity {
    url: String,
    clients: BTreeMap<String, Map<String, Value>>,
    made: usize,
    /// Good for one registration.
    registration_token: Option<String>,
    may_manage: bool,
}

impl Curity {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), clients: BTreeMap::new(), made: 0, registration_token: None, may_manage: false }
    }

    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    fn issue_token(&mut self, asked: &Asked) -> Outcome {
        let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
        let basic = STANDARD.encode(format!("{}:{}", encode(ADMIN_CLIENT), encode(ADMIN_SECRET)));
        if asked.header("authorization") != Some(&format!("Basic {basic}")) {
            return Err(Reply::error(401, "invalid_client", "no such client"));
        }
        let form = asked.form()?;
        match (form.get("grant_type").map(String::as_str), form.get("scope").map(String::as_str)) {
            (Some("client_credentials"), Some("dcr")) => {
                let token = self.next("dcr");
                self.registration_token = Some(token.clone());
                Ok(Reply::json(200, &json!({"access_token": token, "token_type": "bearer", "expires_in": 300, "scope": "dcr"})))
            }
            (Some("client_credentials"), Some("dcrm")) if self.may_manage => {
                Ok(Reply::json(200, &json!({"access_token": "dcrm", "token_type": "bearer", "expires_in": 300, "scope": "dcrm"})))
            }
            (Some("client_credentials"), Some("dcrm")) => Err(Reply::error(403, "invalid_scope", "dcrm")),
            _ => Err(Reply::error(400, "invalid_request", format!("{form:?}"))),
        }
    }

    fn register(&mut self, asked: &Asked) -> Outcome {
        // It works once, whatever comes of it.
        let token = self.registration_token.take();
        if token.is_none() || token.as_deref() != asked.bearer() {
            return Err(Reply::error(401, "invalid_token", "used or unknown"));
        }
        let client = metadata(asked, &[("portico_client", Kind::Text)])?;
        let id = self.next("client");
        self.clients.insert(id.clone(), client);
        self.renew(&id).map(|client| Reply::json(201, &Value::Object(client)))
    }

    /// Every answer about a client has a new token and a new secret.
    fn renew(&mut self, id: &str) -> Result<Map<String, Value>, Reply> {
        let (secret, token) = (self.next("secret"), self.next("management"));
        let uri = format!("{}/oauth/v2/oauth-registration/{id}", self.url);
        let client = self.clients.get_mut(id).ok_or_else(|| Reply::empty(401))?;
        client.insert("client_id".to_owned(), json!(id));
        client.insert("client_secret".to_owned(), json!(secret));
        client.insert("client_secret_expires_at".to_owned(), json!(0));
        client.insert("registration_client_uri".to_owned(), json!(uri));
        client.insert("registration_access_token".to_owned(), json!(token));
        client.insert("registration_access_token_expires_in".to_owned(), json!(31_536_000));
        Ok(client.clone())
    }

    fn must_manage(&self, asked: &Asked, id: &str) -> Result<(), Reply> {
        let token = self.clients.get(id).and_then(|client| client.get("registration_access_token")).and_then(Value::as_str);
        let may_manage_all = self.may_manage && asked.bearer() == Some("dcrm");
        match token.is_some() && (token == asked.bearer() || may_manage_all) {
            true => Ok(()),
            false => Err(Reply::error(401, "invalid_token", "no such client")),
        }
    }
}

impl Vendor for Curity {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["oauth", "v2", "oauth-token"]) => self.issue_token(asked),
            ("POST", ["oauth", "v2", "oauth-registration"]) => self.register(asked),
            ("GET", ["oauth", "v2", "oauth-registration", id]) => {
                self.must_manage(asked, id)?;
                self.renew(id).map(|client| Reply::json(200, &Value::Object(client)))
            }
            ("PUT", ["oauth", "v2", "oauth-registration", id]) => {
                self.must_manage(asked, id)?;
                let wanted = metadata(asked, &[("portico_client", Kind::Text), ("client_id", Kind::Text)])?;
                if wanted.get("client_id").and_then(Value::as_str) != Some(id) {
                    return Err(Reply::error(400, "invalid_client_metadata", "another client_id"));
                }
                self.clients.insert((*id).to_owned(), wanted);
                self.renew(id).map(|client| Reply::json(200, &Value::Object(client)))
            }
            ("DELETE", ["oauth", "v2", "oauth-registration", id]) => {
                asked.must_be_empty()?;
                self.must_manage(asked, id)?;
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
        match change {
            Tampering::AllowManagement => self.may_manage = true,
            change => tamper(&mut self.clients, change),
        }
    }
}
