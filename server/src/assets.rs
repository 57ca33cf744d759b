//! The files that pages load: embedded, precompressed, named by their content.

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use portico_app::Assets;
use rust_embed::RustEmbed;

/// What `cargo xtask` built. A debug build reads it from the disk.
#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// Where each file is, from the manifest that the build wrote.
pub fn manifest() -> anyhow::Result<Assets> {
    let file = Site::get("manifest.json").ok_or_else(|| anyhow::anyhow!("this build has no site: build it with cargo xtask"))?;
    Ok(serde_json::from_slice(&file.data)?)
}

/// Serves a file under `/pkg/`. Its name changes with its content, so it never needs to be asked for again.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = [("br", ".br"), ("gzip", ".gz"), ("identity", "")]
        .into_iter()
        .filter(|(encoding, _)| *encoding == "identity" || accepts(accepted, encoding))
        .find_map(|(encoding, suffix)| Site::get(&format!("pkg/{name}{suffix}")).map(|file| (encoding, file)));
    let Some((encoding, file)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(&name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoding != "identity" {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next() == Some(encoding) && !parts.any(|weight| weight == "q=0")
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
