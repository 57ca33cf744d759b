//! One operation: what it takes, what it gives, how to call it.

use super::{
    example::{self, Direction},
    frame::{Current, Reading},
    samples::{self, Call},
    schema_view::SchemaView,
    try_it::try_section,
};
use crate::{
    islands::CopyButton,
    ui::{
        code,
        layout::PageTitle,
        lists::Table,
        markdown,
        page::{page, path_id, path_text},
        text::{auth_badges, without_strategy},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    auth_strategies::OpenidConnect,
    products::reference::{
        self, OperationPage as Operation,
        detail::{Body, Location, Media, Parameter, Response},
    },
};
use portico_model::{ids::ProductId, paths, states::AuthMethod};
use serde_json::Value;

/// Properties that an operation's page shows, requests and responses together.
const PROPERTIES_MAX: usize = 400;
/// Longest example that is highlighted and shown in full, in bytes.
const EXAMPLE_MAX: usize = 20_000;

#[component]
pub fn OperationPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let (version, slug) = (path_text("version"), path_text("operation"));
    page(async move {
        let reading = Reading::load(&visit, product, Some(version)).await?;
        let operation = reference::operation(&visit.core, &reading.version, &slug).await?;
        let found = &operation.operation;
        let title = if found.summary.is_empty() { format!("{} {}", found.method, found.path) } else { found.summary.clone() };
        let path = reading.path();
        let mut schemas = SchemaView::new(&operation.schemas, &path, PROPERTIES_MAX);
        let parameters = parameter_section(&operation, &mut schemas);
        let body = operation.detail.body.as_ref().map(|body| body_section(body, &operation, &mut schemas));
        let responses = response_section(&operation, &mut schemas);
        let try_it = try_section(&visit, &reading, &operation).await?;
        let content = view! {
            <PageTitle text=format!("{title}, {}", reading.version.product_name) />
            <h1>{title}</h1>
            <p class="operation-line">
                <span class=format!("method {}", found.method.to_lowercase())>{found.method.clone()}</span>
                <code>{found.path.clone()}</code>
                {found.deprecated.then(|| view! { <span class="badge waiting">"Deprecated"</span> })}
            </p>
            {markdown::description(&operation.detail.description)}
            {authentication(&reading)}
            {sample_section(&reading, &operation)}
            {parameters}
            {body}
            {responses}
            {try_it}
        };
        Ok(reading.frame(Current::Tag(&found.tag), content.into_any()))
    })
}

/// How callers of this version show who they are, by its strategy.
fn authentication(reading: &Reading) -> AnyView {
    let version = &reading.version;
    if reading.is_public {
        return ().into_any();
    }
    let (Some(strategy), Some(credential)) = (&version.strategy_display_name, reading.credential()) else {
        let words = without_strategy(version);
        return view! { <section><h2>"Authentication"</h2><p>{words}</p></section> }.into_any();
    };
    let how = match &version.openid_connect {
        None => key_words(&credential.name, version.key_names.as_deref().unwrap_or_default()),
        Some(config) => token_words(config),
    };
    let access = paths::portal::version(version.product_id, version.id);
    view! {
        <section>
            <h2>"Authentication"</h2>
            <p>
                {strategy.clone()} {auth_badges(version.openid_connect.as_ref())} " " {how} " "
                <a href=access>"Get access"</a>
            </p>
        </section>
    }
    .into_any()
}

fn key_words(header: &str, names: &[String]) -> AnyView {
    let others: Vec<&str> = names.iter().skip(1).map(String::as_str).collect();
    let others = (!others.is_empty()).then(|| format!(" Also accepted: {}.", others.join(", ")));
    view! {
        "Send a key of your application in the header " <code>{header.to_owned()}</code>
        ", or as a query parameter of that name." {others}
    }
    .into_any()
}

fn token_words(config: &OpenidConnect) -> AnyView {
    let scopes = (!config.scopes.is_empty()).then(|| {
        view! { " Ask for the scopes " <code>{config.scopes.join(" ")}</code> "." }
    });
    let token = config.takes_tokens().then(|| {
        view! {
            "Get a token for your client from " <code>{config.issuer.clone()}</code>
            " and send it in the header " <code>"Authorization"</code> ", after " <code>"Bearer"</code> "." {scopes} " "
        }
    });
    let login = config.takes_logins().then(|| {
        let whose = match config.takes(AuthMethod::ClientCredentials) {
            true => "your client's id and secret",
            false => "a person's name and password",
        };
        view! { "Send " {whose} " by HTTP Basic: the gateway gets a token for them. " }
    });
    let session = config.takes(AuthMethod::AuthorizationCode).then_some("In a browser, people are led to sign in.");
    view! { {token} {login} {session} }.into_any()
}

fn sample_section(reading: &Reading, operation: &Operation) -> AnyView {
    let call = Call::new(operation, &reading.server(), reading.credential());
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

fn parameter_section<'a>(operation: &'a Operation, schemas: &mut SchemaView<'a>) -> AnyView {
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

fn body_section<'a>(body: &'a Body, operation: &'a Operation, schemas: &mut SchemaView<'a>) -> AnyView {
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

fn media<'a>(media: &'a Media, operation: &'a Operation, schemas: &mut SchemaView<'a>, direction: Direction) -> AnyView {
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

fn response_section<'a>(operation: &'a Operation, schemas: &mut SchemaView<'a>) -> AnyView {
    let responses = &operation.detail.responses;
    if responses.is_empty() {
        return view! { <section><h2>"Responses"</h2><p class="empty">"The specification names none."</p></section> }.into_any();
    }
    let items = responses.iter().enumerate().map(|(index, response)| self::response(index, response, operation, schemas));
    let items = items.collect::<Vec<_>>();
    view! { <section><h2>"Responses"</h2> {items}</section> }.into_any()
}

fn response<'a>(index: usize, response: &'a Response, operation: &'a Operation, schemas: &mut SchemaView<'a>) -> AnyView {
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
