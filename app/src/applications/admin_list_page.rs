use super::functions::DELETE_APPLICATION_AS_ADMIN;
use crate::{
    ui::{
        forms::{Confirm, Form, Hidden, Submit},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request},
        text::{count, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::applications::{self, Application};
use portico_model::paths;

/// Everybody's applications.
#[component]
pub fn AdminApplicationsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let found = applications::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&found);
        let rows = found.items.into_iter().map(row).collect();
        let headings = view! {
            {sort_heading(&request, "name", "Name")}
            <th scope="col">"Developer"</th>
            <th scope="col">"Portal"</th>
            <th scope="col">"Auth strategy"</th>
            <th scope="col">"Keys"</th>
            {sort_heading(&request, "created_at", "Created")}
            <th scope="col"><span class="visually-hidden">"Actions"</span></th>
        };
        let view = view! {
            <PageTitle text="Applications" />
            <h1>"Applications"</h1>
            <ListSearch request=request.clone() label="Search by name" />
            <Table headings=headings.into_any() rows=rows empty=|| "No applications. Developers create them in their portals." />
            {pages}
        };
        Ok(view.into_any())
    })
}

fn row(application: Application) -> AnyView {
    let id = application.id;
    let question = format!("Delete {} with its keys and registrations?", application.name);
    view! {
        <tr>
            <th scope="row">{application.name}</th>
            <td data-column="Developer"><a href=paths::admin::developer(application.developer_id)>{application.developer_name}</a></td>
            <td data-column="Portal">{application.portal_name}</td>
            <td data-column="Auth strategy">{application.strategy_display_name}</td>
            <td data-column="Keys">{count(application.credential_count, "key", "keys")}</td>
            <td data-column="Created">{moment(application.created_at)}</td>
            <td class="actions">
                <Confirm label="Delete" question=question>
                    <Form action=DELETE_APPLICATION_AS_ADMIN key=id.to_string()>
                        <Hidden name="application" value=id />
                        <Submit label="Delete application" class="danger" />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
    .into_any()
}
