//! One operation: what it takes, what it gives, how to call it.

use super::{
    frame::{Current, Reading},
    operation_view,
    try_it::try_section,
};
use crate::{
    ui::{
        layout::PageTitle,
        page::{page, path_id, path_text},
        text::{auth_badges, without_strategy},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{auth_strategies::OpenidConnect, products::reference};
use portico_model::{ids::ProductId, paths, states::AuthMethod};

#[component]
pub fn OperationPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let (version, slug) = (path_text("version"), path_text("operation"));
    page(async move {
        let reading = Reading::load(&visit, product, Some(version)).await?;
        let operation = reference::operation(&visit.core, &reading.version, &slug).await?;
        let found = &operation.operation;
        let title = operation_view::title(found);
        let try_it = try_section(&visit, &reading, &operation).await?;
        let content = view! {
            <PageTitle text=format!("{title}, {}", reading.version.product_name) />
            <h1>{title}</h1>
            {operation_view::summary(&operation)}
            {authentication(&reading)}
            {operation_view::samples(&operation, &reading.server(), reading.credential())}
            {operation_view::detail(&operation, &reading.path())}
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
