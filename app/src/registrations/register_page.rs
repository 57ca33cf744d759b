use super::functions::CREATE_REGISTRATION;
use crate::{
    ui::{
        forms::{Form, Hidden, Submit},
        layout::PageTitle,
        page::{page, path_id, query},
        words::StateWords,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    products::catalogue,
    registrations::{self, Registrable},
};
use portico_model::{ids::VersionId, paths};

/// Chooses the application that asks for access, and says why others cannot.
#[component]
pub fn RegisterPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<VersionId>("version");
    let preselected = query("application");
    page(async move {
        let portal = visit.portal()?;
        let id = id?;
        let candidates = registrations::candidates(&visit.core, visit.actor, portal.id, id).await?;
        let version = catalogue::version(&visit.core, visit.actor, portal, id).await?;
        let title = format!("Register for {} {}", version.product_name, version.name);
        let (able, unable): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|c| c.same_strategy && c.status.is_none());
        let new = paths::portal::new_application_for(id);
        let strategy = version.strategy_display_name.clone().unwrap_or_default();
        let outcome = if portal.auto_approve_applications || version.auto_approve {
            "It is approved at once."
        } else {
            "An admin decides. A mail tells you how."
        };
        let form = if !version.registration_enabled {
            view! { <p class="warning">"Application registration is not enabled for this service."</p> }.into_any()
        } else if able.is_empty() {
            view! {
                <p class="empty">"You currently have no applications to register."</p>
                <p><a class="button" href=new>"Create an application"</a></p>
            }
            .into_any()
        } else {
            view! {
                <Form action=CREATE_REGISTRATION>
                    <Hidden name="version" value=id.to_string() />
                    {choices(able, &preselected)}
                    <p class="hint">{outcome}</p>
                    <Submit label="Request access" />
                    " "
                    <a href=new>"Create another application"</a>
                </Form>
            }
            .into_any()
        };
        let view = view! {
            <PageTitle text=title.clone() />
            <p class="crumbs"><a href=paths::portal::version(version.product_id, id)>{version.product_name.clone()}</a></p>
            <section class="narrow">
                <h1>{title}</h1>
                {form}
                {reasons(unable, &strategy)}
            </section>
        };
        Ok(view.into_any())
    })
}

fn choices(able: Vec<Registrable>, preselected: &str) -> AnyView {
    let only_one = able.len() == 1;
    let radios = able
        .into_iter()
        .map(|candidate| {
            let value = candidate.application_id.to_string();
            let checked = only_one || value == preselected;
            view! {
                <label class="choice">
                    <input type="radio" name="application" value=value checked=checked required />
                    {candidate.application_name}
                </label>
            }
        })
        .collect_view();
    view! { <fieldset><legend>"Application"</legend>{radios}<p class="problem" data-problem="application" hidden></p></fieldset> }
        .into_any()
}

fn reasons(unable: Vec<Registrable>, strategy: &str) -> AnyView {
    if unable.is_empty() {
        return ().into_any();
    }
    let items = unable
        .into_iter()
        .map(|candidate| {
            let reason = match candidate.status {
                Some(status) => format!("is registered already ({})", status.word().to_lowercase()),
                None => format!("uses {}, but this version asks for {strategy}", candidate.strategy_display_name),
            };
            view! { <li><strong>{candidate.application_name}</strong> " " {reason} "."</li> }
        })
        .collect_view();
    view! {
        <details class="reasons">
            <summary>"Applications that cannot register"</summary>
            <ul>{items}</ul>
        </details>
    }
    .into_any()
}
