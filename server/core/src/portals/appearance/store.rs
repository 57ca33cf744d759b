use crate::Result;
use portico_model::{appearance::Appearance, ids::PortalId, states::ImageKind};
use sqlx::{FromRow, PgConnection, types::Json};
use time::OffsetDateTime;

/// An image of a portal.
#[derive(Clone, Debug, FromRow)]
pub struct Image {
    pub kind: ImageKind,
    pub content_type: String,
    /// As it was called where it came from; may be empty.
    pub filename: String,
    pub data: Vec<u8>,
}

pub(super) async fn find(connection: &mut PgConnection, portal: PortalId) -> Result<Option<Appearance>> {
    let settings: Option<Json<Appearance>> = sqlx::query_scalar("select settings from portal_appearance where portal_id = $1")
        .bind(portal)
        .fetch_optional(connection)
        .await?;
    Ok(settings.map(|settings| settings.0))
}

pub(super) async fn put(
    connection: &mut PgConnection,
    portal: PortalId,
    settings: &Appearance,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into portal_appearance (portal_id, settings, updated_at) values ($1, $2, $3)
         on conflict (portal_id) do update set settings = excluded.settings, updated_at = excluded.updated_at",
    )
    .bind(portal)
    .bind(Json(settings))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn images(connection: &mut PgConnection, portal: PortalId) -> Result<Vec<Image>> {
    let images = sqlx::query_as("select kind, content_type, filename, data from portal_image where portal_id = $1");
    Ok(images.bind(portal).fetch_all(connection).await?)
}

pub(super) async fn put_image(
    connection: &mut PgConnection,
    portal: PortalId,
    kind: ImageKind,
    image: Option<&Image>,
) -> Result<()> {
    sqlx::query("delete from portal_image where portal_id = $1 and kind = $2")
        .bind(portal)
        .bind(kind)
        .execute(&mut *connection)
        .await?;
    let Some(image) = image else { return Ok(()) };
    sqlx::query("insert into portal_image (portal_id, kind, content_type, filename, data) values ($1, $2, $3, $4, $5)")
        .bind(portal)
        .bind(kind)
        .bind(&image.content_type)
        .bind(&image.filename)
        .bind(&image.data)
        .execute(connection)
        .await?;
    Ok(())
}
