use crate::{
    ui::{layout::PageTitle, page::page},
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::portals;
use portico_model::paths;

/// The base host's start page: the way to each portal.
#[component]
pub fn DirectoryPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let portals = portals::directory(&visit.core).await?;
        let list = portals
            .into_iter()
            .map(|portal| {
                let origin = portal.origin(&visit.core);
                view! {
                    <li class="card">
                        <h2><a href=origin.clone()>{portal.display_name}</a></h2>
                        <p>{portal.description}</p>
                        <p class="quiet">{origin}</p>
                    </li>
                }
            })
            .collect_view();
        let view = view! {
            <PageTitle text="Developer portals" />
            <h1>"Developer portals"</h1>
            <ul class="cards">{list}</ul>
            <p><a href=paths::admin::HOME>"Admin console"</a></p>
        };
        Ok(view.into_any())
    })
}
