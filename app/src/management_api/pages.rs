use crate::{
    products::reference::{frame::CredentialHeader, operation_list::groups, operation_view, schema_page::schema_with_example},
    ui::{
        layout::PageTitle,
        page::{page, path_text},
    },
    visit::{UiError, Visit},
};
use leptos::prelude::*;
use portico_core::products::{Specification, reference::Operation};
use portico_model::{paths, problem::Problem};

/// Every operation of the API. For any admin.
#[component]
pub fn ManagementApiPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let api = description(&visit)?;
        let operations: Vec<&Operation> = api.operations.iter().map(|read| &read.operation).collect();
        let groups =
            groups(Some(&api.introduction), &operations, |operation| paths::admin::management_api_operation(&operation.slug));
        let content = view! {
            <PageTitle text="Management API" />
            <h1>"Management API"</h1>
            <p>
                "What the console does, for programs, at " <code>{address(&visit)}</code> ". A program shows an "
                <a href=paths::admin::ACCESS_TOKENS>"access token"</a> " and may do what its roles allow. Its description is at "
                <code>{format!("{}/openapi.json", address(&visit))}</code> "."
            </p>
            <section>
                <h2>"Operations"</h2>
                {groups}
            </section>
        };
        Ok(content.into_any())
    })
}

/// One operation: what it takes and gives, and calls to copy. For any admin.
#[component]
pub fn ManagementApiOperationPage() -> impl IntoView {
    let visit = Visit::current();
    let slug = path_text("operation");
    page(async move {
        let operation = description(&visit)?.operation_page(&slug).ok_or(Problem::NotFound)?;
        let title = operation_view::title(&operation.operation);
        let credential = CredentialHeader { name: "Authorization".to_owned(), prefix: "Bearer ", variable: "ACCESS_TOKEN" };
        let content = view! {
            <PageTitle text=format!("{title}, Management API") />
            {crumbs()}
            <h1>{title}</h1>
            {operation_view::summary(&operation)}
            {operation_view::samples(&operation, &address(&visit), Some(credential))}
            {operation_view::detail(&operation, paths::admin::MANAGEMENT_API)}
        };
        Ok(content.into_any())
    })
}

/// One schema. For any admin.
#[component]
pub fn ManagementApiSchemaPage() -> impl IntoView {
    let visit = Visit::current();
    let slug = path_text("schema");
    page(async move {
        let schema = description(&visit)?.schema_page(&slug).ok_or(Problem::NotFound)?;
        let content = view! {
            <PageTitle text=format!("{}, Management API", schema.name) />
            {crumbs()}
            {schema_with_example(&schema, paths::admin::MANAGEMENT_API)}
        };
        Ok(content.into_any())
    })
}

fn description(visit: &Visit) -> Result<&'static Specification, UiError> {
    visit.actor.require_admin()?;
    visit.management_api.as_ref().map_err(|problem| UiError(problem.clone()))
}

fn address(visit: &Visit) -> String {
    format!("{}/v2", visit.core.site.origin())
}

fn crumbs() -> AnyView {
    view! { <p class="crumbs"><a href=paths::admin::MANAGEMENT_API>"Management API"</a></p> }.into_any()
}
