//! The management API, as a program uses it.

use anyhow::{Context, bail};
use http::{Method, Request, StatusCode, header};
use portico_core::outgoing::{AllowedNetworks, Outgoing};
use serde_json::Value;
use std::time::Duration;

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes: a specification, with room to spare.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// How many of a list are fetched at once.
const PAGE_SIZE: usize = 100;

/// Somebody's access to a Portico.
pub struct Client {
    outgoing: Outgoing,
    base: String,
    token: String,
}

impl Client {
    /// Of the Portico at a base URL, with an access token.
    pub fn new(base: &str, token: &str) -> anyhow::Result<Self> {
        // Whoever runs the command says where it goes.
        let anywhere = ["0.0.0.0/0".parse()?, "::/0".parse()?];
        let outgoing = Outgoing::new(AllowedNetworks::new(&anywhere))?.with_timeout(TIMEOUT).with_largest_answer(ANSWER_MAX);
        Ok(Self { outgoing, base: format!("{}/v2", base.trim_end_matches('/')), token: token.to_owned() })
    }

    /// Sends a request; what was answered, null where that is nothing.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.send_for("application/json", method, path, body).await
    }

    /// The documents of a product, each with those that are filed under it.
    pub async fn document_tree(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let tree = self.send_for("application/vnd.konnect.document-tree+json", Method::GET, path, None).await?;
        Ok(tree.get("data").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    async fn send_for(&self, accept: &str, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, accept)
            .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())?;
        let answer = self.outgoing.send(request).await.with_context(|| format!("{method} {}{path}", self.base))?;
        let (status, body) = (answer.status(), answer.into_body());
        if status.is_success() {
            return if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) };
        }
        bail!("{method} {path} was refused: {}", explained(status, &body))
    }

    /// Everything in a list.
    pub async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        for number in 1.. {
            let mark = if path.contains('?') { '&' } else { '?' };
            let page = self.send(Method::GET, &format!("{path}{mark}page[size]={PAGE_SIZE}&page[number]={number}"), None).await?;
            let found = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_last = found.len() < PAGE_SIZE;
            items.extend(found);
            if is_last {
                break;
            }
        }
        Ok(items)
    }
}

/// What a refusal says, in one line.
fn explained(status: StatusCode, body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let wrong = problem.get("invalid_parameters").and_then(Value::as_array);
    let reasons: Vec<String> =
        wrong.into_iter().flatten().map(|wrong| format!("{}: {}", text(wrong, "field"), text(wrong, "reason"))).collect();
    match reasons.as_slice() {
        [] => format!("{status}: {}", text(&problem, "detail")),
        reasons => format!("{status}: {}", reasons.join("; ")),
    }
}
