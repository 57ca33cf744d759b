//! Trying an operation from its page: Portico itself makes the call, to this version's gateway service alone, on
//! behalf of one of the reader's own keys. The key is not needed for that, and nobody has to paste it.

use super::{
    example::{self, Direction},
    frame::Reading,
    samples::{self, BodyKind},
};
use crate::{
    ui::forms::{Form, Hidden, Select, Submit, TextArea, TextField},
    visit::{TriedCall, UiError, Visit, parse_id},
};
use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, header};
use leptos::prelude::*;
use portico_core::{
    credentials::{self, UsableCredential},
    products::{
        catalogue,
        reference::{
            self, OperationPage,
            detail::{Location, Parameter},
        },
    },
};
use portico_gateway::Tried;
use portico_model::{
    ids::VersionId,
    problem::{Problem, Rule},
    states::StrategyType,
};
use serde_json::Value;
use std::collections::HashMap;

pub const TRY_OPERATION: &str = "/_fn/try-operation";

/// Longest text of an answer that is shown, in bytes.
const SHOWN_MAX: usize = 64 * 1024;

/// Headers that belong to the connection, or to the browser that made this request.
const NOT_SENT: [&str; 11] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// `parameters` are by their place in the operation. For developers, with a key of their own.
#[server(prefix = "/_fn", endpoint = "try-operation")]
pub async fn try_operation(
    version: String,
    operation: String,
    credential: String,
    #[server(default)] parameters: HashMap<String, String>,
    #[server(default)] body: String,
) -> Result<TriedCall, UiError> {
    let visit = Visit::current();
    let portal = visit.portal()?;
    let key_id = credentials::key_id(&visit.core, visit.actor, portal.id, parse_id("credential", &credential)?).await?;
    let version: VersionId = parse_id("version", &version)?;
    let version = catalogue::version(&visit.core, visit.actor, portal, version).await?;
    let operation = reference::operation(&visit.core, &version, &operation).await?;
    let request = request(&operation, &parameters, body)?;
    Ok(told(visit.proxy.try_call(version.id, &key_id, request).await))
}

/// The call, with its path as it follows the gateway service's prefix.
fn request(operation: &OperationPage, values: &HashMap<String, String>, body: String) -> Result<Request<Body>, UiError> {
    let (mut path, mut query) = (operation.operation.path.clone(), Vec::new());
    let mut request = Request::builder().method(operation.operation.method.as_str());
    for (index, parameter) in operation.detail.parameters.iter().enumerate() {
        let field = field(index);
        let wrong = |rule| UiError(Problem::field(&field, rule));
        let value = values.get(&index.to_string()).map(|value| value.trim()).unwrap_or_default();
        if value.is_empty() {
            if is_required(parameter) {
                return Err(wrong(Rule::Required));
            }
            continue;
        }
        match parameter.location {
            Location::Path => path = path.replace(&format!("{{{}}}", parameter.name), &samples::encode(value)),
            Location::Query => query.push(format!("{}={}", samples::encode(&parameter.name), samples::encode(value))),
            Location::Header if is_sent(parameter) => {
                let value = HeaderValue::from_str(value).map_err(|_| wrong(Rule::ControlCharacter))?;
                request = request.header(&parameter.name, value);
            }
            Location::Header | Location::Cookie => {}
        }
    }
    let media = operation.detail.body.as_ref().and_then(|body| body.media.first());
    let mut body = body;
    if let Some(media) = media.filter(|_| !body.is_empty()) {
        let content_type;
        (content_type, body) = written(&media.media_type, body);
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    // A document can name a path or a header that no request can have.
    request.uri(target).body(Body::from(body)).map_err(|_| Problem::Invalid(Vec::new()).into())
}

/// A body as it travels, with its type: the fields of a form were typed one on a line.
fn written(media_type: &str, typed: String) -> (String, String) {
    let fields = typed.lines().filter_map(|line| line.split_once('='));
    match BodyKind::of(media_type) {
        BodyKind::Json | BodyKind::Text => (media_type.to_owned(), typed),
        BodyKind::Form => {
            let fields = fields.map(|(name, value)| format!("{}={}", samples::encode(name.trim()), samples::encode(value)));
            (media_type.to_owned(), fields.collect::<Vec<_>>().join("&"))
        }
        BodyKind::Multipart => {
            // No line of the form may look like the end of a part.
            let mut boundary = "portico".to_owned();
            while typed.contains(&boundary) {
                boundary.push('-');
            }
            let part = |(name, value): (&str, &str)| {
                let name = name.trim().replace('"', "%22");
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            let parts: String = fields.map(part).collect();
            (format!("multipart/form-data; boundary={boundary}"), format!("{parts}--{boundary}--\r\n"))
        }
    }
}

fn field(index: usize) -> String {
    format!("parameters[{index}]")
}

fn is_required(parameter: &Parameter) -> bool {
    parameter.required || parameter.location == Location::Path
}

fn is_sent(parameter: &Parameter) -> bool {
    let name = parameter.name.to_ascii_lowercase();
    HeaderName::try_from(&name).is_ok() && !NOT_SENT.contains(&name.as_str())
}

fn told(tried: Tried) -> TriedCall {
    let headers: Vec<String> =
        tried.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect();
    let is_text = std::str::from_utf8(&tried.body).is_ok() || tried.is_cut;
    let body = match serde_json::from_slice::<Value>(&tried.body) {
        Ok(json) => samples::pretty(&json),
        Err(_) if is_text => String::from_utf8_lossy(&tried.body).into_owned(),
        Err(_) => format!("{} bytes that are not text", tried.body.len()),
    };
    TriedCall {
        status: format!("{}, {} ms", tried.status, tried.took.as_millis()),
        headers: shown(headers.join("\n"), false),
        body: shown(body, tried.is_cut),
    }
}

/// As much of a text as a page shows; written out with its indents, an answer may have become a long one.
fn shown(mut text: String, is_cut: bool) -> String {
    let fits = text.len() <= SHOWN_MAX;
    text.truncate(text.floor_char_boundary(SHOWN_MAX));
    if is_cut || !fits {
        text.push_str("\n… and more, which is not shown");
    }
    text
}

/// The form; nothing where there is nobody to call on behalf of, or nothing to call.
pub async fn try_section(visit: &Visit, reading: &Reading, operation: &OperationPage) -> Result<AnyView, UiError> {
    if reading.is_public || reading.version.gateway_path_prefix.is_none() {
        return Ok(().into_any());
    }
    let usable = credentials::usable_for(&visit.core, visit.actor, visit.portal()?.id, reading.version.id).await?;
    if reading.version.strategy_type != Some(StrategyType::KeyAuth) {
        // A token is its owner's: nothing here could make one in their name.
        return Ok(().into_any());
    }
    if usable.is_empty() {
        let path = reading.path();
        return Ok(view! {
            <section>
                <h2>"Try it"</h2>
                <p class="empty">"To try this here, "<a href=path>"get access"</a>" with one of your applications and create a key for it."</p>
            </section>
        }
        .into_any());
    }
    let answer = visit.flash.answer.clone();
    Ok(view! { <section id="try"><h2>"Try it"</h2> {try_form(reading, operation, usable)} {answer_region(answer)}</section> }
        .into_any())
}

fn try_form(reading: &Reading, operation: &OperationPage, usable: Vec<UsableCredential>) -> AnyView {
    let (version, slug) = (reading.version.id, operation.operation.slug.clone());
    let credentials = usable
        .into_iter()
        .map(|key| (key.id.to_string(), format!("{}, {} ({}…)", key.application_name, key.display_name, key.key_id)))
        .collect();
    let parameters: Vec<Field> = operation
        .detail
        .parameters
        .iter()
        .enumerate()
        .filter(|(_, parameter)| parameter.location != Location::Cookie)
        .filter(|(_, parameter)| parameter.location != Location::Header || is_sent(parameter))
        .map(|(index, parameter)| Field::of_parameter(index, parameter, operation))
        .collect();
    let body = operation.detail.body.as_ref().and_then(|body| body.media.first()).map(|media| {
        let is_form = matches!(BodyKind::of(&media.media_type), BodyKind::Form | BodyKind::Multipart);
        let text = match example::of_media(media, &operation.schemas, Direction::Request) {
            Some(value) if is_form => {
                let fields = samples::form_fields(&value).into_iter().map(|(name, value)| format!("{name}={value}"));
                fields.collect::<Vec<_>>().join("\n")
            }
            Some(Value::String(text)) => text,
            Some(value) => samples::pretty(&value),
            None => String::new(),
        };
        let hint = if is_form { "One field on a line: name=value" } else { "" };
        (format!("Body ({})", media.media_type), text, hint)
    });
    // Fields belong to the form that they are made in.
    let fields = move || {
        let body =
            body.clone().map(|(label, text, hint)| view! { <TextArea name="body" label=label value=text rows=8 hint=hint /> });
        let parameters = parameters.iter().cloned().map(|Field { name, label, value, required }| {
            view! { <TextField name=name label=label value=value required=required /> }
        });
        view! { {parameters.collect_view()} {body} }
    };
    view! {
        <Form action=TRY_OPERATION key=slug.clone()>
            <Hidden name="version" value=version />
            <Hidden name="operation" value=slug />
            <Select name="credential" label="Key" options=credentials />
            {fields()}
            <Submit label="Send" />
        </Form>
    }
    .into_any()
}

#[derive(Clone)]
struct Field {
    name: String,
    label: String,
    value: String,
    required: bool,
}

impl Field {
    fn of_parameter(index: usize, parameter: &Parameter, operation: &OperationPage) -> Self {
        let required = is_required(parameter);
        let value = if required { samples::parameter_value(parameter, &operation.schemas) } else { String::new() };
        let place = match parameter.location {
            Location::Header => " (header)",
            Location::Path => " (path)",
            Location::Query | Location::Cookie => "",
        };
        Self { name: field(index), label: format!("{}{place}", parameter.name), value, required }
    }
}

/// What came back; empty and unseen until something did.
fn answer_region(answer: Option<TriedCall>) -> AnyView {
    let hidden = answer.is_none();
    let TriedCall { status, headers, body } = answer.unwrap_or_default();
    view! {
        <div class="answer" data-answer="" hidden=hidden role="status" tabindex="-1">
            <h3>"Answer"</h3>
            <p><strong data-answer-part="status">{status}</strong></p>
            <details>
                <summary>"Headers"</summary>
                <pre data-answer-part="headers" tabindex="0">{headers}</pre>
            </details>
            <pre data-answer-part="body" tabindex="0" aria-label="Body">{body}</pre>
        </div>
    }
    .into_any()
}
