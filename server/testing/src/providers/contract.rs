//! Requests, read as strictly as a contract allows, and answers.

use super::ADMIN_SECRET;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request as it came.
pub(crate) struct Asked {
    pub method: Method,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What a provider answers.
pub(crate) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        let content_type = ("content-type", "application/json".to_owned());
        Self { status: code(status), headers: vec![content_type], body: body.to_string().into_bytes() }
    }

    pub fn empty(status: u16) -> Self {
        Self { status: code(status), headers: Vec::new(), body: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// An error of OAuth's shape, with what the test should know of it.
    pub fn error(status: u16, error: &str, description: impl Into<String>) -> Self {
        Self::json(status, &json!({"error": error, "error_description": description.into()}))
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// Either an answer or a refusal, which is one too.
pub(crate) type Outcome = Result<Reply, Reply>;

/// What a field may hold.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Flag,
    Texts,
    Object,
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whoever does not say that they take JSON may get HTML.
    pub fn must_accept_json(&self) -> Result<(), Reply> {
        match self.header("accept") {
            Some("application/json") => Ok(()),
            other => Err(Reply::error(406, "not_acceptable", format!("accept: {other:?}"))),
        }
    }

    pub fn must_be_empty(&self) -> Result<(), Reply> {
        match (self.body.is_empty(), self.header("content-type")) {
            (true, None) => Ok(()),
            _ => Err(Reply::error(400, "invalid_request", "a body where the contract has none")),
        }
    }

    /// The body as a closed JSON object.
    pub fn object(&self, fields: &[(&str, Kind)], required: &[&str]) -> Result<serde_json::Map<String, Value>, Reply> {
        let wrong = |told: String| Reply::error(400, "invalid_request", told);
        if self.header("content-type") != Some("application/json") {
            return Err(Reply::error(415, "unsupported_media_type", format!("{:?}", self.header("content-type"))));
        }
        let body: Value = serde_json::from_slice(&self.body).map_err(|_| wrong("no JSON".to_owned()))?;
        let Value::Object(body) = body else { return Err(wrong("no object".to_owned())) };
        for (name, value) in &body {
            let Some((_, kind)) = fields.iter().find(|(field, _)| field == name) else {
                return Err(wrong(format!("unknown field {name}")));
            };
            if !kind.takes(value) {
                return Err(wrong(format!("{name} is {value}")));
            }
        }
        match required.iter().find(|name| !body.contains_key(**name)) {
            Some(name) => Err(wrong(format!("{name} is missing"))),
            None => Ok(body),
        }
    }

    /// The body as a form.
    pub fn form(&self) -> Result<BTreeMap<String, String>, Reply> {
        if self.header("content-type") != Some("application/x-www-form-urlencoded") {
            return Err(Reply::error(415, "unsupported_media_type", "no form"));
        }
        Ok(form_urlencoded::parse(&self.body).into_owned().collect())
    }

    /// The body as a request for a token with the client's credentials in it; the answer counts the tokens.
    pub fn token_request(&self, expected: &[(&str, &str)]) -> Result<(), Reply> {
        let form = self.form()?;
        let wanted: BTreeMap<String, String> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if form == wanted {
            Ok(())
        } else if form.get("client_secret").is_some_and(|secret| secret != ADMIN_SECRET) {
            Err(Reply::error(401, "invalid_client", "wrong secret"))
        } else {
            Err(Reply::error(400, "invalid_request", format!("{form:?}")))
        }
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header(header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")
    }
}

/// The strings of a field.
pub(crate) fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(crate) fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
