use crate::{
    ui::{
        layout::PageTitle,
        page::{page, path_id},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::gateways::{
    self,
    kong::{self, ServicePlugins},
};
use portico_model::{ids::GatewayId, paths};
use serde_json::Value;

/// The plugins that a Kong in the place of the built-in gateway would have. To read only: they follow the publications.
#[component]
pub fn PluginsPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<GatewayId>("gateway");
    page(async move {
        let gateway = gateways::get(&visit.core, visit.actor, id?).await?;
        let services = kong::plugins(&visit.core, visit.actor, gateway.id).await?;
        let is_empty = services.is_empty();
        let services = services.into_iter().map(service).collect_view();
        let title = format!("Plugins of {}", gateway.name);
        let view = view! {
            <PageTitle text=title.clone() />
            <p class="crumbs">
                <a href=paths::admin::GATEWAYS>"Gateways"</a>
                " / "
                <a href=paths::admin::gateway(gateway.id)>{gateway.name.clone()}</a>
            </p>
            <h1>{title}</h1>
            <p class="lead">"What Kong would be told about each service. The built-in gateway does the same without plugins, and nobody edits them: they follow the publications."</p>
            {is_empty.then(|| view! { <p class="empty">"No services. Add one to the gateway, and link it from a version."</p> })}
            {services}
        };
        Ok(view.into_any())
    })
}

fn service(service: ServicePlugins) -> AnyView {
    let current = match service.current {
        Some(plugin) => vec![plugin],
        None => Vec::new(),
    };
    view! {
        <section>
            <h2>{service.service_name}</h2>
            <h3>"Control planes with application auth"</h3>
            {plugins(&current, "None: nothing opens the service, or anybody may call it.")}
            <h3>"Legacy control plane, and a stock Kong"</h3>
            {plugins(&service.legacy, "None: anybody may call it.")}
        </section>
    }
    .into_any()
}

fn plugins(plugins: &[Value], none: &'static str) -> AnyView {
    if plugins.is_empty() {
        return view! { <p class="quiet">{none}</p> }.into_any();
    }
    let written = plugins.iter().map(|plugin| {
        let text = serde_json::to_string_pretty(plugin).unwrap_or_default();
        view! { <pre class="code"><code>{text}</code></pre> }
    });
    written.collect_view().into_any()
}
