use super::functions::{DECIDE_REGISTRATION, DELETE_REGISTRATION_AS_ADMIN};
use crate::{
    ui::{
        forms::{Confirm, Form, Hidden, Submit, TextArea},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request},
        text::{badge, moment},
        words::StateWords,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::registrations::{self, Registration};
use portico_model::{ids::RegistrationId, paths, states::RegistrationStatus};

/// Every portal's registrations; those that wait are one click away.
#[component]
pub fn RegistrationsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let found = registrations::list(&visit.core, visit.actor, None, &request).await?;
        let pages = pager(&found);
        let rows = found.items.into_iter().map(row).collect();
        let headings = view! {
            <th scope="col">"Application"</th>
            <th scope="col">"Developer"</th>
            <th scope="col">"Version"</th>
            <th scope="col">"Portal"</th>
            <th scope="col">"State"</th>
            {sort_heading(&request, "created_at", "Asked")}
            <th scope="col"><span class="visually-hidden">"Actions"</span></th>
        };
        let states = RegistrationStatus::ALL.iter().map(|state| (state.as_str(), state.word())).collect();
        let view = view! {
            <PageTitle text="Registrations" />
            <h1>"Registrations"</h1>
            <ListSearch request=request.clone() label="Search by application or developer" states=states />
            <Table headings=headings.into_any() rows=rows empty=|| "No registrations. They appear when developers ask for access." />
            {pages}
        };
        Ok(view.into_any())
    })
}

fn row(registration: Registration) -> AnyView {
    let decisions = decisions(&registration);
    let version = format!("{} {}", registration.product_name, registration.version_name);
    view! {
        <tr>
            <th scope="row">{registration.application_name}</th>
            <td data-column="Developer"><a href=paths::admin::developer(registration.developer_id)>{registration.developer_name}</a></td>
            <td data-column="Version"><a href=paths::admin::version(registration.product_id, registration.version_id)>{version}</a></td>
            <td data-column="Portal">{registration.portal_name}</td>
            <td data-column="State">
                {badge(&registration.status)}
                {(!registration.status_reason.is_empty()).then(|| view! { <p class="hint">{registration.status_reason}</p> })}
            </td>
            <td data-column="Asked">{moment(registration.created_at)}</td>
            <td class="actions">{decisions}</td>
        </tr>
    }
    .into_any()
}

/// What can be decided in this state, with its effect.
fn decisions(registration: &Registration) -> AnyView {
    let id = registration.id;
    let change = match registration.status {
        RegistrationStatus::Pending => view! {
            {at_once(id, "Approve")}
            {with_reason(id, "Reject", "rejected", "The developer reads the reason, and may remove the registration and ask again.")}
        }
        .into_any(),
        RegistrationStatus::Approved => {
            with_reason(id, "Revoke", "revoked", "Calls to this version stop at once. You can reinstate it; the developer cannot ask again.")
        }
        RegistrationStatus::Revoked => at_once(id, "Reinstate"),
        RegistrationStatus::Rejected => ().into_any(),
    };
    view! {
        {change}
        <Confirm label="Delete" question="Remove this registration? Calls stop at once, and the developer may ask again.".to_owned()>
            <Form action=DELETE_REGISTRATION_AS_ADMIN key=id.to_string()>
                <Hidden name="registration" value=id />
                <Submit label="Delete registration" class="danger" />
            </Form>
        </Confirm>
    }
    .into_any()
}

fn at_once(id: RegistrationId, label: &'static str) -> AnyView {
    view! {
        <Form action=DECIDE_REGISTRATION key=format!("{id}-approved") class="inline">
            <Hidden name="registration" value=id />
            <Hidden name="status" value="approved" />
            <Submit label=label />
        </Form>
    }
    .into_any()
}

fn with_reason(id: RegistrationId, label: &'static str, status: &'static str, effect: &str) -> AnyView {
    view! {
        <Confirm label=label question=effect.to_owned()>
            <Form action=DECIDE_REGISTRATION key=format!("{id}-{status}")>
                <Hidden name="registration" value=id />
                <Hidden name="status" value=status />
                <TextArea name="reason" label="Reason" hint="The developer reads it. Optional." />
                <Submit label=label class="danger" />
            </Form>
        </Confirm>
    }
    .into_any()
}
