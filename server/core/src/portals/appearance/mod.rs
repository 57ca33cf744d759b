//! What a portal looks like, and its images.

pub mod store;

pub use store::Image;

use crate::{Actor, Core, Result, audit, error::OrNotFound, portals};
use portico_model::{
    access::Permission,
    appearance::Appearance,
    ids::PortalId,
    problem::{Problem, Rule},
    states::ImageKind,
    text::{DESCRIPTION_MAX, Fields},
};

/// Largest image, in bytes.
pub const IMAGE_MAX: usize = 1024 * 1024;

/// What becomes of an image: none removes it.
pub type ImageChange = (ImageKind, Option<Image>);

/// What a portal looks like. For admins.
pub async fn get(core: &Core, actor: Actor, portal: PortalId) -> Result<(Appearance, Vec<Image>)> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    portals::store::find(&mut connection, portal).await?.or_not_found()?;
    let appearance = store::find(&mut connection, portal).await?.unwrap_or_default();
    Ok((appearance, store::images(&mut connection, portal).await?))
}

/// One image of a portal. For admins.
pub async fn image(core: &Core, actor: Actor, portal: PortalId, kind: ImageKind) -> Result<Image> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    store::images(&mut connection, portal).await?.into_iter().find(|image| image.kind == kind).or_not_found()
}

/// Changes what a portal looks like, from what it is to what `decide` makes of that while nobody else changes it. For
/// admins.
pub async fn update(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    images: &[ImageChange],
    decide: impl FnOnce(Appearance) -> Appearance,
) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let appearance = decide(store::find(&mut tx, portal).await?.unwrap_or_default());
    let mut fields = Fields::new();
    appearance.check(&mut fields);
    images.iter().filter_map(|(_, image)| image.as_ref()).for_each(|image| check_image(&mut fields, image));
    fields.finish()?;
    store::put(&mut tx, portal, &appearance, core.now()).await?;
    for (kind, image) in images {
        store::put_image(&mut tx, portal, *kind, image.as_ref()).await?;
    }
    audit::record(core, &mut tx, actor, Some(portal), "portal.appearance_updated", Some(portal.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// An image is what it says that it is: browsers are served it as that.
fn check_image(fields: &mut Fields, image: &Image) {
    let field = format!("images.{}", image.kind.as_str());
    fields.optional_line(&format!("{field}.filename"), &image.filename, DESCRIPTION_MAX);
    if image.data.len() > IMAGE_MAX {
        fields.reject(&format!("{field}.data"), Rule::TooLarge(IMAGE_MAX));
    }
    if content_type(&image.data) != Some(&image.content_type) {
        fields.reject(&format!("{field}.data"), Rule::Pattern("an image of its type".to_owned()));
    }
}

/// What kind of image some bytes are, by how they begin.
pub fn content_type(data: &[u8]) -> Option<&'static str> {
    const BEGINNINGS: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"\x00\x00\x01\x00", "image/x-icon"),
    ];
    BEGINNINGS.iter().find(|(beginning, _)| data.starts_with(beginning)).map(|(_, kind)| *kind)
}

impl Image {
    /// An image of the kind that its bytes are.
    ///
    /// # Errors
    ///
    /// `Invalid` for what is no PNG, JPEG, GIF or ICO.
    pub fn new(kind: ImageKind, filename: String, data: Vec<u8>) -> Result<Self, Problem> {
        let unknown = || Problem::field(&format!("images.{}.data", kind.as_str()), Rule::Pattern("an image".to_owned()));
        let content_type = content_type(&data).ok_or_else(unknown)?.to_owned();
        Ok(Self { kind, content_type, filename, data })
    }
}
