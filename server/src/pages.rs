//! Pages and server functions, with what they need to know of the request.

use crate::{
    addresses::{client_address, subject},
    api, forms,
    hosts::Place,
    middleware::RequestId,
    sessions,
};
use axum::{
    body::Body,
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use ipnet::IpNet;
use leptos::prelude::provide_context;
use portico_app::{
    Assets, Visit, admin_app, portal_app,
    ui::layout::document,
    visit::{Flash, UiError, take_flash},
};
use portico_core::{
    Core, Error,
    products::catalogue::{self, CatalogueSpecification},
};
use portico_gateway::Proxy;
use portico_model::problem::Problem;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tower_sessions::Session;

/// What pages have in common.
#[derive(Clone)]
pub struct Pages {
    pub core: Core,
    pub assets: Arc<Assets>,
    pub gateway_origin: Arc<str>,
    pub trusted_proxies: Arc<[IpNet]>,
    /// Passes on calls that are tried.
    pub proxy: Proxy,
}

impl Pages {
    /// What a page or server function is told of the request.
    pub async fn visit(&self, parts: &Parts) -> Result<Visit, Problem> {
        let session = parts.extensions.get::<Session>().cloned().ok_or(Problem::Unavailable)?;
        let place = parts.extensions.get::<Place>().cloned().ok_or(Problem::NotFound)?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let actor = sessions::actor(&self.core, &session).await.map_err(|error| match error {
            Error::Problem(problem) => problem,
            Error::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "a session cannot be read");
                Problem::Internal { request_id: request_id.clone() }
            }
        })?;
        Ok(Visit {
            core: self.core.clone(),
            actor,
            portal: place.portal(),
            session,
            assets: Arc::clone(&self.assets),
            gateway_origin: Arc::clone(&self.gateway_origin),
            address: self.address(parts),
            request_id,
            target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            flash: Arc::default(),
            proxy: self.proxy.clone(),
            management_api: &api::REFERENCE,
            names: Arc::default(),
            has_enhanced_forms: Arc::default(),
            refused_forms: Arc::default(),
        })
    }

    fn address(&self, parts: &Parts) -> String {
        let peer =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        subject(client_address(peer, &parts.headers, &self.trusted_proxies))
    }
}

/// Renders the page at a path.
pub async fn render(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = match pages.visit(&parts).await {
        Ok(visit) => visit,
        Err(problem) => return forms::refusal_page(&problem),
    };
    visit.flash = if is_prefetch(&parts.headers) {
        Arc::new(Flash::default())
    } else {
        Arc::new(take_flash(&pages.core, &visit.session).await)
    };
    let app = if visit.portal.is_some() { portal_app } else { admin_app };
    let render = leptos_axum::render_app_async_with_context(move || provide_context(visit.clone()), move || document(app));
    render(Request::from_parts(parts, body)).await
}

/// A version's specification as it was uploaded, for whoever may see the version.
pub async fn specification(State(pages): State<Pages>, Path((_, version)): Path<(String, String)>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let visit = match pages.visit(&parts).await {
        Ok(visit) => visit,
        Err(problem) => return forms::refusal_page(&problem),
    };
    match find_specification(&visit, &version).await {
        Ok(specification) => download(specification),
        // Whoever could see it after signing in is led there by the version's page.
        Err(UiError(Problem::Unauthenticated)) => {
            let path = parts.uri.path();
            Redirect::to(path.strip_suffix("/specification").unwrap_or(path)).into_response()
        }
        Err(UiError(problem)) => forms::refusal_page(&problem),
    }
}

async fn find_specification(visit: &Visit, version: &str) -> Result<CatalogueSpecification, UiError> {
    let version = version.parse().map_err(|_| Problem::NotFound)?;
    let version = catalogue::version(&visit.core, visit.actor, visit.portal()?, version).await?;
    Ok(catalogue::specification(&visit.core, &version).await?)
}

/// As a file: nothing that someone uploaded is shown by the browser itself.
fn download(specification: CatalogueSpecification) -> Response {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let name: String = specification.name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, specification.content).into_response()
}

/// A page that is only fetched in case must not use up what is shown once.
fn is_prefetch(headers: &HeaderMap) -> bool {
    headers.get("sec-purpose").is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
}

/// Runs the server function at a path.
pub async fn run_server_function(visit: Visit, request: Request<Body>) -> Response {
    leptos_axum::handle_server_fns_with_context(move || provide_context(visit.clone()), request).await.into_response()
}
