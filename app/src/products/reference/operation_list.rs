//! The operations of a version, by tag.

use super::frame::{Reading, tag_name};
use crate::ui::{
    lists::{ListSearch, pager},
    markdown,
    text::count,
};
use leptos::prelude::*;
use portico_core::products::reference::Operation;
use portico_model::{
    paging::{Page, PageRequest},
    paths,
};

/// One page of operations. `tag` is the one that they are of, if they are of one.
pub fn operation_list(reading: &Reading, operations: Page<Operation>, tag: Option<&str>, request: &PageRequest) -> AnyView {
    if reading.introduction.is_none() {
        return view! { <section><h2>"Operations"</h2><p class="empty">"This version has no specification yet."</p></section> }
            .into_any();
    }
    let pages = pager(&operations);
    let total = operations.total;
    let is_long = total > i64::from(operations.size) || !request.search.is_empty();
    let search = is_long.then(|| view! { <ListSearch request=request.clone() label="Search operations" /> });
    let groups: Vec<AnyView> =
        operations.items.chunk_by(|one, next| one.tag == next.tag).map(|group| self::group(reading, group)).collect();
    let heading = tag.map_or("Operations", tag_name).to_owned();
    let empty = groups.is_empty().then(|| view! { <p class="empty">"No operation matches. Try fewer or other words."</p> });
    view! {
        <section>
            <h2>{heading}</h2>
            <p class="quiet">
                {count(total, "operation", "operations")}
                {tag.is_some().then(|| view! { ", " <a href=reading.path()>"show all"</a> })}
            </p>
            {search}
            {empty}
            {groups}
            {pages}
        </section>
    }
    .into_any()
}

fn group(reading: &Reading, operations: &[Operation]) -> AnyView {
    let tag = operations.first().map(|operation| operation.tag.clone()).unwrap_or_default();
    let tags = reading.introduction.iter().flat_map(|introduction| &introduction.tags);
    let description = tags.filter(|described| described.name == tag).map(|described| described.description.as_str()).next();
    let items = operations
        .iter()
        .map(|operation| {
            let href = paths::portal::operation(reading.version.product_id, reading.version.id, &operation.slug);
            let summary = if operation.summary.is_empty() { operation.operation_id.clone() } else { operation.summary.clone() };
            view! {
                <li class="operation">
                    <span class=format!("method {}", operation.method.to_lowercase())>{operation.method.clone()}</span>
                    <a href=href><code>{operation.path.clone()}</code></a>
                    <span>{summary}</span>
                    {operation.deprecated.then(|| view! { <span class="badge waiting">"Deprecated"</span> })}
                </li>
            }
        })
        .collect_view();
    let name = (reading.tags().len() > 1).then(|| view! { <h3>{tag_name(&tag).to_owned()}</h3> });
    view! { {name} {markdown::description(description.unwrap_or_default())} <ul class="operations">{items}</ul> }.into_any()
}
