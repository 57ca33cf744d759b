//! What an operation takes and gives, and calls of it: alike in a portal and in the console.

use super::{
    example::{self, Direction},
    frame::CredentialHeader,
    samples::{self, Call},
    schema_view::SchemaView,
};
use crate::{
    islands::CopyButton,
    ui::{code, lists::Table, markdown},
};
use leptos::prelude::*;
use portico_core::products::reference::{
    Operation, OperationPage,
    detail::{Body, Location, Media, Parameter, Response},
};
use serde_json::Value;

/// Properties that an operation's page shows, requests and responses together.
const PROPERTIES_MAX: usize = 400;
/// Longest example that is highlighted and shown in full, in bytes.
const EXAMPLE_MAX: usize = 20_000;

/// What it is called where its document does not say.
pub fn title(operation: &Operation) -> String {
    if operation.summary.is_empty() { format!("{} {}", operation.method, operation.path) } else { operation.summary.clone() }
}

/// Method and path, and what the document says of it.
pub fn summary(operation: &OperationPage) -> AnyView {
    let Operation { method, path, deprecated, .. } = &operation.operation;
    view! {
        <p class="operation-line">
            <span class=format!("method {}", method.to_lowercase())>{method.clone()}</span>
            <code>{path.clone()}</code>
            {deprecated.then(|| view! { <span class="badge waiting">"Deprecated"</span> })}
        </p>
        {markdown::description(&operation.detail.description)}
    }
    .into_any()
}

/// Parameters, body and responses. The pages of schemas are below `path`.
pub fn detail(operation: &OperationPage, path: &str) -> AnyView {
    let mut schemas = SchemaView::new(&operation.schemas, path, PROPERTIES_MAX);
    let parameters = parameter_section(operation, &mut schemas);
    let body = operation.detail.body.as_ref().map(|body| body_section(body, operation, &mut schemas));
    let responses = response_section(operation, &mut schemas);
    view! { {parameters} {body} {responses} }.into_any()
}

/// Calls of it to copy. `server` is where they go.
pub fn samples(operation: &OperationPage, server: &str, credential: Option<CredentialHeader>) -> AnyView {
    let call = Call::new(operation, server, credential);
    let samples = call
        .in_every_language()
        .into_iter()
        .enumerate()
        .map(|(index, (name, language, sample))| {
            let id = format!("sample-{language}");
            view! {
                <details name="sample" open=index == 0>
                    <summary>{name}</summary>
                    <div class="copyable">
                        <pre id=id.clone()>{code::block(language, &sample)}</pre>
                        <CopyButton target=id />
                    </div>
                </details>
            }
        })
        .collect_view();
    view! { <section class="samples"><h2>"Call it"</h2> {samples}</section> }.into_any()
}

fn parameter_section<'a>(operation: &'a OperationPage, schemas: &mut SchemaView<'a>) -> AnyView {
    if operation.detail.parameters.is_empty() {
        return ().into_any();
    }
    let rows = operation.detail.parameters.iter().map(|parameter| parameter_row(parameter, schemas)).collect();
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"In"</th>
        <th scope="col">"Value"</th>
    };
    view! {
        <section>
            <h2>"Parameters"</h2>
            <Table headings=headings.into_any() rows=rows empty=|| () />
        </section>
    }
    .into_any()
}

fn parameter_row<'a>(parameter: &'a Parameter, schemas: &mut SchemaView<'a>) -> AnyView {
    let location = match parameter.location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
        Location::Cookie => "cookie",
    };
    let is_required = parameter.required || parameter.location == Location::Path;
    let example = parameter
        .example
        .as_ref()
        .map(|example| view! { <p class="schema-fact">"Example: " <code>{one_line(example)}</code></p> });
    let value = view! { {markdown::description(&parameter.description)} {schemas.draw(&parameter.schema)} {example} };
    view! {
        <tr>
            <th scope="row">
                <code>{parameter.name.clone()}</code>
                {is_required.then(|| view! { " " <span class="badge">"required"</span> })}
                {parameter.deprecated.then(|| view! { " " <span class="badge waiting">"deprecated"</span> })}
            </th>
            <td data-column="In">{location}</td>
            <td data-column="Value">{value}</td>
        </tr>
    }
    .into_any()
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn body_section<'a>(body: &'a Body, operation: &'a OperationPage, schemas: &mut SchemaView<'a>) -> AnyView {
    let media = body.media.iter().map(|media| self::media(media, operation, schemas, Direction::Request)).collect::<Vec<_>>();
    view! {
        <section>
            <h2>"Request body" {body.required.then(|| view! { " " <span class="badge">"required"</span> })}</h2>
            {markdown::description(&body.description)}
            {media}
        </section>
    }
    .into_any()
}

fn media<'a>(media: &'a Media, operation: &'a OperationPage, schemas: &mut SchemaView<'a>, direction: Direction) -> AnyView {
    let schema = media.schema.as_ref().map(|schema| schemas.draw(schema));
    let examples = if media.examples.is_empty() {
        let made = example::of_media(media, &operation.schemas, direction);
        made.map(|value| example("Example".to_owned(), &value)).into_iter().collect::<Vec<_>>()
    } else {
        let named = |name: &str| if name.is_empty() { "Example".to_owned() } else { format!("Example: {name}") };
        media.examples.iter().take(5).map(|given| example(named(&given.name), &given.value)).collect()
    };
    view! {
        <p><code>{media.media_type.clone()}</code></p>
        {schema}
        {examples}
    }
    .into_any()
}

fn example(name: String, value: &Value) -> AnyView {
    let (language, mut text) = match value {
        Value::String(text) => ("", text.clone()),
        other => ("json", samples::pretty(other)),
    };
    if text.len() > EXAMPLE_MAX {
        text.truncate(text.floor_char_boundary(EXAMPLE_MAX));
        text.push('…');
    }
    view! {
        <details class="schema-fold">
            <summary>{name}</summary>
            <pre>{code::block(language, &text)}</pre>
        </details>
    }
    .into_any()
}

fn response_section<'a>(operation: &'a OperationPage, schemas: &mut SchemaView<'a>) -> AnyView {
    let responses = &operation.detail.responses;
    if responses.is_empty() {
        return view! { <section><h2>"Responses"</h2><p class="empty">"The specification names none."</p></section> }.into_any();
    }
    let items = responses.iter().enumerate().map(|(index, response)| self::response(index, response, operation, schemas));
    let items = items.collect::<Vec<_>>();
    view! { <section><h2>"Responses"</h2> {items}</section> }.into_any()
}

fn response<'a>(index: usize, response: &'a Response, operation: &'a OperationPage, schemas: &mut SchemaView<'a>) -> AnyView {
    let tone = match response.status.chars().next() {
        Some('2') => "good",
        Some('4' | '5') => "bad",
        _ => "",
    };
    let rows: Vec<AnyView> = response.headers.iter().map(|header| parameter_row(header, schemas)).collect();
    let headers = (!rows.is_empty()).then(|| {
        let headings = view! {
            <th scope="col">"Header"</th>
            <th scope="col">"In"</th>
            <th scope="col">"Value"</th>
        };
        view! { <Table headings=headings.into_any() rows=rows empty=|| () /> }
    });
    let media =
        response.media.iter().map(|media| self::media(media, operation, schemas, Direction::Response)).collect::<Vec<_>>();
    let summary = response.description.lines().next().unwrap_or_default().to_owned();
    let rest = if response.description.lines().count() > 1 { response.description.as_str() } else { "" };
    view! {
        <details class="response" open=index == 0>
            <summary><span class=format!("badge {tone}")>{response.status.clone()}</span> " " {summary}</summary>
            {markdown::description(rest)}
            {headers}
            {media}
        </details>
    }
    .into_any()
}
