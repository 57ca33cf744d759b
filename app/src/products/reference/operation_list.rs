//! The operations of a version, by tag.

use super::frame::{Reading, tag_name};
use crate::ui::{
    lists::{ListSearch, pager},
    markdown,
    text::count,
};
use leptos::prelude::*;
use portico_core::products::reference::{Introduction, Operation};
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
    let items: Vec<&Operation> = operations.items.iter().collect();
    let version = &reading.version;
    let href = |operation: &Operation| paths::portal::operation(version.product_id, version.id, &operation.slug);
    let groups = groups(reading.introduction.as_ref(), &items, href);
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

/// Operations under their tags, in order. `href` is an operation's page.
pub fn groups(
    introduction: Option<&Introduction>,
    operations: &[&Operation],
    href: impl Fn(&Operation) -> String + Copy,
) -> Vec<AnyView> {
    operations.chunk_by(|one, next| one.tag == next.tag).map(|group| self::group(introduction, group, href)).collect()
}

fn group(introduction: Option<&Introduction>, operations: &[&Operation], href: impl Fn(&Operation) -> String) -> AnyView {
    let tag = operations.first().map(|operation| operation.tag.clone()).unwrap_or_default();
    let tags = introduction.iter().flat_map(|introduction| &introduction.tags);
    let description = tags.filter(|described| described.name == tag).map(|described| described.description.as_str()).next();
    let items = operations
        .iter()
        .map(|operation| {
            let summary = if operation.summary.is_empty() { operation.operation_id.clone() } else { operation.summary.clone() };
            view! {
                <li class="operation">
                    <span class=format!("method {}", operation.method.to_lowercase())>{operation.method.clone()}</span>
                    <a href=href(operation)><code>{operation.path.clone()}</code></a>
                    <span>{summary}</span>
                    {operation.deprecated.then(|| view! { <span class="badge waiting">"Deprecated"</span> })}
                </li>
            }
        })
        .collect_view();
    let is_one_of_many = introduction.is_some_and(|introduction| introduction.operation_tags.len() > 1);
    let name = is_one_of_many.then(|| view! { <h3>{tag_name(&tag).to_owned()}</h3> });
    view! { {name} {markdown::description(description.unwrap_or_default())} <ul class="operations">{items}</ul> }.into_any()
}
