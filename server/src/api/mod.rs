//! The management API, `/v2` on the base host: Konnect's contracts over the operations of `portico-core`.
//!
//! Handlers by feature, one operation a function. No rule lives here: a handler reads the request, calls one operation,
//! and writes what came of it in the contract's words.

mod body;
mod problem;
mod publications;

use crate::{middleware::RequestId, pages::Pages};
use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use portico_core::{
    Actor, Core, access_tokens,
    listing::{Listed, Listing},
    secrets::Plain,
};
use portico_model::problem::{Problem, Rule, ValueType};
use problem::{Refusal, Source};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::HashMap, str::FromStr};

/// Where the API is.
pub const PREFIX: &str = "/v2";

/// What a handler answers.
type Answer = Result<Response, Refusal>;

/// The API, for requests to the base host; to any other it does not exist.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .merge(publications::router())
        .fallback(|| async { Refusal::from(Problem::NotFound) })
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed() })
        .layer(from_fn_with_state(pages.clone(), admit))
        .with_state(pages)
}

/// Lets in whoever shows an access token, and tells nobody else what there is. A final slash is as good as none.
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
            problem::with_instance(next.run(request).await, &id)
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
}

impl FromRequestParts<Pages> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Refusal> {
        let actor = parts.extensions.get::<Actor>().copied().ok_or(Problem::Unauthenticated)?;
        let Path(path) = Path::from_request_parts(parts, pages).await.map_err(|_| Problem::NotFound)?;
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Ok(Self { core: pages.core.clone(), actor, path, query })
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

    /// What part of a list is asked for.
    fn listing(&self, attributes: &'static [portico_core::listing::Attribute]) -> Result<Listing, Refusal> {
        Listing::parse(&self.query, attributes).map_err(|problem| Refusal::from(problem).at(Source::Query))
    }
}

/// A part of a list, with where in it one is.
fn page<T, V: Serialize>(listing: &Listing, listed: Listed<T>, view: impl Fn(T) -> V) -> Response {
    let data: Vec<V> = listed.items.into_iter().map(view).collect();
    let page = json!({"number": listing.number, "size": listing.size, "total": listed.total});
    Json(json!({"data": data, "meta": {"page": page}})).into_response()
}

fn created(view: impl Serialize) -> Response {
    (StatusCode::CREATED, Json(view)).into_response()
}

/// Either nothing is wrong with a field, or it is not of its type.
fn of_type<T>(value: &Value, read: impl FnOnce(&Value) -> Option<T>, expected: ValueType) -> Result<T, Rule> {
    read(value).ok_or(Rule::Type(expected))
}
