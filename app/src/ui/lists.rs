//! Lists: search, order, pages, and what to do when there is nothing.

use crate::visit::Visit;
use leptos::prelude::*;
use portico_model::paging::{PAGE_SIZE, Page, PageRequest};

/// The current path with this list's parameters, and others changed or removed (when empty).
fn link(request: &PageRequest, changes: &[(&str, &str)]) -> String {
    let visit = Visit::current();
    let path = visit.target.split('?').next().unwrap_or("/").to_owned();
    let page = (request.index + 1).to_string();
    let page = if request.index == 0 { "" } else { page.as_str() };
    let current = [
        ("search", request.search.as_str()),
        ("status", request.status.as_str()),
        ("sort", request.sort.as_str()),
        ("page", page),
    ];
    let mut query = String::new();
    for (name, value) in current {
        let value = changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| value);
        if !value.is_empty() {
            query.push(if query.is_empty() { '?' } else { '&' });
            query.push_str(name);
            query.push('=');
            query.extend(form_urlencoded(value));
        }
    }
    path + &query
}

fn form_urlencoded(value: &str) -> Vec<String> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    value.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
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
        <form class="list-search" method="get" role="search">
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
    let href = link(request, &[("sort", next), ("page", "")]);
    view! {
        <th scope="col" aria-sort=order>
            <a href=href>{label}</a>
        </th>
    }
    .into_any()
}

/// Where in the list one is, and the way to the neighbouring pages.
pub fn pager<T>(request: &PageRequest, page: &Page<T>) -> AnyView {
    if page.total <= i64::from(PAGE_SIZE) && page.index == 0 {
        return ().into_any();
    }
    let first = i64::from(page.index) * i64::from(PAGE_SIZE) + 1;
    let last = (first - 1 + i64::from(PAGE_SIZE)).min(page.total);
    let previous = (page.index > 0).then(|| link(request, &[("page", &page.index.to_string())]));
    let next = page.has_next().then(|| link(request, &[("page", &(page.index + 2).to_string())]));
    view! {
        <nav class="pager" aria-label="Pages">
            {previous.map(|href| view! { <a href=href rel="prev">"Previous"</a> })}
            <span>{format!("{first} – {last} of {}", page.total)}</span>
            {next.map(|href| view! { <a href=href rel="next">"Next"</a> })}
        </nav>
    }
    .into_any()
}

/// A table, or what to say in its place when it has no rows.
#[component]
pub fn Table(headings: AnyView, rows: Vec<AnyView>, #[prop(into)] empty: ViewFn) -> impl IntoView {
    if rows.is_empty() {
        return view! { <div class="empty">{empty.run()}</div> }.into_any();
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

/// A cell. On narrow screens, where rows become cards, its column's name stands before it.
pub fn cell(column: &'static str, content: impl IntoView + 'static) -> AnyView {
    view! { <td data-column=column>{content.into_any()}</td> }.into_any()
}

/// The cell with what can be done to the row.
pub fn actions(content: impl IntoView + 'static) -> AnyView {
    view! { <td class="actions">{content.into_any()}</td> }.into_any()
}
