use super::functions::{DELETE_APPLICATION, UPDATE_APPLICATION};
use crate::{
    credentials::section::{credential_section, revealed_key},
    dcr_clients::section::{client_section, revealed_secret},
    products::reference::frame::gateway_url,
    registrations::functions::DELETE_REGISTRATION,
    ui::{
        forms::{Checkboxes, Confirm, Form, Hidden, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::Table,
        page::{page, path_id},
        text::{auth_badges, badge, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    applications::{self, Application},
    auth_strategies::OpenidConnect,
    credentials,
    dcr_clients::{self, OwnClient},
    products::catalogue,
    registrations::{self, Registration},
};
use portico_model::{ids::ApplicationId, paths, states::RegistrationStatus};

/// One application: its keys, what it is registered for, and its settings.
#[component]
pub fn ApplicationPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<ApplicationId>("application");
    page(async move {
        let portal = visit.portal()?;
        let application = applications::get(&visit.core, visit.actor, portal.id, id?).await?;
        let credentials = credentials::list(&visit.core, visit.actor, portal.id, application.id).await?;
        let registrations = registrations::of_application(&visit.core, visit.actor, portal.id, application.id).await?;
        let secret = visit.flash.secret.clone();
        let example = match &secret {
            Some(_) => first_address(&visit, &registrations).await,
            None => None,
        };
        let own = dcr_clients::of_application(&visit.core, visit.actor, portal.id, application.id).await?;
        let revealed = secret.map(|secret| match &application.openid_connect {
            None => revealed_key(&secret, &application, example),
            Some(config) => revealed_secret(&secret, &application, config, example),
        });
        let credentials = match (&application.openid_connect, &own) {
            (None, _) => credential_section(&application, credentials, visit.core.now()),
            (Some(config), Some(own)) => client_section(&application, config, own, visit.core.now()),
            (Some(config), None) => self_managed_section(&application, config),
        };
        let settings = client_settings(&application, own.as_ref());
        let question = format!("Delete {} with its keys and registrations? Its calls stop at once.", application.name);
        let id = application.id;
        let view = view! {
            <PageTitle text=application.name.clone() />
            <p class="crumbs"><a href=paths::portal::APPLICATIONS>"My applications"</a></p>
            <h1>{application.name.clone()}</h1>
            <p class="lead">{application.description.clone()}</p>
            <p>"Auth strategy: " {application.strategy_display_name.clone()} {auth_badges(application.openid_connect.as_ref())}</p>
            {revealed}
            <section>
                <h2>"Credentials"</h2>
                {credentials}
            </section>
            <section>
                <h2>"Access"</h2>
                {registration_table(registrations)}
                <p><a href=paths::portal::EXPLAIN>"Explain why a call was refused"</a></p>
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_APPLICATION>
                    <Hidden name="application" value=id />
                    <TextField name="name" label="Name" value=application.name.clone() required=true />
                    <TextArea name="description" label="Description" value=application.description.clone() />
                    {settings}
                    <Submit label="Save" class="secondary" />
                </Form>
                <Confirm label="Delete application" question=question>
                    <Form action=DELETE_APPLICATION>
                        <Hidden name="application" value=id />
                        <Submit label="Delete application" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

/// What of a client the developer may change.
fn client_settings(application: &Application, own: Option<&OwnClient>) -> Option<AnyView> {
    let config = application.openid_connect.as_ref()?;
    let renews = own.is_some_and(|own| own.abilities.update_renews_secret);
    let redirect_hint = match renews {
        true => "One on a line. The provider gives the client a new secret when you change them, and the old one stops.",
        false => "One on a line, for an application in which people sign in.",
    };
    let client_id = own.is_none().then(|| {
        let client_id = application.reference_id.clone().unwrap_or_default();
        view! { <TextField name="reference_id" label="Client ID" value=client_id required=true hint="Calls of another client stop when you change it." /> }
    });
    let scopes = own.is_some_and(|own| own.has_chosen_scopes).then(|| {
        let options = config.scopes.iter().map(|scope| (scope.clone(), scope.clone())).collect();
        let chosen = application.scopes.clone().unwrap_or_else(|| config.scopes.clone());
        view! { <Checkboxes name="scopes" label="Scopes" options=options chosen=chosen hint="A change affects every registration of this application." /> }
    });
    let fields = view! {
        {client_id}
        <TextArea name="redirect_uris" label="Redirect URIs" value=application.redirect_uris.join("\n") hint=redirect_hint />
        {scopes}
    };
    Some(fields.into_any())
}

/// The client that the developer registered at the identity provider.
fn self_managed_section(application: &Application, config: &OpenidConnect) -> AnyView {
    let scopes = (!config.scopes.is_empty()).then(|| view! { <dt>"Scopes"</dt><dd><code>{config.scopes.join(" ")}</code></dd> });
    view! {
        <p>"This application calls with tokens that its identity provider issues to its client. Portico never sees the client's secret."</p>
        <dl class="facts">
            <dt>"Client ID"</dt>
            <dd><code>{application.reference_id.clone().unwrap_or_default()}</code></dd>
            <dt>"Issuer"</dt>
            <dd><code>{config.issuer.clone()}</code></dd>
            {scopes}
        </dl>
    }
    .into_any()
}

/// Where the first version that the application may call is served.
async fn first_address(visit: &Visit, registrations: &[Registration]) -> Option<String> {
    let portal = visit.portal.as_ref()?;
    let approved = registrations.iter().find(|r| r.status == RegistrationStatus::Approved)?;
    let version = catalogue::version(&visit.core, visit.actor, portal, approved.version_id).await.ok()?;
    let prefix = version.gateway_path_prefix?;
    Some(gateway_url(&visit.gateway_origin, version.gateway_host.as_deref().unwrap_or_default(), &prefix))
}

fn registration_table(registrations: Vec<Registration>) -> AnyView {
    let rows = registrations.into_iter().map(registration_row).collect();
    let headings = view! {
        <th scope="col">"Version"</th>
        <th scope="col">"State"</th>
        <th scope="col">"Since"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let empty = || view! { <a href=paths::portal::CATALOGUE>"View the catalog"</a> " to register to a product." };
    view! { <Table headings=headings.into_any() rows=rows empty=empty /> }.into_any()
}

fn registration_row(registration: Registration) -> AnyView {
    let (id, application) = (registration.id, registration.application_id);
    let version = paths::portal::version(registration.product_id, registration.version_id);
    let name = format!("{} {}", registration.product_name, registration.version_name);
    let question = format!("Unregister from {name}? Calls to it stop at once.");
    let unregister = registration.status.may_be_removed_by_developer().then(|| {
        view! {
            <Confirm label="Unregister" question=question>
                <Form action=DELETE_REGISTRATION key=id.to_string()>
                    <Hidden name="application" value=application />
                    <Hidden name="registration" value=id />
                    <Submit label="Unregister" class="danger" />
                </Form>
            </Confirm>
        }
    });
    view! {
        <tr>
            <th scope="row"><a href=version>{name}</a></th>
            <td data-column="State">
                {badge(&registration.status)}
                {(!registration.status_reason.is_empty()).then(|| view! { <p class="hint">{registration.status_reason.clone()}</p> })}
            </td>
            <td data-column="Since">{moment(registration.created_at)}</td>
            <td class="actions">{unregister}</td>
        </tr>
    }
    .into_any()
}
