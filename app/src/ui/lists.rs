//! Lists: search, order, pages, and what to do when there is nothing.

use crate::visit::Visit;
use leptos::prelude::*;
use portico_model::paging::{COUNTED_MAX, Page, PageRequest};

/// The current address with some parameters changed, or removed where they are empty.
fn link(changes: &[(&str, &str)]) -> String {
    let visit = Visit::current();
    let (path, query) = visit.target.split_once('?').unwrap_or((visit.target.as_str(), ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let changed = changes.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).extend_pairs(changed).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Parameters that searching must not lose.
fn other_parameters() -> Vec<(String, String)> {
    let target = Visit::current().target;
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes()).into_owned();
    parameters.filter(|(name, value)| !matches!(name.as_str(), "search" | "status" | "page") && !value.is_empty()).collect()
}

/// Search within a list, and where there are states, one of them.
#[component]
pub fn ListSearch(
    request: PageRequest,
    label: &'static str,
    #[prop(optional)] states: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let status = request.status.clone();
    let filter = (!states.is_empty()).then(|| {
        view! {
            <label>
                <span class="visually-hidden">"State"</span>
                <select name="status">
                    <option value="">"Any state"</option>
                    {states
                        .into_iter()
                        .map(|(value, word)| view! { <option value=value selected=value == status>{word}</option> })
                        .collect_view()}
                </select>
            </label>
        }
    });
    view! {
        <form class="list-search" method="get" role="search" aria-label=label>
            {other_parameters()
                .into_iter()
                .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
                .collect_view()}
            <label>
                <span class="visually-hidden">{label}</span>
                <input type="search" name="search" placeholder=label value=request.search.clone() />
            </label>
            {filter}
            <button type="submit" class="secondary">"Search"</button>
        </form>
    }
}

/// A column's heading that orders the list by it.
pub fn sort_heading(request: &PageRequest, column: &str, label: &'static str) -> AnyView {
    let descending = format!("-{column}");
    let (order, next) = if request.sort == column {
        ("ascending", descending.as_str())
    } else if request.sort == descending {
        ("descending", column)
    } else {
        ("none", column)
    };
    let href = link(&[("sort", next), ("page", "")]);
    view! {
        <th scope="col" aria-sort=order>
            <a href=href>{label}</a>
        </th>
    }
    .into_any()
}

/// Where in the list one is, and the way to the neighbouring pages.
pub fn pager<T>(page: &Page<T>) -> AnyView {
    let size = i64::from(page.size);
    if page.total <= size && page.index == 0 {
        return ().into_any();
    }
    let first = i64::from(page.index) * size + 1;
    let last = (first - 1 + size).min(page.total);
    let total = if page.is_counted { page.total.to_string() } else { format!("more than {COUNTED_MAX}") };
    let previous = (page.index > 0).then(|| link(&[("page", &page.index.to_string())]));
    let next = page.has_next().then(|| link(&[("page", &(page.index + 2).to_string())]));
    view! {
        <nav class="pager" aria-label="Pages">
            {previous.map(|href| view! { <a href=href rel="prev">"Previous"</a> })}
            <span>{format!("{first} – {last} of {total}")}</span>
            {next.map(|href| view! { <a href=href rel="next">"Next"</a> })}
        </nav>
    }
    .into_any()
}

/// Whether the list shows only what fits a search or a state.
fn is_narrowed() -> bool {
    let target = Visit::current().target;
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| matches!(&*name, "search" | "status") && !value.is_empty())
}

fn nothing_fits() -> AnyView {
    let everything = link(&[("search", ""), ("status", ""), ("page", "")]);
    view! { "Nothing here fits what you look for. " <a href=everything>"Show everything"</a> }.into_any()
}

/// A table, or what to say in its place when it has no rows. Each cell but the first names its column in
/// `data-column`: on narrow screens rows become cards, and the name stands before the cell.
#[component]
pub fn Table(headings: AnyView, rows: Vec<AnyView>, #[prop(into)] empty: ViewFn) -> impl IntoView {
    if rows.is_empty() {
        return view! { <div class="empty">{if is_narrowed() { nothing_fits() } else { empty.run() }}</div> }.into_any();
    }
    view! {
        <div class="table">
            <table>
                <thead>
                    <tr>{headings}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
