//! Calls to copy, in the languages that most readers know.

use super::{
    example::{self, Direction},
    frame::CredentialHeader,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portico_core::products::reference::{NamedSchema, OperationPage, detail::Location, detail::Parameter};
use serde_json::Value;
use std::collections::HashMap;

/// What RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One call, before it is written in a language.
pub struct Call {
    method: String,
    url: String,
    /// Without the credential.
    headers: Vec<(String, String)>,
    credential: Option<CredentialHeader>,
    body: Option<Body>,
}

enum Body {
    Json(Value),
    Text(String),
}

impl CredentialHeader {
    fn javascript(&self) -> String {
        match self.prefix {
            "" => format!("process.env.{}", self.variable),
            prefix => format!("`{prefix}${{process.env.{}}}`", self.variable),
        }
    }

    fn python(&self) -> String {
        match self.prefix {
            "" => format!("os.environ[\"{}\"]", self.variable),
            prefix => format!("f\"{prefix}{{os.environ['{}']}}\"", self.variable),
        }
    }
}

impl Call {
    /// A call of an operation with what it requires, at a server's address.
    pub fn new(page: &OperationPage, server: &str, credential: Option<CredentialHeader>) -> Self {
        let (mut path, mut query, mut headers) = (page.operation.path.clone(), Vec::new(), Vec::new());
        for parameter in &page.detail.parameters {
            let value = || parameter_value(parameter, &page.schemas);
            match parameter.location {
                Location::Path => path = path.replace(&format!("{{{}}}", parameter.name), &encode(&value())),
                Location::Query if parameter.required => query.push(format!("{}={}", encode(&parameter.name), encode(&value()))),
                Location::Header if parameter.required => headers.push((parameter.name.clone(), value())),
                _ => {}
            }
        }
        let mut url = format!("{}{path}", server.trim_end_matches('/'));
        if !query.is_empty() {
            url = format!("{url}?{}", query.join("&"));
        }
        let media = page.detail.body.as_ref().and_then(|body| body.media.first());
        let body = media.and_then(|media| {
            headers.push(("Content-Type".to_owned(), media.media_type.clone()));
            let value = example::of_media(media, &page.schemas, Direction::Request)?;
            Some(if media.media_type.contains("json") { Body::Json(value) } else { Body::Text(as_text(&value)) })
        });
        Self { method: page.operation.method.clone(), url, headers, credential, body }
    }

    /// Each language's name, the name that highlighting knows it by, and the call in it.
    pub fn in_every_language(&self) -> [(&'static str, &'static str, String); 3] {
        [("curl", "sh", self.curl()), ("JavaScript", "js", self.javascript()), ("Python", "py", self.python())]
    }

    fn curl(&self) -> String {
        let mut lines = vec![format!("curl --request {} {}", self.method, quoted(&self.url))];
        lines.extend(
            self.credential
                .iter()
                .map(|CredentialHeader { name, prefix, variable }| format!("--header \"{name}: {prefix}${variable}\"")),
        );
        lines.extend(self.headers.iter().map(|(name, value)| format!("--header {}", quoted(&format!("{name}: {value}")))));
        lines.extend(self.body_text().map(|body| format!("--data-raw {}", quoted(&body))));
        lines.join(" \\\n  ")
    }

    fn javascript(&self) -> String {
        let mut headers: Vec<String> =
            self.credential.iter().map(|header| format!("{}: {}", literal(&header.name), header.javascript())).collect();
        headers.extend(self.headers.iter().map(|(name, value)| format!("{}: {}", literal(name), literal(value))));
        let mut options = vec![format!("  method: {},", literal(&self.method))];
        if !headers.is_empty() {
            options.push(format!("  headers: {{ {} }},", headers.join(", ")));
        }
        match &self.body {
            Some(Body::Json(value)) => options.push(format!("  body: JSON.stringify({}),", indented(value, 2))),
            Some(Body::Text(text)) => options.push(format!("  body: {},", literal(text))),
            None => {}
        }
        format!(
            "const response = await fetch({}, {{\n{}\n}});\nconsole.log(response.status, await response.text());",
            literal(&self.url),
            options.join("\n")
        )
    }

    fn python(&self) -> String {
        let mut headers: Vec<String> =
            self.credential.iter().map(|header| format!("{}: {}", literal(&header.name), header.python())).collect();
        headers.extend(self.headers.iter().map(|(name, value)| format!("{}: {}", literal(name), literal(value))));
        let mut arguments = vec![format!("    {},", literal(&self.method)), format!("    {},", literal(&self.url))];
        if !headers.is_empty() {
            arguments.push(format!("    headers={{{}}},", headers.join(", ")));
        }
        arguments.extend(self.body_text().map(|body| format!("    data={},", literal(&body))));
        format!(
            "import os\nimport requests\n\nresponse = requests.request(\n{}\n)\nprint(response.status_code, response.text)",
            arguments.join("\n")
        )
    }

    fn body_text(&self) -> Option<String> {
        match &self.body {
            Some(Body::Json(value)) => Some(pretty(value)),
            Some(Body::Text(text)) => Some(text.clone()),
            None => None,
        }
    }
}

/// What to send for a parameter: its example, or one made from its schema.
pub fn parameter_value(parameter: &Parameter, schemas: &HashMap<String, NamedSchema>) -> String {
    if let Some(example) = &parameter.example {
        return as_text(example);
    }
    let value = example::of_schema(&parameter.schema, schemas, Direction::Request);
    // Its name says more than any text that could be made up.
    if value == "text" || value.is_null() { parameter.name.clone() } else { as_text(&value) }
}

/// A value as it stands in a URL or a header.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// JSON to read.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn indented(value: &Value, by: usize) -> String {
    pretty(value).replace('\n', &format!("\n{}", " ".repeat(by)))
}

pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// For a shell: nothing in single quotes means anything but a single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A string as JavaScript and Python write it; JSON's form is one of theirs.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}
