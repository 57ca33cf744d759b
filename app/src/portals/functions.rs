//! What admins do to portals.

use crate::visit::{UiError, Visit, parse_id, parse_optional_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::portals::{self, Portal, PortalInput};
use portico_model::paths;

pub const CREATE_PORTAL: &str = "/_fn/admin/create-portal";
pub const UPDATE_PORTAL: &str = "/_fn/admin/update-portal";
pub const DELETE_PORTAL: &str = "/_fn/admin/delete-portal";

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-portal")]
pub async fn create_portal(
    slug: String,
    name: String,
    display_name: String,
    description: String,
    custom_domain: String,
    default_auth_strategy: String,
    #[server(default)] is_public: bool,
    #[server(default)] auto_approve_developers: bool,
    #[server(default)] auto_approve_applications: bool,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let input = PortalInput {
        slug,
        name,
        display_name,
        description,
        is_public,
        auto_approve_developers,
        auto_approve_applications,
        custom_domain,
        default_auth_strategy: parse_optional_id("default_auth_strategy", &default_auth_strategy)?,
        ..PortalInput::default()
    };
    let id = portals::create(&visit.core, visit.actor, input).await?;
    visit.leave_notice("The portal is there.").await?;
    redirect(&paths::admin::portal(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-portal")]
pub async fn update_portal(
    portal: String,
    slug: String,
    name: String,
    display_name: String,
    description: String,
    custom_domain: String,
    default_auth_strategy: String,
    #[server(default)] is_public: bool,
    #[server(default)] auto_approve_developers: bool,
    #[server(default)] auto_approve_applications: bool,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("portal", &portal)?;
    let default_auth_strategy = parse_optional_id("default_auth_strategy", &default_auth_strategy)?;
    let decide = |before: &Portal| PortalInput {
        slug,
        name,
        display_name,
        description,
        is_public,
        auto_approve_developers,
        auto_approve_applications,
        custom_domain,
        default_auth_strategy,
        ..PortalInput::from(before)
    };
    portals::update(&visit.core, visit.actor, id, decide).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::admin::portal(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-portal")]
pub async fn delete_portal(portal: String) -> Result<(), UiError> {
    let visit = Visit::current();
    portals::delete(&visit.core, visit.actor, parse_id("portal", &portal)?, false).await?;
    visit.leave_notice("The portal is deleted.").await?;
    redirect(paths::admin::PORTALS);
    Ok(())
}
