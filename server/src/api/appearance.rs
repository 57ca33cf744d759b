//! `/portals/{portalId}/appearance`, its images, and whether a portal's own domain leads here.

use super::{
    Answer, Call,
    body::{Body, change},
    problem::Refusal,
    publications::portal,
};
use crate::pages::Pages;
use axum::{
    Json,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::portals::{
    appearance::{self, Image, ImageChange},
    domains,
};
use portico_model::{
    appearance::{Appearance, Fonts, Texts, ThemeName, ThemeVariables},
    ids::PortalId,
    problem::{Problem, Rule},
    states::ImageKind,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(show_defaults))
        .routes(routes!(show, update))
        .routes(routes!(show_logo))
        .routes(routes!(show_catalog_cover))
        .routes(routes!(verify_domain))
}

/// An image, as a data URI in base64.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImageView {
    data: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    filename: Option<String>,
}

impl From<&Image> for ImageView {
    fn from(image: &Image) -> Self {
        let data = format!("data:{};base64,{}", image.content_type, STANDARD.encode(&image.data));
        Self { data, filename: super::written(image.filename.clone()) }
    }
}

impl ImageView {
    fn read(self, kind: ImageKind) -> Result<Image, Refusal> {
        let wrong =
            || Problem::field(&format!("images.{}.data", kind.as_str()), Rule::Pattern("a data URI of an image".to_owned()));
        let encoded = self.data.strip_prefix("data:image/").and_then(|rest| rest.split_once(',')).map(|(_, encoded)| encoded);
        let data = STANDARD.decode(encoded.ok_or_else(wrong)?).map_err(|_| wrong())?;
        Ok(Image::new(kind, self.filename.unwrap_or_default(), data)?)
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Images {
    logo: Option<ImageView>,
    favicon: Option<ImageView>,
    catalog_cover: Option<ImageView>,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalAppearance {
    theme_name: ThemeName,
    use_custom_fonts: bool,
    custom_theme: Option<ThemeVariables>,
    custom_fonts: Option<Fonts>,
    text: Option<Texts>,
    images: Images,
}

async fn answer(call: &Call, portal: PortalId) -> Result<PortalAppearance, Refusal> {
    let (appearance, images) = appearance::get(&call.core, call.actor, portal).await?;
    let of = |kind: ImageKind| images.iter().find(|image| image.kind == kind).map(ImageView::from);
    Ok(PortalAppearance {
        theme_name: appearance.theme_name,
        use_custom_fonts: appearance.use_custom_fonts,
        custom_theme: appearance.custom_theme,
        custom_fonts: appearance.custom_fonts,
        text: appearance.text,
        images: Images { logo: of(ImageKind::Logo), favicon: of(ImageKind::Favicon), catalog_cover: of(ImageKind::CatalogCover) },
    })
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Themes {
    mint_rocket: ThemeVariables,
    dark_mode: ThemeVariables,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppearanceDefaults {
    themes: Themes,
    fonts: Fonts,
    text: Texts,
}

/// What every portal looks like unless it chooses otherwise. For admins.
#[utoipa::path(get, path = "/portals/appearance-defaults", operation_id = "get-portal-appearance-defaults", tag = "appearance",
    responses((status = 200, description = "The defaults", body = AppearanceDefaults)))]
async fn show_defaults(call: Call) -> Answer {
    call.parameters([])?;
    call.actor.require_admin()?;
    let themes = Themes { mint_rocket: ThemeVariables::mint_rocket(), dark_mode: ThemeVariables::dark_mode() };
    Ok(Json(AppearanceDefaults { themes, fonts: Fonts::default(), text: Texts::default() }).into_response())
}

/// What a portal looks like. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/appearance", operation_id = "get-portal-appearance", tag = "appearance",
    responses((status = 200, description = "The appearance", body = PortalAppearance)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("portalId")?).await?).into_response())
}

change! {
    /// Null removes an image.
    UpdateImages {
    } nullable {
        logo: ImageView,
        favicon: ImageView,
        catalog_cover: ImageView,
    }
}

change! {
    UpdateAppearance {
        theme_name: ThemeName,
        use_custom_fonts: bool,
    } nullable {
        custom_theme: ThemeVariables,
        custom_fonts: Fonts,
        text: Texts,
        images: UpdateImages,
    }
}

fn changes(images: Option<Option<UpdateImages>>) -> Result<Vec<ImageChange>, Refusal> {
    let given = match images {
        None => return Ok(Vec::new()),
        Some(None) => UpdateImages { logo: Some(None), favicon: Some(None), catalog_cover: Some(None) },
        Some(Some(images)) => images,
    };
    let kinds =
        [(ImageKind::Logo, given.logo), (ImageKind::Favicon, given.favicon), (ImageKind::CatalogCover, given.catalog_cover)];
    let named = kinds.into_iter().filter_map(|(kind, change)| Some((kind, change?)));
    named.map(|(kind, image)| Ok((kind, image.map(|image| image.read(kind)).transpose()?))).collect()
}

/// Changes what is named of what a portal looks like. For admins; recorded as `portal.appearance_updated`.
#[utoipa::path(patch, path = "/portals/{portalId}/appearance", operation_id = "update-portal-appearance", tag = "appearance",
    request_body = UpdateAppearance, responses((status = 200, description = "The appearance", body = PortalAppearance)))]
async fn update(call: Call, Body(body): Body<UpdateAppearance>) -> Answer {
    let portal = portal(&call).await?;
    let images = changes(body.images)?;
    let decide = |before: Appearance| Appearance {
        theme_name: body.theme_name.unwrap_or(before.theme_name),
        use_custom_fonts: body.use_custom_fonts.unwrap_or(before.use_custom_fonts),
        custom_theme: body.custom_theme.unwrap_or(before.custom_theme),
        custom_fonts: body.custom_fonts.unwrap_or(before.custom_fonts),
        text: body.text.unwrap_or(before.text),
    };
    appearance::update(&call.core, call.actor, portal, &images, decide).await?;
    Ok(Json(answer(&call, portal).await?).into_response())
}

async fn image(call: &Call, kind: ImageKind) -> Answer {
    let image = appearance::image(&call.core, call.actor, portal(call).await?, kind).await?;
    let content_type = HeaderValue::from_str(&image.content_type).map_err(|_| Problem::NotFound)?;
    Ok(([(header::CONTENT_TYPE, content_type)], image.data).into_response())
}

/// The logo of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/appearance/logo", operation_id = "get-portal-logo", tag = "appearance",
    responses((status = 200, description = "The image", content_type = "image/png", body = [u8])))]
async fn show_logo(call: Call) -> Answer {
    image(&call, ImageKind::Logo).await
}

/// The image at the top of a portal's catalogue. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/appearance/catalog-cover", operation_id = "get-portal-catalog-cover",
    tag = "appearance", responses((status = 200, description = "The image", content_type = "image/png", body = [u8])))]
async fn show_catalog_cover(call: Call) -> Answer {
    image(&call, ImageKind::CatalogCover).await
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifiedDomain {
    /// The custom domain leads to the base host.
    is_cname_verified: bool,
    /// Portico answers there over https.
    is_ssl_issued: bool,
}

/// Finds out whether the custom domain of a portal leads here. For admins.
#[utoipa::path(post, path = "/portals/{portalId}/verify-domain", operation_id = "verify-portal-domains", tag = "appearance",
    responses((status = 200, description = "What was found out", body = VerifiedDomain),
        (status = 400, description = "The portal has no custom domain")))]
async fn verify_domain(call: Call) -> Answer {
    let check = domains::verify(&call.core, call.actor, call.id("portalId")?).await.map_err(|error| match error {
        portico_core::Error::Problem(Problem::Invalid(_)) => {
            Refusal::from(error).because("portal needs a custom_domain to be verified")
        }
        error => error.into(),
    })?;
    let verified = VerifiedDomain { is_cname_verified: check.is_cname_verified, is_ssl_issued: check.is_ssl_issued };
    Ok(Json(verified).into_response())
}
