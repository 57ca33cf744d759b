use super::functions::{CREATE_PRODUCT, CREATE_VERSION, DELETE_PRODUCT, UNPUBLISH_PRODUCT, UPDATE_PRODUCT};
use crate::{
    documents::admin_pages::document_section,
    ui::{
        forms::{Confirm, Disclosure, Form, Hidden, Submit, TextArea, TextField},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::{count, moment},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    documents,
    products::{self, Product, ProductPortal, versions::Version},
};
use portico_model::{ids::ProductId, paths};

#[component]
pub fn ProductsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let products = products::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&products);
        let rows = products
            .items
            .into_iter()
            .map(|product| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::product(product.id)>{product.name}</a></th>
                        <td data-column="Versions">{count(product.version_count, "version", "versions")}</td>
                        <td data-column="Created">{moment(product.created_at)}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! {
            {sort_heading(&request, "name", "Name")}
            <th scope="col">"Versions"</th>
            {sort_heading(&request, "created_at", "Created")}
        };
        let view = view! {
            <PageTitle text="API Products" />
            <div class="title-row">
                <h1>"API Products"</h1>
                <a class="button" href=paths::admin::NEW_PRODUCT>"New API product"</a>
            </div>
            <ListSearch request=request.clone() label="Search by name or description" />
            <Table headings=headings.into_any() rows=rows empty=|| "No API products. Create one to publish its versions." />
            {pages}
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn NewProductPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        visit.actor.require_admin()?;
        let view = view! {
            <PageTitle text="New API product" />
            <h1>"New API product"</h1>
            <Form action=CREATE_PRODUCT>{product_fields(None)} <Submit label="Create API product" /></Form>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn ProductAdminPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<ProductId>("product");
    page(async move {
        let product = products::get(&visit.core, visit.actor, id?).await?;
        let versions = products::versions::of_product(&visit.core, visit.actor, product.id).await?;
        let portals = product.portals.clone();
        let documents = documents::tree(&visit.core, visit.actor, product.id).await?;
        let id = product.id;
        let question = format!("Delete {}? It must have no versions; its documents go with it.", product.name);
        let view = view! {
            <PageTitle text=product.name.clone() />
            <h1>{product.name.clone()}</h1>
            <section>
                <h2>"Versions"</h2>
                {version_table(versions)}
                <Disclosure label="New version">
                    <Form action=CREATE_VERSION>
                        <Hidden name="product" value=id />
                        <TextField name="name" label="Version name" required=true hint="Such as v1 or 2026-11." />
                        <Submit label="Create version" />
                    </Form>
                </Disclosure>
            </section>
            <section>
                <h2>"Documents"</h2>
                {document_section(id, documents)}
            </section>
            <section>
                <h2>"Portals"</h2>
                {portal_list(id, portals)}
            </section>
            <section>
                <h2>"Settings"</h2>
                <Form action=UPDATE_PRODUCT>
                    <Hidden name="product" value=id />
                    {product_fields(Some(product))}
                    <Submit label="Save" />
                </Form>
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete API product" question=question>
                    <Form action=DELETE_PRODUCT>
                        <Hidden name="product" value=id />
                        <Submit label="Delete API product" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn version_table(versions: Vec<Version>) -> AnyView {
    let rows = versions
        .into_iter()
        .map(|version| {
            view! {
                <tr>
                    <th scope="row"><a href=paths::admin::version(version.product_id, version.id)>{version.name}</a></th>
                    <td data-column="Specification">{version.specification_name.unwrap_or_else(|| "None".to_owned())}</td>
                    <td data-column="Gateway service">{if version.gateway_service_id.is_some() { "Linked" } else { "Not linked" }}</td>
                    <td data-column="Published in">{count(version.publication_count, "portal", "portals")}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let headings = view! {
        <th scope="col">"Version"</th>
        <th scope="col">"Specification"</th>
        <th scope="col">"Gateway service"</th>
        <th scope="col">"Published in"</th>
    };
    view! { <Table headings=headings.into_any() rows=rows empty=|| "No versions yet. Add the first one, then upload its specification." /> }.into_any()
}

fn portal_list(product: ProductId, portals: Vec<ProductPortal>) -> AnyView {
    if portals.is_empty() {
        return view! { <p class="empty">"In no portal. Publishing one of its versions brings the product along."</p> }
            .into_any();
    }
    let items = portals
        .into_iter()
        .map(|ProductPortal { id: portal, name, .. }| {
            view! {
                <li class="row">
                    <a href=paths::admin::portal(portal)>{name}</a>
                    <Form action=UNPUBLISH_PRODUCT key=portal.to_string() class="inline">
                        <Hidden name="product" value=product />
                        <Hidden name="portal" value=portal />
                        <Submit label="Unpublish" class="secondary" />
                    </Form>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="plain">{items}</ul> }.into_any()
}

fn product_fields(product: Option<Product>) -> AnyView {
    let (name, description) = product.map(|product| (product.name, product.description)).unwrap_or_default();
    view! {
        <TextField name="name" label="Name" value=name required=true />
        <TextArea name="description" label="Description" value=description />
    }
    .into_any()
}
