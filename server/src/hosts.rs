//! Which place a host means: the base host with the admin console, or a portal.

use crate::{
    api, assets, forms, middleware,
    pages::{self, Pages},
    sessions,
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use portico_core::{
    Error,
    portals::{self, Portal},
};
use portico_model::problem::Problem;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer};

/// Where a request was sent.
#[derive(Clone)]
pub enum Place {
    Base,
    Portal(Box<Portal>),
}

impl Place {
    pub fn portal(self) -> Option<Portal> {
        match self {
            Self::Base => None,
            Self::Portal(portal) => Some(*portal),
        }
    }
}

/// Everything that is served to browsers.
pub fn router(pages: Pages, is_https: bool) -> Router {
    // Leptos spawns on this runtime. A second router finds it set already, which is as good.
    let _ = any_spawner::Executor::init_tokio();
    let core = pages.core.clone();
    let trace_core = core.clone();
    let browsers = Router::new()
        .route("/_fn/{*function}", post(forms::post))
        .route("/products/{product}/versions/{version}/specification", get(pages::specification))
        .fallback(get(pages::render))
        .layer(sessions::layer(&core, is_https))
        .layer(from_fn(sessions::tell_outage))
        .layer(from_fn_with_state(pages.clone(), find_place))
        .layer(CsrfLayer::new())
        .with_state(pages.clone());
    Router::new()
        .route("/pkg/{name}", get(assets::serve))
        .route("/healthz", get(|| async { "ok" }))
        .nest(api::PREFIX, api::router(pages.clone()))
        .route("/readyz", get(ready).with_state(pages))
        .merge(browsers)
        .layer(CompressionLayer::new())
        .layer(from_fn(move |request: Request, next: Next| middleware::safe_headers(is_https, request, next)))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(move |request: Request, next: Next| middleware::trace(trace_core.clone(), request, next)))
}

async fn ready(State(pages): State<Pages>) -> Response {
    match pages.core.ready().await {
        Ok(()) => "ready".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready").into_response(),
    }
}

/// Notes which place the host means. A function of one place does not exist in the other.
async fn find_place(State(pages): State<Pages>, mut request: Request<Body>, next: Next) -> Response {
    let host = portico_gateway::host(&request).to_owned();
    let place = if host.eq_ignore_ascii_case(&pages.core.site.host) {
        Place::Base
    } else {
        match portals::at_host(&pages.core, &host).await {
            Ok(Some(portal)) => Place::Portal(Box::new(portal)),
            Ok(None) => return forms::refusal_page(&Problem::NotFound),
            Err(Error::Problem(problem)) => return forms::refusal_page(&problem),
            Err(Error::Internal(error)) => {
                tracing::error!(error = format!("{error:#}"), "a portal cannot be found");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    if let Some(function) = request.uri().path().strip_prefix("/_fn/") {
        let is_admins = function.starts_with("admin/");
        if is_admins != matches!(place, Place::Base) {
            return forms::refusal_page(&Problem::NotFound);
        }
    }
    request.extensions_mut().insert(place);
    next.run(request).await
}
