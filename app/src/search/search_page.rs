//! What was found in a portal.

use crate::{
    ui::{
        layout::PageTitle,
        lists::pager,
        page::{page, page_request},
        text::count,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::search::{self, Found, FoundKind, MATCH_BEGINS, MATCH_ENDS};
use portico_model::{paging::COUNTED_MAX, paths};

/// The box that leads to this page.
pub fn search_box(search: &str) -> AnyView {
    view! {
        <form class="search-box" method="get" action=paths::portal::SEARCH role="search" aria-label="Portal">
            <label>
                <span class="visually-hidden">"Search products, operations and documents"</span>
                <input type="search" name="search" placeholder="Search" value=search.to_owned() />
            </label>
            <button type="submit" class="secondary">"Search"</button>
        </form>
    }
    .into_any()
}

#[component]
pub fn SearchPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let found = search::search(&visit.core, visit.actor, visit.portal()?, &request).await?;
        let pages = pager(&found);
        let total =
            if found.is_counted { count(found.total, "result", "results") } else { format!("More than {COUNTED_MAX} results") };
        let empty = match (found.items.is_empty(), request.search.is_empty()) {
            (false, _) => None,
            (true, true) => Some("Type what you look for: a product, an operation, a word of a document."),
            (true, false) => Some("Nothing matches. Try fewer or other words."),
        };
        let items = found.items.into_iter().map(result).collect_view();
        let view = view! {
            <PageTitle text="Search" />
            <h1>"Search"</h1>
            {search_box(&request.search)}
            {match empty {
                Some(text) => view! { <p class="empty">{text}</p> }.into_any(),
                None => view! { <p class="quiet" role="status">{total}</p> <ol class="results">{items}</ol> {pages} }.into_any(),
            }}
        };
        Ok(view.into_any())
    })
}

fn result(found: Found) -> AnyView {
    let slug = found.slug.unwrap_or_default();
    let (kind, href) = match (found.kind, found.version_id) {
        (FoundKind::Version, Some(version)) => ("Version", paths::portal::version(found.product_id, version)),
        (FoundKind::Operation, Some(version)) => ("Operation", paths::portal::operation(found.product_id, version, &slug)),
        (FoundKind::Document, _) => ("Document", paths::portal::document(found.product_id, &slug)),
        _ => ("Product", paths::portal::product(found.product_id)),
    };
    let place =
        found.version_name.map_or_else(|| found.product_name.clone(), |version| format!("{} {version}", found.product_name));
    view! {
        <li>
            <p><a href=href>{found.title}</a> " " <span class="badge">{kind}</span> " " <span class="quiet">{place}</span></p>
            <p>{marked(&found.snippet)}</p>
        </li>
    }
    .into_any()
}

/// A snippet with its matches marked.
fn marked(snippet: &str) -> AnyView {
    let pieces = snippet.split(MATCH_BEGINS).map(|piece| match piece.split_once(MATCH_ENDS) {
        Some((matched, rest)) => view! { <mark>{matched.to_owned()}</mark> {rest.to_owned()} }.into_any(),
        None => piece.to_owned().into_any(),
    });
    pieces.collect_view().into_any()
}
