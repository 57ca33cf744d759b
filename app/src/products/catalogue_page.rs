use crate::{
    search::search_page::search_box,
    ui::{
        layout::PageTitle,
        lists::pager,
        page::{page, page_request},
        text::count,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::products::catalogue::{self, CatalogueProduct};
use portico_model::paths;

/// What a portal offers.
#[component]
pub fn CataloguePage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let portal = visit.portal()?;
        let products = catalogue::products(&visit.core, visit.actor, portal, &request).await?;
        let pages = pager(&products);
        let empty = match (products.items.is_empty(), request.search.is_empty()) {
            (false, _) => None,
            (true, true) => Some("No products listed. Ask whoever runs this portal when there will be some."),
            (true, false) => Some("No product matches. Try fewer or other words."),
        };
        let cards = products.items.into_iter().map(card).collect_view();
        let view = view! {
            <PageTitle text="Catalog" />
            <div class="hero">
                <h1>{format!("Welcome to {}", portal.display_name)}</h1>
                <p>{portal.description.clone()}</p>
            </div>
            {search_box(&request.search)}
            {empty.map(|text| view! { <p class="empty">{text}</p> })}
            <ul class="cards">{cards}</ul>
            {pages}
        };
        Ok(view.into_any())
    })
}

fn card(product: CatalogueProduct) -> AnyView {
    view! {
        <li class="card">
            <h2><a href=paths::portal::product(product.id)>{product.name}</a></h2>
            <p>{product.description}</p>
            <p class="quiet">
                {count(product.version_count, "version", "versions")}
                {product.latest_version.map(|version| format!(", latest {version}"))}
            </p>
        </li>
    }
    .into_any()
}
