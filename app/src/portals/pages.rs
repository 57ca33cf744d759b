use super::functions::{CREATE_PORTAL, DELETE_PORTAL, UPDATE_PORTAL};
use crate::{
    ui::{
        forms::{Checkbox, Confirm, Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::badge,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    auth_strategies::{self, AuthStrategy},
    portals::{self, Portal},
    publications::{self, Publication},
};
use portico_model::{ids::PortalId, paths};

#[component]
pub fn PortalsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let portals = portals::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&portals);
        let rows = portals
            .items
            .into_iter()
            .map(|portal| {
                let origin = portal.origin(&visit.core);
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::portal(portal.id)>{portal.name}</a></th>
                        <td data-column="Shown as">{portal.display_name}</td>
                        <td data-column="Address"><a href=origin.clone()>{origin.clone()}</a></td>
                        <td data-column="Visibility">{if portal.is_public { "Public" } else { "Private" }}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! { {sort_heading(&request, "name", "Name")}
        {sort_heading(&request, "display_name", "Shown as")}<th scope="col">"Address"</th><th scope="col">"Visibility"</th> };
        let view = view! {
            <PageTitle text="Dev Portals" />
            <div class="title-row">
                <h1>"Dev Portals"</h1>
                <a class="button" href=paths::admin::NEW_PORTAL>"New portal"</a>
            </div>
            <ListSearch request=request.clone() label="Search by name or host" />
            <Table headings=headings.into_any() rows=rows empty=|| "No portals. Create one to publish API products to." />
            {pages}
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn NewPortalPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let strategies = auth_strategies::choices(&visit.core, visit.actor).await?;
        let view = view! {
            <PageTitle text="New portal" />
            <h1>"New portal"</h1>
            <Form action=CREATE_PORTAL>
                {portal_fields(None, strategies)}
                <Submit label="Create portal" />
            </Form>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn PortalPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<PortalId>("portal");
    page(async move {
        let portal = portals::get(&visit.core, visit.actor, id?).await?;
        let strategies = auth_strategies::choices(&visit.core, visit.actor).await?;
        let publications = publications::in_portal(&visit.core, visit.actor, portal.id).await?;
        let origin = portal.origin(&visit.core);
        let id = portal.id;
        let question = format!("Delete {}? It must have no developers and no publications.", portal.name);
        let view = view! {
            <PageTitle text=portal.name.clone() />
            <h1>{portal.name.clone()}</h1>
            <p><a href=origin.clone()>{origin.clone()}</a></p>
            <section>
                <h2>"Published versions"</h2>
                {published_versions(publications)}
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_PORTAL>
                    <Hidden name="portal" value=id />
                    {portal_fields(Some(portal), strategies)}
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete portal" question=question>
                    <Form action=DELETE_PORTAL>
                        <Hidden name="portal" value=id />
                        <Submit label="Delete portal" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn published_versions(publications: Vec<Publication>) -> AnyView {
    let rows = publications
        .into_iter()
        .map(|publication| {
            let version = paths::admin::version(publication.product_id, publication.version_id);
            view! {
                <tr>
                    <th scope="row">
                        <a href=version>{format!("{} {}", publication.product_name, publication.version_name)}</a>
                    </th>
                    <td data-column="Status">{badge(&publication.publish_status)}</td>
                    <td data-column="Strategy">{publication.auth_strategy_name.unwrap_or_else(|| "None: closed".to_owned())}</td>
                    <td data-column="Registration">{if publication.application_registration_enabled { "Open" } else { "Closed" }}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let headings = view! { <th scope="col">"Version"</th><th scope="col">"Status"</th><th scope="col">"Strategy"</th><th scope="col">"Registration"</th> };
    let empty = || view! { "Nothing is published here. Open a version under " <a href=paths::admin::PRODUCTS>"API Products"</a> " and publish it." };
    view! { <Table headings=headings.into_any() rows=rows empty=empty /> }.into_any()
}

fn portal_fields(portal: Option<Portal>, strategies: Vec<AuthStrategy>) -> AnyView {
    let default_strategy = portal.as_ref().and_then(|p| p.default_auth_strategy_id).map(|id| id.to_string()).unwrap_or_default();
    let text = |value: fn(&Portal) -> &str| portal.as_ref().map(|p| value(p).to_owned()).unwrap_or_default();
    let flag = |value: fn(&Portal) -> bool| portal.as_ref().is_some_and(value);
    let mut options = vec![(String::new(), "None: developers choose".to_owned())];
    options.extend(strategies.into_iter().map(|strategy| (strategy.id.to_string(), strategy.name)));
    view! {
        <TextField name="name" label="Name" value=text(|p| &p.name) required=true hint="For admins." />
        <TextField name="display_name" label="Display name" value=text(|p| &p.display_name) hint="What developers see; the name where empty." />
        <TextField name="slug" label="Host name" value=text(|p| &p.slug) required=true hint="The first part of the portal's host: lower-case letters, digits and hyphens." />
        <TextField name="custom_domain" label="Custom domain" value=text(|p| p.custom_domain.as_deref().unwrap_or_default()) hint="Another host that leads here. Optional." />
        <TextArea name="description" label="Description" value=text(|p| &p.description) />
        <Select name="default_auth_strategy" label="Default auth strategy" options=options value=default_strategy hint="What an application uses when it is created without one." />
        <Checkbox name="is_public" label="Public" checked=flag(|p| p.is_public) hint="Anyone reads the catalog; there are no developer accounts and no applications." />
        <Checkbox name="auto_approve_developers" label="Auto approve developers" checked=flag(|p| p.auto_approve_developers) hint="Those who already wait keep waiting." />
        <Checkbox name="auto_approve_applications" label="Auto approve applications" checked=flag(|p| p.auto_approve_applications) hint="Every registration in this portal is approved at once, whatever its version says." />
    }
    .into_any()
}
