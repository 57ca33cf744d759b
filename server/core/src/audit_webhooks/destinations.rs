//! Where audit logs are sent.

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    secrets::Plain,
};
use portico_model::{
    access::Permission,
    ids::AuditLogDestinationId,
    problem::{Conflict, Problem},
    states::LogFormat,
    text::{Fields, NAME_MAX},
};
pub use store::{ATTRIBUTES, Destination};

/// Longest address, in characters.
const ENDPOINT_MAX: usize = 1024;
/// Longest Authorization header, in characters.
const AUTHORIZATION_MAX: usize = 1024;

/// What an admin decides about a destination.
#[derive(Clone, Debug)]
pub struct DestinationInput {
    pub name: String,
    pub endpoint: String,
    /// The Authorization header; none to keep the one that is there, as long as the endpoint stays, and an empty one to have
    /// none.
    pub authorization: Option<Plain>,
    pub log_format: LogFormat,
}

fn seal_context(id: AuditLogDestinationId) -> String {
    format!("audit_log_destination/authorization/{id}")
}

impl Destination {
    pub(super) fn authorization(&self, core: &Core) -> anyhow::Result<Option<Plain>> {
        let Some(sealed) = &self.authorization_header else { return Ok(None) };
        Ok(Some(Plain::new(String::from_utf8(core.secrets.open(&seal_context(self.id), sealed)?)?)))
    }
}

fn check(
    core: &Core,
    id: AuditLogDestinationId,
    input: DestinationInput,
    before: Option<&Destination>,
) -> Result<(DestinationInput, Option<Vec<u8>>)> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let endpoint = fields.line("endpoint", &input.endpoint, ENDPOINT_MAX);
    fields.must_be_url("endpoint", &endpoint);
    if let Some(authorization) = &input.authorization {
        fields.optional_line("authorization", authorization.expose(), AUTHORIZATION_MAX);
    }
    fields.finish()?;
    let sealed = match &input.authorization {
        Some(authorization) if authorization.expose().is_empty() => None,
        Some(authorization) => Some(core.secrets.seal(&core.random, &seal_context(id), authorization.expose().as_bytes())?),
        None => before.filter(|before| before.endpoint == endpoint).and_then(|before| before.authorization_header.clone()),
    };
    Ok((DestinationInput { name, endpoint, ..input }, sealed))
}

/// Creates a destination. For whoever operates this deployment.
pub async fn create(core: &Core, actor: Actor, input: DestinationInput) -> Result<AuditLogDestinationId> {
    actor.require(Permission::Operate)?;
    let id = core.new_id();
    let (input, sealed) = check(core, id, input, None)?;
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &input, sealed.as_deref(), core.now()).await.taken("audit_log_destination_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "audit_log_destination.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a destination, from what it is to what `decide` makes of that while nobody else changes it. For whoever operates
/// this deployment.
pub async fn update(
    core: &Core,
    actor: Actor,
    id: AuditLogDestinationId,
    decide: impl FnOnce(&Destination) -> DestinationInput,
) -> Result<()> {
    actor.require(Permission::Operate)?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id).await?.or_not_found()?;
    let (input, sealed) = check(core, id, decide(&before), Some(&before))?;
    store::update(&mut tx, id, &input, sealed.as_deref(), core.now()).await.taken("audit_log_destination_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "audit_log_destination.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a destination that no webhook leads to. For whoever operates this deployment.
pub async fn delete(core: &Core, actor: Actor, id: AuditLogDestinationId) -> Result<()> {
    actor.require(Permission::Operate)?;
    let mut tx = core.begin().await?;
    let found = store::delete(&mut tx, id)
        .await
        .on_constraint("audit_log_webhook_destination_id_fkey", Problem::Conflict(Conflict::DestinationInUse))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "audit_log_destination.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Some of the destinations, by [`ATTRIBUTES`]. For whoever operates this deployment.
pub async fn list(core: &Core, actor: Actor, listing: &Listing) -> Result<Listed<Destination>> {
    actor.require(Permission::Operate)?;
    store::list(&core.pool, listing).await
}

/// One destination. For whoever operates this deployment.
pub async fn get(core: &Core, actor: Actor, id: AuditLogDestinationId) -> Result<Destination> {
    actor.require(Permission::Operate)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

pub(super) mod store {
    use super::DestinationInput;
    use crate::{
        Result,
        listing::{Attribute, Kind, Listed, Listing, Source},
    };
    use portico_model::{ids::AuditLogDestinationId, states::LogFormat};
    use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
    use time::OffsetDateTime;

    /// Where audit logs are sent.
    #[derive(Clone, Debug, FromRow)]
    pub struct Destination {
        pub id: AuditLogDestinationId,
        pub name: String,
        pub endpoint: String,
        /// Sealed.
        pub(in crate::audit_webhooks) authorization_header: Option<Vec<u8>>,
        pub log_format: LogFormat,
        pub created_at: OffsetDateTime,
        pub updated_at: OffsetDateTime,
    }

    /// What destinations are filtered by.
    pub const ATTRIBUTES: &[Attribute] = &[Attribute::filter("name", "audit_log_destination.name", Kind::Text)];

    const COLUMNS: &str = "select id, name, endpoint, authorization_header, log_format, created_at, updated_at
        from audit_log_destination ";

    pub async fn insert(
        connection: &mut PgConnection,
        id: AuditLogDestinationId,
        input: &DestinationInput,
        sealed: Option<&[u8]>,
        now: OffsetDateTime,
    ) -> Result<()> {
        sqlx::query(
            "insert into audit_log_destination (id, name, endpoint, authorization_header, log_format, created_at, updated_at)
             values ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(id)
        .bind(&input.name)
        .bind(&input.endpoint)
        .bind(sealed)
        .bind(input.log_format)
        .bind(now)
        .execute(connection)
        .await?;
        Ok(())
    }

    pub async fn update(
        connection: &mut PgConnection,
        id: AuditLogDestinationId,
        input: &DestinationInput,
        sealed: Option<&[u8]>,
        now: OffsetDateTime,
    ) -> Result<()> {
        sqlx::query(
            "update audit_log_destination set name = $2, endpoint = $3, authorization_header = $4, log_format = $5,
                 updated_at = $6
             where id = $1",
        )
        .bind(id)
        .bind(&input.name)
        .bind(&input.endpoint)
        .bind(sealed)
        .bind(input.log_format)
        .bind(now)
        .execute(connection)
        .await?;
        Ok(())
    }

    pub async fn delete(connection: &mut PgConnection, id: AuditLogDestinationId) -> Result<bool> {
        let done = sqlx::query("delete from audit_log_destination where id = $1").bind(id).execute(connection).await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn list(pool: &PgPool, listing: &Listing) -> Result<Listed<Destination>> {
        let source = Source { select: COLUMNS, table: "audit_log_destination" };
        listing.fetch(pool, source, |query| _ = query.push(" where true")).await
    }

    pub async fn find(connection: &mut PgConnection, id: AuditLogDestinationId) -> Result<Option<Destination>> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push("where id = ").push_bind(id);
        Ok(query.build_query_as().fetch_optional(connection).await?)
    }

    /// Finds and locks, so that two changes at once come one after the other.
    pub async fn lock(connection: &mut PgConnection, id: AuditLogDestinationId) -> Result<Option<Destination>> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push("where id = ").push_bind(id).push(" for update");
        Ok(query.build_query_as().fetch_optional(connection).await?)
    }
}
