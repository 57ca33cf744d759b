use super::functions::{CREATE_CREDENTIAL, DELETE_APPLICATION, RENAME_CREDENTIAL, REVOKE_CREDENTIAL, UPDATE_APPLICATION};
use crate::{
    islands::CopyButton,
    products::product_page::gateway_url,
    registrations::functions::DELETE_REGISTRATION,
    ui::{
        forms::{Confirm, Form, Hidden, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::Table,
        page::{page, path_id},
        text::{badge, moment, moment_or_never},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    applications::{self, Application},
    credentials::{self, Credential, MAX_PER_APPLICATION},
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
        let secret = visit.revealed_secret()?;
        let example = match &secret {
            Some(_) => first_address(&visit, &registrations).await,
            None => None,
        };
        let revealed = secret.map(|key| revealed_key(&key, &application, example));
        let question = format!("Delete {} with its keys and registrations? Its calls stop at once.", application.name);
        let id = application.id;
        let view = view! {
            <PageTitle text=application.name.clone() />
            <p class="crumbs"><a href=paths::portal::APPLICATIONS>"My applications"</a></p>
            <h1>{application.name.clone()}</h1>
            <p class="lead">{application.description.clone()}</p>
            <p>"Auth strategy: " {application.strategy_display_name.clone()} " " <span class="badge">"Key Auth"</span></p>
            {revealed}
            <section>
                <h2>"Credentials"</h2>
                {credential_section(id, credentials)}
            </section>
            <section>
                <h2>"Access"</h2>
                {registration_table(registrations)}
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_APPLICATION>
                    <Hidden name="application" value=id />
                    <TextField name="name" label="Name" value=application.name.clone() required=true />
                    <TextArea name="description" label="Description" value=application.description.clone() />
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

/// Where the first version that the application may call is served.
async fn first_address(visit: &Visit, registrations: &[Registration]) -> Option<String> {
    let portal = visit.portal.as_ref()?;
    let approved = registrations.iter().find(|r| r.status == RegistrationStatus::Approved)?;
    let version = catalogue::version(&visit.core, visit.actor, portal, approved.version_id).await.ok()?;
    let prefix = version.gateway_path_prefix?;
    Some(gateway_url(&visit.gateway_origin, version.gateway_host.as_deref().unwrap_or_default(), &prefix))
}

/// The only sight of a new key.
fn revealed_key(key: &str, application: &Application, example: Option<String>) -> AnyView {
    let header = application.key_names.first().cloned().unwrap_or_default();
    let curl = example.map(|address| format!("curl {address} --header '{header}: {key}'"));
    let curl = curl.map(|line| {
        view! {
            <p>"A call that works now:"</p>
            <div class="copyable">
                <pre class="code"><code id="curl">{line}</code></pre>
                <CopyButton target="curl".to_owned() />
            </div>
        }
    });
    view! {
        <section class="card secret" role="status">
            <h2>"Copy your key now"</h2>
            <p>"You will only be able to copy this credential once: only a digest of it is kept. Send it as " <code>{header.clone()}</code> "."</p>
            <div class="copyable">
                <pre class="code"><code id="new-key">{key.to_owned()}</code></pre>
                <CopyButton target="new-key".to_owned() />
            </div>
            {curl}
        </section>
    }
    .into_any()
}

fn credential_section(application: ApplicationId, credentials: Vec<Credential>) -> AnyView {
    let is_full = i64::try_from(credentials.len()).unwrap_or(i64::MAX) >= MAX_PER_APPLICATION;
    let rows = credentials.into_iter().map(|credential| credential_row(application, credential)).collect();
    let headings = view! {
        <th scope="col">"Name"</th>
        <th scope="col">"Begins with"</th>
        <th scope="col">"Created"</th>
        <th scope="col">"Last used"</th>
        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
    };
    let new = if is_full {
        view! { <p class="hint">"This application has 20 keys, the most it can have. Revoke one to make another."</p> }.into_any()
    } else {
        view! {
            <Form action=CREATE_CREDENTIAL class="row">
                <Hidden name="application" value=application />
                <TextField name="display_name" label="Name of a new key" required=true />
                <Submit label="Create key" />
            </Form>
        }
        .into_any()
    };
    view! {
        <Table headings=headings.into_any() rows=rows empty=|| "No keys. Create one: it is shown once." />
        {new}
    }
    .into_any()
}

fn credential_row(application: ApplicationId, credential: Credential) -> AnyView {
    let id = credential.id;
    let question = format!("Revoke {}? Calls with it are refused at once, for good.", credential.display_name);
    view! {
        <tr>
            <th scope="row">{credential.display_name.clone()}</th>
            <td><code>{format!("{}…", credential.key_id)}</code></td>
            <td>{moment(credential.created_at)}</td>
            <td>{moment_or_never(credential.last_used_at)}</td>
            <td class="actions">
                <details class="confirm">
                    <summary>"Rename"</summary>
                    <div class="confirm-body">
                        <Form action=RENAME_CREDENTIAL key=id.to_string()>
                            <Hidden name="application" value=application />
                            <Hidden name="credential" value=id />
                            <TextField name="display_name" label="Name" value=credential.display_name.clone() required=true />
                            <Submit label="Rename key" class="secondary" />
                        </Form>
                    </div>
                </details>
                <Confirm label="Revoke" question=question>
                    <Form action=REVOKE_CREDENTIAL key=id.to_string()>
                        <Hidden name="application" value=application />
                        <Hidden name="credential" value=id />
                        <Submit label="Revoke key" class="danger" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
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
            <td>
                {badge(&registration.status)}
                {(!registration.status_reason.is_empty()).then(|| view! { <p class="hint">{registration.status_reason.clone()}</p> })}
            </td>
            <td>{moment(registration.created_at)}</td>
            <td class="actions">{unregister}</td>
        </tr>
    }
    .into_any()
}
