use crate::{
    ui::{
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request},
        text::{count, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::applications;
use portico_model::paths;

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let portal = visit.portal()?;
        let found = applications::list_own(&visit.core, visit.actor, portal.id, &request).await?;
        let choices = applications::strategy_choices(&visit.core, visit.actor, portal.id).await?;
        let pages = pager(&found);
        let rows = found
            .items
            .into_iter()
            .map(|application| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::portal::application(application.id)>{application.name}</a></th>
                        <td data-column="Auth strategy">{application.strategy_display_name}</td>
                        <td data-column="Registered for">{count(application.registration_count, "version", "versions")}</td>
                        <td data-column="Keys">{count(application.credential_count, "key", "keys")}</td>
                        <td data-column="Created">{moment(application.created_at)}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! {
            {sort_heading(&request, "name", "Name")}
            <th scope="col">"Auth strategy"</th>
            <th scope="col">"Registered for"</th>
            <th scope="col">"Keys"</th>
            {sort_heading(&request, "created_at", "Created")}
        };
        let can_create = !choices.is_empty() || portal.default_auth_strategy_id.is_some();
        let new = if can_create {
            view! { <a class="button" href=paths::portal::NEW_APPLICATION>"New application"</a> }.into_any()
        } else {
            ().into_any()
        };
        let warning = (!can_create).then(|| {
            view! {
                <p class="warning">
                    "There are no APIs that require authentication published to this portal. Application creation is disabled."
                </p>
            }
        });
        let view = view! {
            <PageTitle text="My applications" />
            <div class="title-row"><h1>"My applications"</h1> {new}</div>
            {warning}
            <ListSearch request=request.clone() label="Search by name" />
            <Table headings=headings.into_any() rows=rows empty=|| "No applications. Create one to get an API key." />
            {pages}
        };
        Ok(view.into_any())
    })
}
