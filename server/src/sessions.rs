//! Browser sessions: tower-sessions over Portico's own table.

use crate::forms;
use async_trait::async_trait;
use axum::{body::HttpBody, extract::Request, http::StatusCode, middleware::Next, response::Response};
use portico_app::visit::{ADMIN, DEVELOPER};
use portico_core::{
    Actor, Core, Error,
    secrets::sha256,
    sessions::{self, Session as Row},
};
use portico_model::{
    ids::{AdminId, DeveloperId},
    problem::Problem,
};
use std::{collections::HashMap, fmt};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{Id, Record},
    session_store::{self, Error as StoreError},
};

/// A session ends after this time without a change.
const LIFETIME: time::Duration = time::Duration::days(7);

/// Keeps sessions in Postgres, found by the digest of their id.
#[derive(Clone)]
pub struct PgSessionStore(Core);

impl fmt::Debug for PgSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PgSessionStore")
    }
}

/// The session layer. Cookies are of one host only, so portals and the admin console stay apart.
pub fn layer(core: &Core, is_https: bool) -> SessionManagerLayer<PgSessionStore> {
    SessionManagerLayer::new(PgSessionStore(core.clone()))
        .with_name(if is_https { "__Host-portico" } else { "portico" })
        .with_secure(is_https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(LIFETIME))
}

/// Around the session layer, which answers an empty 500 when a changed session could not be kept: says that the
/// database is away. No other answer of 500 is empty.
pub async fn tell_outage(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_layers = response.status() == StatusCode::INTERNAL_SERVER_ERROR && response.body().size_hint().exact() == Some(0);
    if is_layers { forms::refusal_page(&Problem::Unavailable) } else { response }
}

/// Who a session belongs to now.
pub async fn actor(core: &Core, session: &Session) -> Result<Actor, Error> {
    let failed = |error: tower_sessions::session::Error| match error {
        // The store says so when the database is away.
        tower_sessions::session::Error::Store(StoreError::Backend(_)) => Error::Problem(Problem::Unavailable),
        other => Error::Internal(other.into()),
    };
    if let Some(id) = session.get::<DeveloperId>(DEVELOPER).await.map_err(failed)? {
        return sessions::developer_actor(core, id).await;
    }
    if let Some(id) = session.get::<AdminId>(ADMIN).await.map_err(failed)? {
        return sessions::admin_actor(core, id).await;
    }
    Ok(Actor::Anonymous)
}

fn digest(id: &Id) -> Vec<u8> {
    sha256(&id.to_string())
}

fn backend(error: Error) -> StoreError {
    if let Error::Internal(cause) = &error {
        tracing::error!(error = format!("{cause:#}"), "a session cannot be kept");
    }
    StoreError::Backend("the database did not do it".to_owned())
}

fn row(record: &Record) -> session_store::Result<Row> {
    let id = |name: &str| record.data.get(name).cloned();
    let read = |error: serde_json::Error| StoreError::Encode(error.to_string());
    Ok(Row {
        developer: id(DEVELOPER).map(serde_json::from_value).transpose().map_err(read)?,
        admin: id(ADMIN).map(serde_json::from_value).transpose().map_err(read)?,
        data: serde_json::to_value(&record.data).map_err(read)?,
        expires_at: record.expiry_date,
    })
}

#[async_trait]
impl SessionStore for PgSessionStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        while !sessions::create(&self.0, &digest(&record.id), &row(record)?).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        sessions::save(&self.0, &digest(&record.id), &row(record)?).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some((data, expiry_date)) = sessions::load(&self.0, &digest(id)).await.map_err(backend)? else { return Ok(None) };
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_value(data).map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        sessions::delete(&self.0, &digest(id)).await.map_err(backend)
    }
}
