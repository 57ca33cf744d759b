//! Tokens by which a gateway that people already run asks for decisions.

use super::store;
use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    secrets::{Plain, sha256},
};
use portico_model::{
    access::Permission,
    ids::{GatewayId, GatewayTokenId},
    problem::{Conflict, Problem},
    text::{Fields, NAME_MAX},
};
use sqlx::{FromRow, PgConnection};
use time::OffsetDateTime;

const PREFIX: &str = "pgt_";
/// A gateway has at most so many: one that is used, and those that are on their way in and out.
pub const TOKENS_MAX: i64 = 10;

/// A token of a gateway, without its secret.
#[derive(Clone, Debug, FromRow)]
pub struct GatewayToken {
    pub id: GatewayTokenId,
    pub name: String,
    pub created_at: OffsetDateTime,
}

/// A token as gateways that take decisions know it.
#[derive(Clone, Debug, FromRow)]
pub struct TokenDigest {
    pub gateway_id: GatewayId,
    pub token_digest: Vec<u8>,
}

/// What is kept of a token.
pub fn digest(token: &str) -> Vec<u8> {
    sha256(token)
}

/// Makes a token, which is shown once. For admins.
pub async fn create_token(core: &Core, actor: Actor, gateway: GatewayId, name: &str) -> Result<Plain> {
    actor.require(Permission::MaintainGateways)?;
    let mut fields = Fields::new();
    let name = fields.line("name", name, NAME_MAX);
    fields.finish()?;
    let id: GatewayTokenId = core.new_id();
    let (token, digest) = core.new_token(PREFIX);
    let mut tx = core.begin().await?;
    store::lock(&mut tx, gateway).await?.then_some(()).or_not_found()?;
    if count(&mut tx, gateway).await? >= TOKENS_MAX {
        return Err(Problem::Conflict(Conflict::TooManyGatewayTokens).into());
    }
    insert(&mut tx, id, gateway, &name, &digest, core.now()).await.taken("gateway_token_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "gateway_token.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(token)
}

/// Takes a token back; it is refused at once. For admins.
pub async fn revoke_token(core: &Core, actor: Actor, id: GatewayTokenId) -> Result<()> {
    actor.require(Permission::MaintainGateways)?;
    let mut tx = core.begin().await?;
    let done = sqlx::query("delete from gateway_token where id = $1").bind(id).execute(&mut *tx).await?;
    (done.rows_affected() == 1).then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "gateway_token.revoked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// A gateway's tokens. For admins.
pub async fn tokens(core: &Core, actor: Actor, gateway: GatewayId) -> Result<Vec<GatewayToken>> {
    actor.require(Permission::ReadGateways)?;
    let tokens =
        sqlx::query_as("select id, name, created_at from gateway_token where gateway_id = $1 order by created_at limit $2")
            .bind(gateway)
            .bind(TOKENS_MAX)
            .fetch_all(&core.pool)
            .await?;
    Ok(tokens)
}

/// Every gateway's tokens.
pub async fn digests(core: &Core) -> Result<Vec<TokenDigest>> {
    Ok(sqlx::query_as("select gateway_id, token_digest from gateway_token").fetch_all(&core.pool).await?)
}

async fn count(connection: &mut PgConnection, gateway: GatewayId) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from gateway_token where gateway_id = $1");
    Ok(count.bind(gateway).fetch_one(connection).await?)
}

async fn insert(
    connection: &mut PgConnection,
    id: GatewayTokenId,
    gateway: GatewayId,
    name: &str,
    digest: &[u8],
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into gateway_token (id, gateway_id, name, token_digest, created_at) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(gateway)
        .bind(name)
        .bind(digest)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}
