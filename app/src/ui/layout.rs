//! The document and the frame around every page.

use crate::{
    admins::functions::SIGN_OUT_ADMIN,
    developers::functions::SIGN_OUT,
    search::search_page::search_box,
    ui::forms::{Form, Submit},
    visit::Visit,
};
use http::{HeaderValue, header};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use portico_core::Actor;
use portico_model::{access::Permission, paths};

/// The HTML document. Sets the content security policy, since only it knows the nonce.
pub fn document(app: impl Fn() -> AnyView) -> impl IntoView {
    provide_meta_context();
    let assets = Visit::current().assets;
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        expect_context::<ResponseOptions>().insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="icon" type="image/svg+xml" href=assets.icon.clone() />
                <script type="module" src=assets.start.clone()></script>
                <MetaTags />
            </head>
            <body>{app()}</body>
        </html>
    }
}

/// The title in the browser's tab. The only `Title` there is: Leptos does not escape it, so it is escaped here.
#[component]
pub fn PageTitle(#[prop(into)] text: String) -> impl IntoView {
    let place = Visit::current().portal.map_or_else(|| "Portico".to_owned(), |portal| portal.display_name);
    let title = format!("{text} | {place}");
    view! { <Title text=html_escape::encode_text(&title).into_owned() /> }
}

fn notice() -> AnyView {
    let notice = Visit::current().flash.notice.clone();
    view! { {notice.map(|notice| view! { <p class="notice" role="status">{notice}</p> })} }.into_any()
}

fn nav_link(href: &'static str, label: &'static str) -> AnyView {
    let target = Visit::current().target;
    let path = target.split('?').next().unwrap_or_default();
    let is_home = matches!(href, paths::portal::CATALOGUE | paths::admin::HOME);
    // Strategies and DCR providers are two sides of one subject.
    let is_sibling = href == paths::admin::AUTH_STRATEGIES && path.starts_with(paths::admin::DCR_PROVIDERS);
    let is_here = path == href || is_sibling || (!is_home && path.starts_with(&format!("{href}/")));
    view! { <a href=href aria-current=is_here.then_some("page")>{label}</a> }.into_any()
}

/// The frame of a portal's pages.
#[component]
pub fn PortalFrame(children: Children) -> impl IntoView {
    let visit = Visit::current();
    let Some(portal) = visit.portal else { return children().into_any() };
    let account = match (visit.actor, portal.is_public) {
        (Actor::Developer { .. }, _) => view! {
            {nav_link(paths::portal::APPLICATIONS, "My applications")}
            {nav_link(paths::portal::ACCOUNT, "Account")}
            <Form action=SIGN_OUT class="inline">
                <Submit label="Sign out" class="link" />
            </Form>
        }
        .into_any(),
        (_, true) => ().into_any(),
        _ => view! {
            {nav_link(paths::portal::SIGN_IN, "Sign in")}
            <a class="button" href=paths::portal::SIGN_UP>"Sign up"</a>
        }
        .into_any(),
    };
    let path = visit.target.split('?').next().unwrap_or_default();
    let may_read = portal.is_public || matches!(visit.actor, Actor::Developer { .. });
    // Those pages have a box of their own.
    let has_search = may_read && path != paths::portal::CATALOGUE && path != paths::portal::SEARCH;
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <header class="top">
            <a class="brand" href=paths::portal::CATALOGUE>{portal.display_name.clone()}</a>
            {has_search.then(|| search_box(""))}
            <nav aria-label="Main">{nav_link(paths::portal::CATALOGUE, "Catalog")} {account}</nav>
        </header>
        <main id="main">{notice()} {children()}</main>
        <footer class="bottom">{portal.description.clone()}</footer>
    }
    .into_any()
}

/// The frame of the admin console's pages.
#[component]
pub fn AdminFrame(children: Children) -> impl IntoView {
    let visit = Visit::current();
    let is_admin = matches!(visit.actor, Actor::Admin { .. });
    // What somebody may not see is not offered to them.
    let link = |permission: Permission, href, label| visit.actor.require(permission).is_ok().then(|| nav_link(href, label));
    let navigation = is_admin.then(|| {
        view! {
            <nav class="side" aria-label="Main">
                {nav_link(paths::admin::HOME, "Overview")}
                {link(Permission::ReadProducts, paths::admin::PRODUCTS, "API Products")}
                {link(Permission::ReadPortals, paths::admin::PORTALS, "Dev Portals")}
                {match visit.actor.require(Permission::ReadStrategies) {
                    Ok(()) => Some(nav_link(paths::admin::AUTH_STRATEGIES, "Application Auth")),
                    Err(_) => link(Permission::ReadProviders, paths::admin::DCR_PROVIDERS, "DCR providers"),
                }}
                {link(Permission::ReadGateways, paths::admin::GATEWAYS, "Gateways")}
                {link(Permission::ReadPeople, paths::admin::DEVELOPERS, "Developers")}
                {link(Permission::ReadPeople, paths::admin::REGISTRATIONS, "Registrations")}
                {link(Permission::ReadPeople, paths::admin::APPLICATIONS, "Applications")}
                {nav_link(paths::admin::ACCESS_TOKENS, "Access tokens")}
                {nav_link(paths::admin::MANAGEMENT_API, "Management API")}
                {link(Permission::Administer, paths::admin::SYSTEM_ACCOUNTS, "System accounts")}
                {link(Permission::Administer, paths::admin::ADMINS, "Admins")}
                {link(Permission::Operate, paths::admin::MAIL, "Mail")}
                {link(Permission::ReadPeople, paths::admin::EXPLAIN, "Explain a call")}
            </nav>
        }
    });
    let sign_out = is_admin.then(|| {
        view! {
            <Form action=SIGN_OUT_ADMIN class="inline">
                <Submit label="Sign out" class="link" />
            </Form>
        }
    });
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <header class="top">
            <a class="brand" href=paths::admin::HOME>"Portico"</a>
            <nav aria-label="Account">{sign_out}</nav>
        </header>
        <div class="console" class:with-side=is_admin>
            {navigation} <main id="main">{notice()} {children()}</main>
        </div>
    }
}
