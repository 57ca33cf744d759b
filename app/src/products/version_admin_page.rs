use super::functions::{DELETE_VERSION, LINK_SERVICE, RENAME_VERSION, UPLOAD_SPECIFICATION};
use crate::{
    publications::publish_form::{publication_table, publish_form},
    ui::{
        forms::{Confirm, FileField, Form, Hidden, Select, Submit, TextArea, TextField},
        layout::PageTitle,
        page::{page, path_id, query},
        text::count,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::{
    auth_strategies,
    gateways::{self, GatewayService},
    portals, products,
    products::versions::Version,
    publications,
};
use portico_model::{ids::VersionId, paths};

/// A version: its specification, its gateway service, and the portals that it is published to.
#[component]
pub fn VersionAdminPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<VersionId>("version");
    let chosen_portal = query("portal");
    let made_strategy = query("strategy");
    page(async move {
        let (core, actor) = (&visit.core, visit.actor);
        let version = products::versions::get(core, actor, id?).await?;
        let services = gateways::service_choices(core, actor).await?;
        let publications = publications::of_version(core, actor, version.id).await?;
        let portals = portals::choices(core, actor).await?;
        let strategies = auth_strategies::choices(core, actor).await?;
        let title = format!("{} {}", version.product_name, version.name);
        let view = view! {
            <PageTitle text=title.clone() />
            <p class="crumbs">
                <a href=paths::admin::PRODUCTS>"API Products"</a>
                " / "
                <a href=paths::admin::product(version.product_id)>{version.product_name.clone()}</a>
            </p>
            <h1>{title}</h1>
            <section id="publish">
                <h2>"Dev Portals"</h2>
                {publication_table(&version, &publications)}
                {publish_form(&version, &publications, portals, strategies, &chosen_portal, &made_strategy)}
            </section>
            <section>
                <h2>"Gateway service"</h2>
                {service_form(&version, services)}
            </section>
            <section>
                <h2>"API Spec"</h2>
                {specification_form(&version)}
            </section>
            <section>
                <h2>"Settings"</h2>
                {settings(&version)}
            </section>
        };
        Ok(view.into_any())
    })
}

fn ids(version: &Version) -> AnyView {
    view! {
        <Hidden name="product" value=version.product_id />
        <Hidden name="version" value=version.id />
    }
    .into_any()
}

fn service_form(version: &Version, services: Vec<GatewayService>) -> AnyView {
    let mut options = vec![(String::new(), "None: nothing can be called".to_owned())];
    // One that serves another version is not on offer: a service serves one version.
    let free = services.into_iter().filter(|service| service.version_id.is_none_or(|linked| linked == version.id));
    options.extend(free.map(|service| {
        let label = format!("{} / {} ({}{})", service.gateway_name, service.name, service.host, service.path_prefix);
        (service.id.to_string(), label)
    }));
    let linked = version.gateway_service_id.map(|id| id.to_string()).unwrap_or_default();
    let fields = ids(version);
    view! {
        <Form action=LINK_SERVICE>
            {fields}
            <Select name="gateway_service" label="Linked service" options=options value=linked />
            <Submit label="Save link" class="secondary" />
        </Form>
        <p class="hint"><a href=paths::admin::GATEWAYS>"Add a service to a gateway"</a></p>
    }
    .into_any()
}

fn specification_form(version: &Version) -> AnyView {
    let current = match (&version.specification_name, &version.specification_title) {
        (Some(name), Some(title)) => {
            let operations = count(version.operation_count, "operation", "operations");
            view! { <p><strong>{title.clone()}</strong> {format!(", {name}, {operations}")}</p> }.into_any()
        }
        _ => view! { <p class="empty">"No specification yet. Upload one, so that developers read and try its operations."</p> }
            .into_any(),
    };
    let fields = ids(version);
    view! {
        {current}
        <Form action=UPLOAD_SPECIFICATION files=true>
            {fields}
            <FileField name="file" label="File" accept=".json,.yaml,.yml" hint="OpenAPI 3.x or Swagger 2.0, JSON or YAML, up to 20 MB." />
            <TextArea name="content" label="Or paste it" rows=8 />
            <Submit label="Upload specification" class="secondary" />
        </Form>
    }
    .into_any()
}

fn settings(version: &Version) -> AnyView {
    let question = format!(
        "Delete {} {}? It must be published nowhere, and nobody may be registered for it.",
        version.product_name, version.name
    );
    let name = version.name.clone();
    let (rename_ids, delete_ids) = (ids(version), ids(version));
    view! {
        <Form action=RENAME_VERSION>
            {rename_ids}
            <TextField name="name" label="Version name" value=name required=true />
            <Submit label="Rename" class="secondary" />
        </Form>
        <Confirm label="Delete version" question=question>
            <Form action=DELETE_VERSION>{delete_ids} <Submit label="Delete version" class="danger" /></Form>
        </Confirm>
    }
    .into_any()
}
