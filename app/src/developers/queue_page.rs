use super::functions::{DECIDE_DEVELOPER, DELETE_DEVELOPER};
use crate::{
    ui::{
        forms::{Confirm, Form, Hidden, Submit, TextArea},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::{badge, count, moment},
        words::StateWords,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::developers::{self, Developer};
use portico_model::{ids::DeveloperId, paths, states::DeveloperStatus};

/// Every portal's developers; those who wait are one click away.
#[component]
pub fn DevelopersPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let found = developers::list(&visit.core, visit.actor, None, &request).await?;
        let pages = pager(&found);
        let rows = found
            .items
            .into_iter()
            .map(|developer| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::developer(developer.id)>{developer.full_name.clone()}</a></th>
                        <td data-column="Email">{developer.email.clone()}</td>
                        <td data-column="Portal">{developer.portal_name.clone()}</td>
                        <td data-column="State">{badge(&developer.status)}</td>
                        <td data-column="Signed up">{moment(developer.created_at)}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! {
            {sort_heading(&request, "full_name", "Name")}
            {sort_heading(&request, "email", "Email")}
            <th scope="col">"Portal"</th>
            <th scope="col">"State"</th>
            {sort_heading(&request, "created_at", "Signed up")}
        };
        let states = DeveloperStatus::ALL.iter().map(|state| (state.as_str(), state.word())).collect();
        let view = view! {
            <PageTitle text="Developers" />
            <h1>"Developers"</h1>
            <ListSearch request=request.clone() label="Search by name or email" states=states />
            <Table headings=headings.into_any() rows=rows empty=|| "Nobody here. Developers appear once they have confirmed their address." />
            {pages}
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn DeveloperPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<DeveloperId>("developer");
    page(async move {
        let developer = developers::get(&visit.core, visit.actor, id?).await?;
        let id = developer.id;
        let question = format!(
            "Delete {} with {}? Their keys stop working, and the address may sign up anew.",
            developer.full_name,
            count(developer.application_count, "application", "applications")
        );
        let view = view! {
            <PageTitle text=developer.full_name.clone() />
            <p class="crumbs"><a href=paths::admin::DEVELOPERS>"Developers"</a></p>
            <h1>{developer.full_name.clone()}</h1>
            <dl class="facts">
                <dt>"Email"</dt><dd>{developer.email.clone()}</dd>
                <dt>"Portal"</dt><dd><a href=paths::admin::portal(developer.portal_id)>{developer.portal_name.clone()}</a></dd>
                <dt>"State"</dt><dd>{badge(&developer.status)}</dd>
                {(!developer.status_reason.is_empty()).then(|| view! { <dt>"Reason"</dt><dd>{developer.status_reason.clone()}</dd> })}
                <dt>"Applications"</dt><dd>{developer.application_count}</dd>
                <dt>"Signed up"</dt><dd>{moment(developer.created_at)}</dd>
            </dl>
            {decisions(&developer)}
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete developer" question=question>
                    <Form action=DELETE_DEVELOPER>
                        <Hidden name="developer" value=id />
                        <Submit label="Delete developer" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

/// What can be decided in this state, with its effect.
fn decisions(developer: &Developer) -> AnyView {
    let id = developer.id;
    match developer.status {
        DeveloperStatus::Pending => view! {
            <section class="decisions">
                <h2>"Decide"</h2>
                <Form action=DECIDE_DEVELOPER key="approve">
                    <Hidden name="developer" value=id />
                    <Hidden name="status" value="approved" />
                    <Submit label="Approve" />
                </Form>
                {with_reason(id, "Reject", "rejected", "They cannot sign in, nor sign up again with this address.")}
            </section>
        }
        .into_any(),
        DeveloperStatus::Approved => view! {
            <section class="decisions">
                <h2>"Decide"</h2>
                {with_reason(id, "Revoke", "revoked", "They are signed out and cannot sign in. Their keys go on working until each registration is revoked.")}
            </section>
        }
        .into_any(),
        DeveloperStatus::Revoked | DeveloperStatus::Rejected => view! {
            <section class="decisions">
                <h2>"Decide"</h2>
                <Form action=DECIDE_DEVELOPER key="approve">
                    <Hidden name="developer" value=id />
                    <Hidden name="status" value="approved" />
                    <Submit label="Approve" />
                </Form>
            </section>
        }
        .into_any(),
    }
}

fn with_reason(id: DeveloperId, label: &'static str, status: &'static str, effect: &str) -> AnyView {
    view! {
        <Confirm label=label question=effect.to_owned()>
            <Form action=DECIDE_DEVELOPER key=status>
                <Hidden name="developer" value=id />
                <Hidden name="status" value=status />
                <TextArea name="reason" label="Reason" hint="The developer reads it in the mail. Optional." />
                <Submit label=label class="danger" />
            </Form>
        </Confirm>
    }
    .into_any()
}
