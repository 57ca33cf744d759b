//! How a server function's answer reaches a browser: the same refusals with and without JavaScript.
//!
//! A form posted by the form island gets JSON with words and field names, or `Location`. A form posted by
//! the browser itself is redirected: on, or back to its page, which shows it as it was filled in.

use crate::{
    assets,
    pages::{self, Pages},
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use portico_app::{
    FormFlash, Visit,
    products::functions::UPLOAD_SPECIFICATION,
    ui::{page::status, words},
    visit::{FormProblems, UiError},
};
use portico_model::problem::{Problem, Rule};
use std::collections::BTreeMap;

/// Largest form without a file, of an admin, who writes documents, and of anyone else.
const ADMIN_FORM_MAX: usize = 2 * 1024 * 1024;
const FORM_MAX: usize = 64 * 1024;
/// Largest form that is shown again as it was filled in, without JavaScript: that takes a row in the database.
const REMEMBERED_MAX: usize = 16 * 1024;
/// Largest form with a file: a specification and what surrounds it.
pub const UPLOAD_MAX: usize = portico_core::products::specification::CONTENT_MAX + 64 * 1024;

/// Runs the server function that a form posts to.
pub async fn post(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visit = match pages.visit(&parts).await {
        Ok(visit) => visit,
        Err(problem) => return refusal_page(&problem),
    };
    let wants_page = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"));
    let is_upload = content_type(&parts.headers).starts_with("multipart/form-data; boundary=");
    // server_fn panics when the one is sent as the other.
    if parts.uri.path() == UPLOAD_SPECIFICATION && !is_upload {
        return refuse(&visit, &Problem::Invalid(Vec::new()), wants_page, &parts, &Bytes::new()).await;
    }
    // Nobody else makes the server hold so much.
    let limit = match (visit.actor.require_admin().is_ok(), is_upload) {
        (true, true) => UPLOAD_MAX,
        (true, false) => ADMIN_FORM_MAX,
        (false, _) => FORM_MAX,
    };
    let Ok(body) = http_body_util::Limited::new(body, limit).collect().await.map(http_body_util::Collected::to_bytes) else {
        let too_large = Problem::field("content", Rule::TooLarge(limit));
        return refuse(&visit, &too_large, wants_page, &parts, &Bytes::new()).await;
    };
    let mut inner = Request::from_parts(parts.clone(), Body::from(body.clone()));
    inner.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let answer = pages::run_server_function(visit.clone(), inner).await;
    if let Some(next) = answer.headers().get(header::LOCATION).filter(|_| answer.status().is_success()) {
        return onward(next.clone(), wants_page);
    }
    if answer.status().is_success() {
        return show_answer(&visit, answer, wants_page, &parts, &body).await;
    }
    let problem = read_problem(answer).await;
    let body = if is_upload { Bytes::new() } else { body };
    refuse(&visit, &problem, wants_page, &parts, &body).await
}

fn content_type(headers: &http::HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn onward(next: HeaderValue, wants_page: bool) -> Response {
    let status = if wants_page { StatusCode::SEE_OTHER } else { StatusCode::NO_CONTENT };
    (status, [(header::LOCATION, next)]).into_response()
}

async fn read_problem(answer: Response) -> Problem {
    let status = answer.status();
    let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    match serde_json::from_slice::<UiError>(&body) {
        Ok(UiError(problem)) => problem,
        // No such function: leptos answers in plain text.
        Err(_) if status == StatusCode::BAD_REQUEST => Problem::NotFound,
        Err(_) => Problem::Invalid(Vec::new()),
    }
}

/// A form that leads nowhere else is answered on its own page.
async fn show_answer(visit: &Visit, answer: Response, wants_page: bool, parts: &Parts, body: &Bytes) -> Response {
    let Some(page) = referring_page(parts).filter(|_| wants_page) else { return answer };
    let answer = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let Ok(answer) = serde_json::from_slice(&answer) else { return refusal_page(&Problem::NotFound) };
    let form = form_flash(parts, form_values(body, REMEMBERED_MAX));
    match visit.leave_form(form, Some(answer)).await {
        Ok(()) => onward(page, true),
        Err(UiError(problem)) => refusal_page(&problem),
    }
}

/// A form as it was filled in.
fn form_flash(parts: &Parts, mut values: BTreeMap<String, String>) -> FormFlash {
    FormFlash {
        action: parts.uri.path().to_owned(),
        key: values.remove("form_key").unwrap_or_default(),
        summary: String::new(),
        messages: BTreeMap::new(),
        values,
    }
}

async fn refuse(visit: &Visit, problem: &Problem, wants_page: bool, parts: &Parts, body: &Bytes) -> Response {
    let words = FormProblems::of(problem);
    if !wants_page {
        return with_retry_after((status(problem), axum::Json(words)).into_response(), problem);
    }
    // What is not there, or tried too often, is not worth a row in the database.
    let is_remembered = !matches!(problem, Problem::NotFound | Problem::RateLimited { .. });
    let Some(page) = referring_page(parts).filter(|_| is_remembered) else { return refusal_page(problem) };
    let remembered_max = if visit.actor.require_admin().is_ok() { ADMIN_FORM_MAX } else { REMEMBERED_MAX };
    let flash = FormFlash {
        summary: words.summary,
        messages: words.fields.into_iter().map(|field| (field.field, field.message)).collect(),
        ..form_flash(parts, form_values(body, remembered_max))
    };
    match visit.leave_form(flash, None).await {
        Ok(()) => onward(page, true),
        Err(UiError(problem)) => refusal_page(&problem),
    }
}

/// What was filled in, but for passwords, keys and the unseen token of a link.
fn form_values(body: &Bytes, max: usize) -> BTreeMap<String, String> {
    if body.len() > max {
        return BTreeMap::new();
    }
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    let is_secret = |name: &str| name.starts_with("password") || matches!(name, "token" | "key" | "secret" | "client_secret");
    pairs.into_iter().filter(|(name, _)| !is_secret(name)).collect()
}

/// Path and query of the page that the form was on, if it was one of this host.
fn referring_page(parts: &Parts) -> Option<HeaderValue> {
    let referrer = parts.headers.get(header::REFERER)?.to_str().ok()?;
    let url = url::Url::parse(referrer).ok()?;
    let host = parts.headers.get(header::HOST)?.to_str().ok()?;
    let authority = url.port().map_or_else(
        || url.host_str().unwrap_or_default().to_owned(),
        |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
    );
    if authority != host {
        return None;
    }
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    HeaderValue::from_str(&target).ok()
}

/// A refusal that no page can show, since it needs neither a portal nor a database.
pub fn refusal_page(problem: &Problem) -> Response {
    let (title, words) = (words::title(problem), words::summary(problem));
    // Without a site the page has no style, which is no reason to say nothing.
    let css = assets::manifest().map(|assets| assets.css).unwrap_or_default();
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"stylesheet\" href=\"{css}\"><title>{title}</title></head>\
         <body><main id=\"main\"><section class=\"narrow\"><h1>{title}</h1><p>{words}</p></section></main></body></html>"
    );
    with_retry_after((status(problem), axum::response::Html(page)).into_response(), problem)
}

fn with_retry_after(mut response: Response, problem: &Problem) -> Response {
    let seconds = match problem {
        Problem::RateLimited { retry_after_seconds } => *retry_after_seconds,
        Problem::Unavailable => 5,
        _ => return response,
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
