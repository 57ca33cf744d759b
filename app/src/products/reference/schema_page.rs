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
use portico_core::products::reference::{self, SchemaPage as Schema};
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
        let content = view! {
            <PageTitle text=format!("{}, {}", schema.name, reading.version.product_name) />
            {schema_with_example(&schema, &reading.path())}
        };
        Ok(reading.frame(Current::Other, content.into_any()))
    })
}

/// The pages of other schemas are below `path`.
pub fn schema_with_example(schema: &Schema, path: &str) -> AnyView {
    let drawn = SchemaView::new(&schema.schemas, path, PROPERTIES_MAX).draw(&schema.detail);
    let example = samples::pretty(&example::of_schema(&schema.detail, &schema.schemas, Direction::Response));
    view! {
        <h1>{schema.name.clone()}</h1>
        <section>{drawn}</section>
        <section>
            <h2>"Example"</h2>
            <pre>{code::block("json", &example)}</pre>
        </section>
    }
    .into_any()
}
