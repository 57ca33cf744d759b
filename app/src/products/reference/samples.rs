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
    /// Names and values, in either of the ways in which browsers send forms.
    Form(Vec<(String, String)>),
    Multipart(Vec<(String, String)>),
    Text(String),
}

/// How a body of a media type is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    Json,
    Form,
    Multipart,
    Text,
}

impl BodyKind {
    pub fn of(media_type: &str) -> Self {
        match media_type.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => Self::Form,
            "multipart/form-data" => Self::Multipart,
            json if json.contains("json") => Self::Json,
            _ => Self::Text,
        }
    }
}

/// The fields of a form, from its example.
pub fn form_fields(example: &Value) -> Vec<(String, String)> {
    let fields = example.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), as_text(value))).collect()
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
            let kind = BodyKind::of(&media.media_type);
            // The boundary of a form is the sender's, and so is its header.
            if matches!(kind, BodyKind::Json | BodyKind::Text) {
                headers.push(("Content-Type".to_owned(), media.media_type.clone()));
            }
            let value = example::of_media(media, &page.schemas, Direction::Request)?;
            Some(match kind {
                BodyKind::Json => Body::Json(value),
                BodyKind::Form => Body::Form(form_fields(&value)),
                BodyKind::Multipart => Body::Multipart(form_fields(&value)),
                BodyKind::Text => Body::Text(as_text(&value)),
            })
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
        match &self.body {
            Some(Body::Json(value)) => lines.push(format!("--data-raw {}", quoted(&pretty(value)))),
            Some(Body::Text(text)) => lines.push(format!("--data-raw {}", quoted(text))),
            Some(Body::Form(fields)) => lines.extend(
                fields.iter().map(|(name, value)| format!("--data-urlencode {}", quoted(&format!("{}={value}", encode(name))))),
            ),
            Some(Body::Multipart(fields)) => {
                lines.extend(fields.iter().map(|(name, value)| format!("--form-string {}", quoted(&format!("{name}={value}")))))
            }
            None => {}
        }
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
            Some(Body::Form(fields)) => options.push(format!("  body: new URLSearchParams({{ {} }}),", members(fields))),
            Some(Body::Multipart(_)) => options.push("  body: form,".to_owned()),
            None => {}
        }
        let form = match &self.body {
            Some(Body::Multipart(fields)) => {
                let fields = fields.iter().map(|(name, value)| format!("form.append({}, {});\n", literal(name), literal(value)));
                format!("const form = new FormData();\n{}", fields.collect::<String>())
            }
            _ => String::new(),
        };
        format!(
            "{form}const response = await fetch({}, {{\n{}\n}});\nconsole.log(response.status, await response.text());",
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
        match &self.body {
            Some(Body::Json(value)) => arguments.push(format!("    data={},", literal(&pretty(value)))),
            Some(Body::Text(text)) => arguments.push(format!("    data={},", literal(text))),
            Some(Body::Form(fields)) => arguments.push(format!("    data={{{}}},", members(fields))),
            Some(Body::Multipart(fields)) => {
                let fields = fields.iter().map(|(name, value)| format!("{}: (None, {})", literal(name), literal(value)));
                arguments.push(format!("    files={{{}}},", fields.collect::<Vec<_>>().join(", ")));
            }
            None => {}
        }
        format!(
            "import os\nimport requests\n\nresponse = requests.request(\n{}\n)\nprint(response.status_code, response.text)",
            arguments.join("\n")
        )
    }
}

/// Names and values as JavaScript and Python both write them.
fn members(fields: &[(String, String)]) -> String {
    let members = fields.iter().map(|(name, value)| format!("{}: {}", literal(name), literal(value)));
    members.collect::<Vec<_>>().join(", ")
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
