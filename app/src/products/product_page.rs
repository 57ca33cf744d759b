//! A product with one of its versions: how to get access, and what it can do.

use super::reference::{
    frame::{Current, Reading},
    operation_list::operation_list,
};
use crate::{
    ui::{
        layout::PageTitle,
        markdown,
        page::{page, page_request, path_id, query},
        text::{auth_badges, without_strategy},
    },
    visit::Visit,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use portico_core::{
    Actor,
    products::{
        catalogue::{self, CatalogueVersion},
        reference,
    },
    registrations::{self, Registration},
};
use portico_model::{
    ids::{ProductId, VersionId},
    paths,
    states::RegistrationStatus,
};

#[component]
pub fn ProductPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let wanted = use_params_map().get_untracked().get("version");
    let request = page_request();
    let tag = has_tag().then(|| query("tag"));
    page(async move {
        let portal = visit.portal()?;
        let reading = Reading::load(&visit, product, wanted).await?;
        let version = &reading.version;
        let operations = reference::operations(&visit.core, version, tag.as_deref(), &request).await?;
        let description = catalogue::description(&visit.core, version).await?;
        let registrations = match visit.actor {
            Actor::Developer { .. } => registrations::own_for_version(&visit.core, visit.actor, portal.id, version.id).await?,
            _ => Vec::new(),
        };
        let access = (!portal.is_public).then(|| access_card(version, &registrations));
        let introduction = tag.is_none().then(|| introduction(&reading, &description, access));
        let current = tag.as_deref().map_or(Current::Overview, Current::Tag);
        let content = view! {
            <PageTitle text=format!("{} {}", version.product_name, version.name) />
            <h1>{version.product_name.clone()}</h1>
            {introduction}
            {operation_list(&reading, operations, tag.as_deref(), &request)}
        };
        Ok(reading.frame(current, content.into_any()))
    })
}

/// Operations without a tag are those of the empty one.
fn has_tag() -> bool {
    leptos_router::hooks::use_query_map().get_untracked().get("tag").is_some()
}

fn introduction(reading: &Reading, description: &str, access: Option<AnyView>) -> AnyView {
    let version = &reading.version;
    let download = reading.introduction.is_some().then(|| {
        let href = paths::portal::specification(version.product_id, version.id);
        view! { <p><a href=href download="">"Download the specification"</a></p> }
    });
    view! {
        <p class="lead">{version.product_description.clone()}</p>
        {version_switch(&reading.versions, version.id)}
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
        {markdown::description(description)}
        {calling(reading)}
        {download}
    }
    .into_any()
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
                <p>{without_strategy(version)}</p>
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
            <p>{strategy} {auth_badges(version.openid_connect.as_ref())}</p>
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
fn calling(reading: &Reading) -> AnyView {
    let Some(header) = reading.credential().filter(|_| reading.version.gateway_path_prefix.is_some()) else {
        return ().into_any();
    };
    view! {
        <section>
            <h2>"Calling it"</h2>
            <pre class="code"><code>{format!("curl {} --header \"{}: {}${}\"", reading.server(), header.name, header.prefix, header.variable)}</code></pre>
        </section>
    }
    .into_any()
}
