//! One schema: where the reference of a large or deep one goes on.

use super::{
    example::{self, Direction},
    frame::{Current, Reading},
    samples,
    schema_view::SchemaView,
};
use crate::{
    ui::{
        code,
        layout::PageTitle,
        page::{page, path_id, path_text},
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::products::reference;
use portico_model::ids::ProductId;

/// Properties that a schema's page shows.
const PROPERTIES_MAX: usize = 1_000;

#[component]
pub fn SchemaPage() -> impl IntoView {
    let visit = Visit::current();
    let product = path_id::<ProductId>("product");
    let (version, slug) = (path_text("version"), path_text("schema"));
    page(async move {
        let reading = Reading::load(&visit, product, Some(version)).await?;
        let schema = reference::schema(&visit.core, &reading.version, &slug).await?;
        let path = reading.path();
        let drawn = SchemaView::new(&schema.schemas, &path, PROPERTIES_MAX).draw(&schema.detail);
        let example = samples::pretty(&example::of_schema(&schema.detail, &schema.schemas, Direction::Response));
        let content = view! {
            <PageTitle text=format!("{}, {}", schema.name, reading.version.product_name) />
            <h1>{schema.name.clone()}</h1>
            <section>{drawn}</section>
            <section>
                <h2>"Example"</h2>
                <pre>{code::block("json", &example)}</pre>
            </section>
        };
        Ok(reading.frame(Current::Other, content.into_any()))
    })
}
