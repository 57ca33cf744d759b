//! A document, as readers see it.

use crate::{
    products::reference::frame::{Current, Reading},
    ui::{
        layout::PageTitle,
        markdown::{self, Heading},
        page::{page, path_id, path_text},
        text::moment,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::documents;
use portico_model::ids::ProductId;

#[component]
pub fn DocumentPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let slug = path_text("document");
    page(async move {
        let reading = Reading::load(&visit, product, None).await?;
        let document = documents::read(&visit.core, &reading.version, &slug).await?;
        let (content, headings) = markdown::document(&document.content);
        let content = view! {
            <PageTitle text=format!("{}, {}", document.title, reading.version.product_name) />
            <h1>{document.title.clone()}</h1>
            {outline(headings)}
            {content}
            <p class="quiet">"Last changed " {moment(document.updated_at)}</p>
        };
        Ok(reading.frame(Current::Document(&document.slug), content.into_any()))
    })
}

/// The way to each section, where there are several.
fn outline(headings: Vec<Heading>) -> AnyView {
    if headings.len() < 3 {
        return ().into_any();
    }
    let links = headings.into_iter().filter(|heading| heading.level <= 3).map(|heading| {
        view! { <li class=format!("level-{}", heading.level - 2)><a href=format!("#{}", heading.anchor)>{heading.text}</a></li> }
    });
    let links = links.collect_view();
    view! {
        <nav class="outline" aria-label="On this page">
            <p>"On this page"</p>
            <ul>{links}</ul>
        </nav>
    }
    .into_any()
}
