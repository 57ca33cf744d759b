use crate::{
    ui::{
        layout::PageTitle,
        page::{page, path_id},
        text::count,
    },
    visit::{UiError, Visit},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use portico_core::{
    Actor, Error,
    products::{
        Operation,
        catalogue::{self, CatalogueVersion},
    },
    registrations,
    registrations::Registration,
};
use portico_model::{
    ids::{ProductId, VersionId},
    paths,
    problem::Problem,
    states::RegistrationStatus,
};

/// A product with one of its versions: how to get access, and what it can do.
#[component]
pub fn ProductPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let wanted = use_params_map().get_untracked().get("version");
    page(async move {
        let portal = visit.portal()?;
        let versions = catalogue::versions(&visit.core, visit.actor, portal, product?).await?;
        let version = choose(&versions, wanted)?;
        let (operations, total) = catalogue::operations(&visit.core, visit.actor, portal, version.id).await?;
        let registrations = match visit.actor {
            Actor::Developer { .. } => registrations::own_for_version(&visit.core, visit.actor, portal.id, version.id).await?,
            _ => Vec::new(),
        };
        let access = (!portal.is_public).then(|| access_card(&version, &registrations));
        let title = format!("{} {}", version.product_name, version.name);
        let view = view! {
            <PageTitle text=title />
            <p class="crumbs"><a href=paths::portal::CATALOGUE>"Catalog"</a></p>
            <h1>{version.product_name.clone()}</h1>
            <p class="lead">{version.product_description.clone()}</p>
            {version_switch(&versions, version.id)}
            {version
                .deprecated
                .then(|| {
                    view! {
                        <p class="warning">
                            "This product version is now deprecated. The endpoints will remain fully usable until this version is sunsetted."
                        </p>
                    }
                })}
            {access}
            {(!portal.is_public).then(|| calling(&visit, &version))}
            {operation_list(operations, total)}
        };
        Ok(view.into_any())
    })
}

fn choose(versions: &[CatalogueVersion], wanted: Option<String>) -> Result<CatalogueVersion, UiError> {
    let chosen = match wanted {
        None => versions.first(),
        Some(id) => id.parse::<VersionId>().ok().and_then(|id| versions.iter().find(|version| version.id == id)),
    };
    chosen.cloned().ok_or_else(|| Error::Problem(Problem::NotFound).into())
}

fn version_switch(versions: &[CatalogueVersion], current: VersionId) -> AnyView {
    let links = versions
        .iter()
        .map(|version| {
            let label = if version.deprecated { format!("{} (Deprecated)", version.name) } else { version.name.clone() };
            let here = (version.id == current).then_some("page");
            view! { <a href=paths::portal::version(version.product_id, version.id) aria-current=here>{label}</a> }
        })
        .collect_view();
    view! { <nav class="versions" aria-label="Versions">{links}</nav> }.into_any()
}

/// How callers authenticate, and the one button, whose label is the state.
fn access_card(version: &CatalogueVersion, registrations: &[Registration]) -> AnyView {
    let Some(strategy) = version.strategy_display_name.clone() else {
        return view! {
            <section class="card access">
                <h2>"Access"</h2>
                <p>"This version has no way to authenticate, so nobody can call it at the moment."</p>
            </section>
        }
        .into_any();
    };
    let states = registrations.iter().map(registration_state).collect_view();
    let register = paths::portal::register(version.product_id, version.id);
    let label = if registrations.is_empty() { "Get access" } else { "Register another application" };
    let button = if version.registration_enabled {
        view! { <a class="button" class:secondary=!registrations.is_empty() href=register>{label}</a> }.into_any()
    } else {
        view! { <p class="quiet">"Registration for this product version is not enabled."</p> }.into_any()
    };
    view! {
        <section class="card access">
            <h2>"Access"</h2>
            <p>{strategy} " " <span class="badge">"Key Auth"</span></p>
            {(!registrations.is_empty()).then(|| view! { <ul class="plain">{states}</ul> })}
            {button}
        </section>
    }
    .into_any()
}

fn registration_state(registration: &Registration) -> AnyView {
    let href = paths::portal::application(registration.application_id);
    let reason = registration.status_reason.clone();
    let because = |word: &str| if reason.is_empty() { word.to_owned() } else { format!("{word}: {reason}") };
    let state = match registration.status {
        RegistrationStatus::Approved => view! { <a class="button" href=href>"Manage access"</a> }.into_any(),
        RegistrationStatus::Pending => view! { <a class="button secondary" href=href>"Requested"</a> }.into_any(),
        RegistrationStatus::Rejected => view! { <a class="button secondary" href=href>{because("Rejected")}</a> }.into_any(),
        RegistrationStatus::Revoked => view! { <a class="button secondary" href=href>{because("Revoked")}</a> }.into_any(),
    };
    view! { <li class="row"><span>{registration.application_name.clone()}</span> {state}</li> }.into_any()
}

/// Where to send calls, with the reader's own key left as a variable.
fn calling(visit: &Visit, version: &CatalogueVersion) -> AnyView {
    let (Some(prefix), Some(key_names)) = (&version.gateway_path_prefix, &version.key_names) else { return ().into_any() };
    let base = gateway_url(&visit.gateway_origin, version.gateway_host.as_deref().unwrap_or_default(), prefix);
    let header = key_names.first().cloned().unwrap_or_default();
    view! {
        <section>
            <h2>"Calling it"</h2>
            <pre class="code"><code>{format!("curl {base} --header \"{header}: $API_KEY\"")}</code></pre>
        </section>
    }
    .into_any()
}

/// The address of a service at the built-in gateway.
pub fn gateway_url(origin: &str, host: &str, path_prefix: &str) -> String {
    let path = if path_prefix == "/" { "/".to_owned() } else { path_prefix.to_owned() };
    if host.is_empty() {
        return format!("{origin}{path}");
    }
    let port = origin.rsplit_once(':').map(|(_, port)| port).filter(|port| port.chars().all(|c| c.is_ascii_digit()));
    let scheme = origin.split("://").next().unwrap_or("http");
    format!("{scheme}://{host}{}{path}", port.map(|port| format!(":{port}")).unwrap_or_default())
}

fn operation_list(operations: Vec<Operation>, total: i64) -> AnyView {
    if operations.is_empty() {
        return view! { <section><h2>"Operations"</h2><p class="empty">"This version has no specification yet."</p></section> }
            .into_any();
    }
    let shown = i64::try_from(operations.len()).unwrap_or(i64::MAX);
    let items = operations
        .into_iter()
        .map(|operation| {
            view! {
                <li class="operation">
                    <span class=format!("method {}", operation.method.to_lowercase())>{operation.method.clone()}</span>
                    <code>{operation.path}</code>
                    <span>{operation.summary}</span>
                    {operation.deprecated.then(|| view! { <span class="badge waiting">"Deprecated"</span> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <section>
            <h2>"Operations"</h2>
            <p class="quiet">
                {count(total, "operation", "operations")}
                {(shown < total).then(|| format!(", the first {shown} of them"))}
            </p>
            <ul class="operations">{items}</ul>
        </section>
    }
    .into_any()
}
