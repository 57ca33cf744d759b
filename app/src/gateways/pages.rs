use super::{
    functions::{CREATE_GATEWAY, CREATE_SERVICE, DELETE_GATEWAY, DELETE_SERVICE, UPDATE_SERVICE},
    tokens::{revealed_token, token_section},
};
use crate::{
    ui::{
        forms::{Confirm, Disclosure, Form, Hidden, Submit, TextField},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::count,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::gateways::{self, GatewayService, tokens};
use portico_model::{ids::GatewayId, paths};

#[component]
pub fn GatewaysPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let gateways = gateways::list(&visit.core, visit.actor, &request).await?;
        let pages = pager(&gateways);
        let rows = gateways
            .items
            .into_iter()
            .map(|gateway| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::gateway(gateway.id)>{gateway.name}</a></th>
                        <td data-column="Services">{count(gateway.service_count, "service", "services")}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! { {sort_heading(&request, "name", "Name")} <th scope="col">"Services"</th> };
        let view = view! {
            <PageTitle text="Gateways" />
            <h1>"Gateways"</h1>
            <ListSearch request=request.clone() label="Search the gateways" />
            <Table headings=headings.into_any() rows=rows empty=|| "No gateways. Add one, then its services." />
            {pages}
            <section>
                <h2>"New gateway"</h2>
                <Form action=CREATE_GATEWAY>
                    <TextField name="name" label="Name" required=true />
                    <Submit label="Create gateway" />
                </Form>
            </section>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn GatewayPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<GatewayId>("gateway");
    let request = page_request();
    page(async move {
        let gateway = gateways::get(&visit.core, visit.actor, id?).await?;
        let services = gateways::services(&visit.core, visit.actor, gateway.id, &request).await?;
        let pages = pager(&services);
        let id = gateway.id;
        let tokens = tokens::tokens(&visit.core, visit.actor, id).await?;
        let revealed = visit.flash.secret.as_deref().map(|token| revealed_token(token, &visit.gateway_origin));
        let is_empty = services.items.is_empty();
        let services = services.items.into_iter().map(|service| service_card(id, service)).collect_view();
        let question = format!("Delete {}? It must have no services.", gateway.name);
        let view = view! {
            <PageTitle text=gateway.name.clone() />
            <h1>{gateway.name.clone()}</h1>
            {revealed}
            <section>
                <h2>"Services"</h2>
                <ListSearch request=request.clone() label="Search the services" />
                {is_empty.then(|| view! { <p class="empty">"No services. Add one: it says which calls it serves and where they go."</p> })}
                {services}
                {pages}
                <p><a href=paths::admin::gateway_plugins(id)>"The plugins that Kong would have"</a></p>
            </section>
            <section>
                <h2>"New service"</h2>
                <Form action=CREATE_SERVICE>
                    <Hidden name="gateway" value=id />
                    {service_fields(None)}
                    <Submit label="Create service" />
                </Form>
            </section>
            <section>
                <h2>"Tokens"</h2>
                {token_section(id, tokens)}
            </section>
            <section>
                <h2>"Danger zone"</h2>
                <Confirm label="Delete gateway" question=question>
                    <Form action=DELETE_GATEWAY>
                        <Hidden name="gateway" value=id />
                        <Submit label="Delete gateway" class="danger" />
                    </Form>
                </Confirm>
            </section>
        };
        Ok(view.into_any())
    })
}

fn service_card(gateway: GatewayId, service: GatewayService) -> AnyView {
    let id = service.id;
    let matches = format!("{}{}", service.host, service.path_prefix);
    let linked = service.product_id.zip(service.version_id).map(|(product, version)| {
        let name =
            format!("{} {}", service.product_name.clone().unwrap_or_default(), service.version_name.clone().unwrap_or_default());
        view! { <p>"Serves " <a href=paths::admin::version(product, version)>{name}</a></p> }.into_any()
    });
    let linked = linked.unwrap_or_else(|| view! { <p class="quiet">"No version links to it, so it is closed."</p> }.into_any());
    let question = format!("Delete {}? No version may link to it.", service.name);
    view! {
        <article class="card">
            <h3>{service.name.clone()}</h3>
            <p><code>{matches}</code> " goes to " <code>{service.upstream_url.clone()}</code></p>
            {linked}
            <Disclosure label="Edit">
                <Form action=UPDATE_SERVICE key=id.to_string()>
                    <Hidden name="gateway" value=gateway />
                    <Hidden name="service" value=id />
                    {service_fields(Some(service))}
                    <Submit label="Save" />
                </Form>
            </Disclosure>
            <Confirm label="Delete" question=question>
                <Form action=DELETE_SERVICE key=id.to_string()>
                    <Hidden name="gateway" value=gateway />
                    <Hidden name="service" value=id />
                    <Submit label="Delete service" class="danger" />
                </Form>
            </Confirm>
        </article>
    }
    .into_any()
}

fn service_fields(service: Option<GatewayService>) -> AnyView {
    let text = |value: fn(&GatewayService) -> String| service.as_ref().map(value).unwrap_or_default();
    view! {
        <TextField name="name" label="Name" value=text(|s| s.name.clone()) required=true />
        <TextField name="host" label="Host" value=text(|s| s.host.clone()) hint="Calls to this host; any host where empty." />
        <TextField name="path_prefix" label="Path prefix" value=text(|s| s.path_prefix.clone()) required=true hint="Such as /weather. It is cut off before the upstream sees the call." />
        <TextField name="upstream_url" label="Upstream URL" kind="url" value=text(|s| s.upstream_url.clone()) required=true hint="Where calls go, such as http://10.0.0.5:8080." />
    }
    .into_any()
}
