//! How a page loads: everything first, then the whole page at once.

use crate::{
    ui::{layout::PageTitle, words},
    visit::{UiError, Visit},
};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;
use leptos_axum::{ResponseOptions, redirect};
use leptos_router::hooks::{use_params_map, use_query_map};
use portico_model::{paging::PageRequest, paths, problem::Problem};
use std::future::Future;

/// A page's view once its data is there; a refusal becomes the page for it, with its status.
pub fn page<F>(load: F) -> AnyView
where
    F: Future<Output = Result<AnyView, UiError>> + Send + 'static,
{
    let visit = Visit::current();
    let response = expect_context::<ResponseOptions>();
    Suspend::new(async move {
        match load.await {
            Ok(view) => view,
            Err(UiError(problem)) => refused(&visit, &response, &problem),
        }
    })
    .into_any()
}

fn refused(visit: &Visit, response: &ResponseOptions, problem: &Problem) -> AnyView {
    if *problem == Problem::Unauthenticated {
        redirect(&sign_in_path(visit));
        return ().into_any();
    }
    response.set_status(status(problem));
    if let Problem::Unavailable = problem {
        response.insert_header(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    let title = words::title(problem);
    view! {
        <PageTitle text=title />
        <section class="narrow">
            <h1>{title}</h1>
            <p>{words::summary(problem)}</p>
            <p><a href=home(visit)>"Go to the start page"</a></p>
        </section>
    }
    .into_any()
}

fn home(visit: &Visit) -> &'static str {
    if visit.portal.is_some() { paths::portal::CATALOGUE } else { paths::admin::HOME }
}

fn sign_in_path(visit: &Visit) -> String {
    match &visit.portal {
        None => paths::admin::SIGN_IN.to_owned(),
        // It has no accounts to sign in with.
        Some(portal) if portal.is_public => paths::portal::CATALOGUE.to_owned(),
        Some(_) => paths::portal::sign_in_and_return(&visit.target),
    }
}

/// The HTTP status of a problem.
pub fn status(problem: &Problem) -> StatusCode {
    match problem {
        Problem::NotFound => StatusCode::NOT_FOUND,
        Problem::Unauthenticated | Problem::WrongPassword | Problem::AwaitingApproval => StatusCode::UNAUTHORIZED,
        Problem::Forbidden => StatusCode::FORBIDDEN,
        Problem::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Problem::Conflict(_) => StatusCode::CONFLICT,
        Problem::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Problem::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Any path without a page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    page(async { Err(Problem::NotFound.into()) })
}

/// An id in the path; one that cannot be read is of nothing.
pub fn path_id<T: std::str::FromStr>(name: &str) -> Result<T, UiError> {
    path_text(name).parse().map_err(|_| Problem::NotFound.into())
}

/// A part of the path as it stands there.
pub fn path_text(name: &str) -> String {
    use_params_map().get_untracked().get(name).unwrap_or_default()
}

/// A parameter of the query; empty where it is missing.
pub fn query(name: &str) -> String {
    use_query_map().get_untracked().get(name).unwrap_or_default()
}

/// Which page of a list the query asks for.
pub fn page_request() -> PageRequest {
    PageRequest {
        search: query("search").chars().take(200).collect(),
        sort: query("sort"),
        status: query("status"),
        // People count pages from 1.
        index: query("page").parse::<u32>().unwrap_or(1).clamp(1, 1_000_000) - 1,
        ..PageRequest::default()
    }
}
