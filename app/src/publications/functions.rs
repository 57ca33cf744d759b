//! Publishing a version to portals.

use crate::visit::{UiError, Visit, parse_id, parse_optional_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::publications::{self, PublicationInput};
use portico_model::{
    ids::VersionId,
    paths,
    problem::{Problem, Rule},
    states::PublishStatus,
};

pub const SAVE_PUBLICATION: &str = "/_fn/admin/save-publication";
pub const DELETE_PUBLICATION: &str = "/_fn/admin/delete-publication";

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/save-publication")]
pub async fn save_publication(
    product: String,
    version: String,
    portal: String,
    publish_status: String,
    auth_strategy: String,
    #[server(default)] require_authentication: bool,
    #[server(default)] no_authentication: bool,
    #[server(default)] application_registration_enabled: bool,
    #[server(default)] auto_approve_registration: bool,
    #[server(default)] deprecated: bool,
    #[server(default)] notify_developers: bool,
    #[server(default)] confirmed: bool,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: VersionId = parse_id("version", &version)?;
    let publish_status =
        PublishStatus::parse(&publish_status).ok_or_else(|| Problem::field("publish_status", Rule::NotOffered))?;
    let auth_strategy = parse_optional_id("auth_strategy", &auth_strategy)?;
    if require_authentication && auth_strategy.is_none() {
        return Err(Problem::field("auth_strategy", Rule::Required).into());
    }
    let input = PublicationInput {
        publish_status,
        auth_strategy: auth_strategy.filter(|_| require_authentication),
        no_authentication,
        application_registration_enabled,
        auto_approve_registration,
        deprecated,
        notify_developers,
        confirmed,
    };
    publications::put(&visit.core, visit.actor, id, parse_id("portal", &portal)?, &input).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::admin::version(parse_id("product", &product)?, id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-publication")]
pub async fn delete_publication(product: String, version: String, portal: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: VersionId = parse_id("version", &version)?;
    publications::delete(&visit.core, visit.actor, id, parse_id("portal", &portal)?).await?;
    visit.leave_notice("The publication is removed.").await?;
    redirect(&paths::admin::version(parse_id("product", &product)?, id));
    Ok(())
}
