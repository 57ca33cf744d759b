//! The management API, `/v2` on the base host: Konnect's contracts over the operations of `portico-core`.
//!
//! Handlers by feature, one operation a function. No rule lives here: a handler reads the request, calls one operation,
//! and writes what came of it in the contract's words.

mod api_products;
mod appearance;
mod applications;
mod audit_logs;
mod auth_strategies;
mod body;
mod control_planes;
mod dcr_providers;
mod developers;
mod documents;
mod idempotency;
mod identity_providers;
mod openapi;
mod portals;
mod problem;
mod product_versions;
mod publications;
mod registrations;
mod specifications;
mod team_groups;
mod teams;

use crate::{middleware::RequestId, pages::Pages};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Path, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use openapi::Listable;
use portico_core::{
    Actor, Core, access_tokens,
    listing::{Listed, Listing},
    products::Specification,
    secrets::Plain,
};
use portico_model::problem::{FieldProblem, Problem, Rule};
use problem::{Refusal, Source};
use serde::Serialize;
use serde_json::Value;
use std::{collections::HashMap, str::FromStr, sync::LazyLock};
use tower_http::normalize_path::NormalizePath;
use utoipa::{ToSchema, openapi::OpenApi};
use utoipa_axum::router::OpenApiRouter;

/// Where the API is.
pub const PREFIX: &str = "/v2";

/// What a handler answers.
type Answer = Result<Response, Refusal>;

/// Every operation, and what it says of itself.
fn operations() -> (Router<Pages>, OpenApi) {
    let (router, document) = OpenApiRouter::new()
        .merge(api_products::router())
        .merge(product_versions::router())
        .merge(specifications::router())
        .merge(documents::router())
        .merge(auth_strategies::router())
        .merge(dcr_providers::router())
        .merge(portals::router())
        .merge(publications::router())
        .merge(developers::router())
        .merge(applications::router())
        .merge(registrations::router())
        .merge(teams::router())
        .merge(team_groups::router())
        .merge(identity_providers::router())
        .merge(appearance::router())
        .merge(audit_logs::router())
        .merge(control_planes::router())
        .split_for_parts();
    (router, openapi::complete(document))
}

/// The description of the API (OpenAPI 3.1).
pub fn description() -> Value {
    openapi::rendered(&operations().1)
}

/// The description as the console shows it, read when somebody first looks.
pub static REFERENCE: LazyLock<Result<Specification, Problem>> = LazyLock::new(|| Specification::read(description().to_string()));

/// The API, for requests to the base host; to any other it does not exist. A final slash is as good as none.
pub fn router(pages: Pages) -> Router {
    let (router, document) = operations();
    let document = openapi::rendered(&document);
    let router = router
        .route("/openapi.json", get(async move || Json(document)))
        .fallback(|| async { Refusal::from(Problem::NotFound) })
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed() })
        .layer(DefaultBodyLimit::max(body::BODY_MAX))
        .layer(from_fn_with_state(pages.clone(), admit))
        .with_state(pages);
    Router::new().fallback_service(NormalizePath::trim_trailing_slash(router))
}

/// Lets in whoever shows an access token, and tells nobody else what there is.
async fn admit(State(pages): State<Pages>, mut request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let is_here = portico_gateway::host(&request).eq_ignore_ascii_case(&pages.core.site.host);
    let outcome = match (is_here, token(&request)) {
        (false, _) => Err(Refusal::from(Problem::NotFound)),
        (true, None) => Err(Refusal::from(Problem::Unauthenticated)),
        (true, Some(token)) => access_tokens::actor_of(&pages.core, &token).await.map_err(Refusal::from),
    };
    match outcome {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            problem::with_instance(idempotency::run(&pages.core, actor, request, next).await, &id)
        }
        Err(refusal) => problem::with_instance(refusal.into_response(), &id),
    }
}

/// The access token, bare or as RFC 6750 has it.
fn token(request: &Request) -> Option<Plain> {
    let sent = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match sent.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => sent,
    };
    (!token.is_empty()).then(|| Plain::new(token))
}

/// One request by somebody who was let in.
struct Call {
    core: Core,
    actor: Actor,
    path: HashMap<String, String>,
    query: Vec<(String, String)>,
    accept: String,
}

impl FromRequestParts<Pages> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Refusal> {
        let actor = parts.extensions.get::<Actor>().copied().ok_or(Problem::Unauthenticated)?;
        let Path(path) = Path::from_request_parts(parts, pages).await.map_err(|_| Problem::NotFound)?;
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Self { core: pages.core.clone(), actor, path, query, accept })
    }
}

impl Call {
    /// An id in the path.
    ///
    /// # Errors
    ///
    /// `NotFound`: nothing is called by what is no id.
    fn id<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        let id = self.path.get(name).and_then(|id| id.parse().ok());
        id.ok_or_else(|| Problem::NotFound.into())
    }

    /// Whether an answer of this type is asked for by its name.
    fn accepts(&self, content_type: &str) -> bool {
        self.accept.split(',').any(|part| part.split(';').next().unwrap_or_default().trim() == content_type)
    }

    /// What part of a list is asked for.
    fn listing<L: Listable>(&self) -> Result<Listing, Refusal> {
        Listing::parse(&self.query, L::ATTRIBUTES).map_err(|problem| Refusal::from(problem).at(Source::Query))
    }

    /// The query of an operation that knows only these parameters.
    fn parameters<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&str>; N], Refusal> {
        let unknown = self.query.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let problems: Vec<_> =
            unknown.map(|(name, _)| FieldProblem { field: name.clone(), rule: Rule::UnknownProperty }).collect();
        if !problems.is_empty() {
            return Err(Refusal::from(Problem::Invalid(problems)).at(Source::Query));
        }
        Ok(names.map(|name| self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())))
    }
}

/// Where in a list one is.
#[derive(Serialize, ToSchema)]
struct PageMeta {
    /// Counted from 1.
    number: u32,
    size: u32,
    /// In the whole list.
    total: i64,
}

#[derive(Serialize, ToSchema)]
struct PaginatedMeta {
    page: PageMeta,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
struct PageOf<T: ToSchema> {
    data: Vec<T>,
    meta: PaginatedMeta,
}

impl<T: ToSchema> PageOf<T> {
    fn new(listing: &Listing, total: i64, data: Vec<T>) -> Self {
        Self { data, meta: PaginatedMeta { page: PageMeta { number: listing.number, size: listing.size, total } } }
    }
}

fn page<T, V: Serialize + ToSchema>(listing: &Listing, listed: Listed<T>, view: impl Fn(T) -> V) -> Response {
    Json(PageOf::new(listing, listed.total, listed.items.into_iter().map(view).collect())).into_response()
}

fn created(view: impl Serialize) -> Response {
    (StatusCode::CREATED, Json(view)).into_response()
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What is told as null where nothing was written.
fn written(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
