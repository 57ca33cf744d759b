//! The publication dialog: choose the portal, how callers authenticate, and who may register.

use super::functions::{DELETE_PUBLICATION, SAVE_PUBLICATION};
use crate::ui::{
    forms::{Checkbox, Confirm, Disclosure, Form, Hidden, Select, Submit},
    lists::Table,
    text::badge,
};
use leptos::prelude::*;
use portico_core::{auth_strategies::AuthStrategy, portals::Portal, products::versions::Version, publications::Publication};
use portico_model::{paths, states::PublishStatus};

/// Where a version is published, and how.
pub fn publication_table(version: &Version, publications: &[Publication]) -> AnyView {
    let rows = publications.iter().map(|publication| row(version, publication)).collect();
    let headings = view! {
        <th scope="col">"Portal"</th>
        <th scope="col">"Status"</th>
        <th scope="col">"Auth strategy"</th>
        <th scope="col">"Registrations"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    view! { <Table headings=headings.into_any() rows=rows empty=|| "Published to no portal yet. Choose one below, so that developers see this version." /> }.into_any()
}

fn row(version: &Version, publication: &Publication) -> AnyView {
    let (product, id, portal) = (version.product_id, version.id, publication.portal_id);
    let edit = format!("{}?portal={portal}#publish", paths::admin::version(version.product_id, version.id));
    let registrations = match (publication.application_registration_enabled, publication.auto_approve_registration) {
        (false, _) => "Closed",
        (true, true) => "Open, approved at once",
        (true, false) => "Open, with approval",
    };
    let question = format!("Remove this version from {}? Nobody may be registered for it there.", publication.portal_name);
    view! {
        <tr>
            <th scope="row"><a href=paths::admin::portal(publication.portal_id)>{publication.portal_name.clone()}</a></th>
            <td data-column="Status">
                {badge(&publication.publish_status)}
                {publication.deprecated.then(|| view! { " " <span class="badge waiting">"Deprecated"</span> })}
            </td>
            <td data-column="Auth strategy">{access(publication)}</td>
            <td data-column="Registrations">{registrations}</td>
            <td class="actions">
                <a href=edit>"Edit"</a>
                <Confirm label="Remove" question=question>
                    <Form action=DELETE_PUBLICATION key=portal.to_string()>
                        <Hidden name="product" value=product />
                        <Hidden name="version" value=id />
                        <Hidden name="portal" value=portal />
                        <Submit label="Remove" class="danger" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}

fn access(publication: &Publication) -> String {
    match (&publication.auth_strategy_name, publication.no_authentication) {
        (Some(name), _) => name.clone(),
        (None, true) => "No authentication: anybody may call".to_owned(),
        (None, false) => "None: closed to callers".to_owned(),
    }
}

/// The dialog. `chosen` is the portal whose publication is edited, `made` the strategy just made for it; both may be
/// empty.
pub fn publish_form(
    version: &Version,
    publications: &[Publication],
    portals: Vec<Portal>,
    strategies: Vec<AuthStrategy>,
    chosen: &str,
    made: &str,
) -> AnyView {
    if portals.is_empty() {
        return view! { <p class="empty">"There is no portal. " <a href=paths::admin::NEW_PORTAL>"Create one first."</a></p> }
            .into_any();
    }
    let edited = publications.iter().find(|publication| publication.portal_id.to_string() == chosen).cloned();
    let status = edited.as_ref().map_or(PublishStatus::Published, |publication| publication.publish_status);
    let strategy = match made {
        "" => edited.as_ref().and_then(|publication| publication.auth_strategy_id).map(|id| id.to_string()),
        made => Some(made.to_owned()),
    };
    let require = strategy.is_some() || edited.is_none();
    let anybody = edited.as_ref().is_some_and(|publication| publication.no_authentication);
    let takes_registrations = edited.as_ref().is_none_or(|publication| publication.application_registration_enabled);
    let auto_approve = edited.as_ref().is_some_and(|publication| publication.auto_approve_registration);
    let deprecated = edited.as_ref().is_some_and(|publication| publication.deprecated);
    let portal_options = portals.into_iter().map(|portal| (portal.id.to_string(), portal.name)).collect();
    let mut strategy_options = vec![(String::new(), "Choose…".to_owned())];
    strategy_options.extend(strategies.into_iter().map(|strategy| (strategy.id.to_string(), strategy.name)));
    let status_options = vec![
        ("published".to_owned(), "Published".to_owned()),
        ("unpublished".to_owned(), "Unpublished: hidden, calls go on".to_owned()),
    ];
    let unenforced = version.gateway_service_id.is_none().then(|| {
        view! {
            <p class="warning">
                "No gateway service is linked to this version, so nothing will enforce this: no call reaches it. Link one below."
            </p>
        }
    });
    let (product, id) = (version.product_id, version.id);
    let heading = if edited.is_some() { "Edit publication" } else { "Publish to Dev Portals" };
    let chosen = chosen.to_owned();
    let open = edited.is_some() || publications.is_empty() || !made.is_empty();
    let new_strategy = paths::admin::new_auth_strategy("", &id.to_string());
    view! {
        <Disclosure label=heading open=open>
            {unenforced}
            <Form action=SAVE_PUBLICATION>
                <Hidden name="product" value=product />
                <Hidden name="version" value=id />
                <Select name="portal" label="Portal" options=portal_options value=chosen />
                <Select name="publish_status" label="Status" options=status_options value=status.as_str() />
                <Checkbox name="require_authentication" label="Require authentication" checked=require hint="Without it nobody can call this version through the gateway, unless you choose No authentication." />
                <Select name="auth_strategy" label="Auth strategy" options=strategy_options value=strategy.unwrap_or_default() />
                <p><a href=new_strategy>"Create an auth strategy for this"</a></p>
                <Checkbox name="no_authentication" label="No authentication" checked=anybody hint="Anybody may call this version through the gateway, without a key or a token. Not together with Require authentication." />
                <Checkbox name="application_registration_enabled" label="Accept application registrations" checked=takes_registrations hint="Registrations that exist go on when this is turned off." />
                <Checkbox name="auto_approve_registration" label="Auto approve" checked=auto_approve hint="Registrations are approved at once." />
                <Checkbox name="deprecated" label="Deprecated" checked=deprecated hint="Still usable, with a warning in the portal." />
                <Checkbox name="notify_developers" label="Notify developers" hint="When the version becomes deprecated, mail those who are registered for it." />
                <Checkbox name="confirmed" label="Stop whoever could no longer call" hint="Only needed when another strategy, or none, would stop applications that work now. Saving without it names them first." />
                <Submit label="Save" />
            </Form>
        </Disclosure>
    }
    .into_any()
}
