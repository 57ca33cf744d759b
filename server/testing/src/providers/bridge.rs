//! A bridge as Konnect's contract for custom providers has it.

use super::{ADMIN_SECRET, Asked, Kind, Outcome, RemoteClient, Reply, Tampering, Vendor, text, texts};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CREATE: [(&str, Kind); 11] = [
    ("redirect_uris", Kind::Texts),
    ("client_name", Kind::Text),
    ("grant_types", Kind::Texts),
    ("scopes", Kind::Texts),
    ("token_endpoint_auth_method", Kind::Text),
    ("application_description", Kind::Text),
    ("portal_id", Kind::Text),
    ("organization_id", Kind::Text),
    ("developer_id", Kind::Text),
    ("auth_strategy_id", Kind::Text),
    ("dcr_provider_id", Kind::Text),
];

const EVENT: [(&str, Kind); 10] = [
    ("event_type", Kind::Text),
    ("client_id", Kind::Text),
    ("application_id", Kind::Text),
    ("application_name", Kind::Text),
    ("application_description", Kind::Text),
    ("portal_id", Kind::Text),
    ("organization_id", Kind::Text),
    ("developer_id", Kind::Text),
    ("auth_strategy_id", Kind::Text),
    ("dcr_provider_id", Kind::Text),
];

#[derive(Default)]
pub(super) struct Bridge {
    clients: BTreeMap<String, RemoteClient>,
    made: usize,
}

impl Bridge {
    fn next(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}{}", self.made)
    }

    fn find(&mut self, id: &str) -> Result<&mut RemoteClient, Reply> {
        self.clients.get_mut(id).ok_or_else(|| Reply::error(404, "not_found", "no such client"))
    }

    fn create(&mut self, asked: &Asked) -> Outcome {
        let body = asked.object(&CREATE, &CREATE.map(|(name, _)| name))?;
        let (client_id, secret) = (self.next("client"), self.next("secret"));
        let client = RemoteClient {
            client_id: client_id.clone(),
            name: text(body.get("client_name")),
            secrets: vec![secret.clone()],
            redirect_uris: texts(body.get("redirect_uris")),
            access: Vec::new(),
        };
        self.clients.insert(client_id.clone(), client);
        Ok(Reply::json(201, &json!({"client_id": client_id, "client_secret": secret, "client_secret_expires_at": 0})))
    }

    fn event(&mut self, asked: &Asked, id: &str) -> Outcome {
        let event = serde_json::from_slice::<Value>(&asked.body).ok();
        let event_type = text(event.as_ref().and_then(|event| event.get("event_type")));
        let (required_field, optional) = match event_type.as_str() {
            "update_application" => (("redirect_uris", Kind::Texts), None),
            _ => (("api_product_version_id", Kind::Text), Some(("audience", Kind::Text))),
        };
        let fields: Vec<(&str, Kind)> = EVENT.iter().copied().chain([required_field]).chain(optional).collect();
        let required: Vec<&str> = EVENT.iter().chain([&required_field]).map(|(name, _)| *name).collect();
        let body = asked.object(&fields, &required)?;
        let client = self.find(id)?;
        let version = text(body.get("api_product_version_id"));
        match event_type.as_str() {
            "update_application" => {
                client.name = text(body.get("application_name"));
                client.redirect_uris = texts(body.get("redirect_uris"));
            }
            // An event may come twice.
            "add_registration" if client.access.contains(&version) => {}
            "add_registration" => client.access.push(version),
            "remove_registration" => client.access.retain(|known| *known != version),
            other => return Err(Reply::error(400, "invalid_request", other)),
        }
        Ok(Reply::empty(200))
    }
}

impl Vendor for Bridge {
    fn answer(&mut self, asked: &Asked) -> Outcome {
        asked.must_accept_json()?;
        if asked.header("x-api-key") != Some(ADMIN_SECRET) {
            return Err(Reply::error(401, "unauthorized", "x-api-key"));
        }
        let path: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (asked.method.as_str(), path.as_slice()) {
            ("POST", ["bridge", ""]) => self.create(asked),
            ("DELETE", ["bridge", id]) => {
                asked.must_be_empty()?;
                self.find(id)?;
                self.clients.remove(*id);
                Ok(Reply::empty(204))
            }
            ("POST", ["bridge", id, "new-secret"]) => {
                asked.must_be_empty()?;
                let secret = self.next("secret");
                self.find(id)?.secrets = vec![secret.clone()];
                Ok(Reply::json(200, &json!({"client_id": id, "client_secret": secret})))
            }
            ("POST", ["bridge", id, "event-hook"]) => self.event(asked, id),
            _ => Err(Reply::error(418, "no_such_operation", asked.path.clone())),
        }
    }

    fn clients(&self) -> Vec<RemoteClient> {
        self.clients.values().cloned().collect()
    }

    fn tamper(&mut self, change: Tampering) {
        if let Tampering::Delete(id) = change {
            self.clients.remove(&id);
        }
    }
}
