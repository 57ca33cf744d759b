//! What developers do to their applications, and admins to anybody's applications.

use crate::{
    auth_strategies::functions::{in_order, lines},
    dcr_clients::functions::PATIENCE,
    visit::{UiError, Visit, parse_id, parse_optional_id},
};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{
    applications::{self, ApplicationInput},
    dcr_clients,
    products::catalogue,
};
use portico_model::{
    ids::{ApplicationId, VersionId},
    paths,
};
use std::collections::HashMap;

pub const CREATE_APPLICATION: &str = "/_fn/create-application";
pub const UPDATE_APPLICATION: &str = "/_fn/update-application";
pub const DELETE_APPLICATION: &str = "/_fn/delete-application";
pub const DELETE_APPLICATION_AS_ADMIN: &str = "/_fn/admin/delete-application";

fn input(
    name: String,
    description: String,
    reference_id: String,
    redirect_uris: &str,
    scopes: HashMap<String, String>,
) -> ApplicationInput {
    ApplicationInput {
        name,
        description,
        reference_id: Some(reference_id),
        redirect_uris: lines(redirect_uris),
        // Only taken where there is a choice.
        scopes: Some(in_order(scopes)),
    }
}

/// Comes back to the version that it was created for, if to any. For developers.
#[server(prefix = "/_fn", endpoint = "create-application")]
pub async fn create_application(
    name: String,
    description: String,
    #[server(default)] reference_id: String,
    #[server(default)] redirect_uris: String,
    #[server(default)] scopes: HashMap<String, String>,
    #[server(default)] auth_strategy: String,
    #[server(default)] version: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let portal = visit.portal()?;
    let strategy = parse_optional_id("auth_strategy", &auth_strategy)?;
    let version: Option<VersionId> = parse_optional_id("version", &version)?;
    let input = input(name, description, reference_id, &redirect_uris, scopes);
    let id = applications::create(&visit.core, visit.actor, portal, &input, strategy).await?;
    // The client is usually there when the page is.
    dcr_clients::wait(&visit.core, visit.actor, portal.id, id, PATIENCE).await?;
    let next = match version {
        Some(version) => {
            let version = catalogue::version(&visit.core, visit.actor, portal, version).await?;
            visit.leave_notice("The application is there. Now register it.").await?;
            format!("{}?application={id}", paths::portal::register(version.product_id, version.id))
        }
        None => {
            visit.leave_notice("The application is there. Register it for a product version in the catalog.").await?;
            paths::portal::application(id)
        }
    };
    redirect(&next);
    Ok(())
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "update-application")]
pub async fn update_application(
    application: String,
    name: String,
    description: String,
    #[server(default)] reference_id: String,
    #[server(default)] redirect_uris: String,
    #[server(default)] scopes: HashMap<String, String>,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let portal = visit.portal()?.id;
    let input = input(name, description, reference_id, &redirect_uris, scopes);
    applications::update(&visit.core, visit.actor, portal, id, &input).await?;
    dcr_clients::wait(&visit.core, visit.actor, portal, id, PATIENCE).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "delete-application")]
pub async fn delete_application(application: String) -> Result<(), UiError> {
    let visit = Visit::current();
    applications::delete(&visit.core, visit.actor, visit.portal()?.id, parse_id("application", &application)?).await?;
    visit.leave_notice("The application is deleted, with its keys and registrations.").await?;
    redirect(paths::portal::APPLICATIONS);
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-application")]
pub async fn delete_application_as_admin(application: String) -> Result<(), UiError> {
    let visit = Visit::current();
    applications::delete_as_admin(&visit.core, visit.actor, parse_id("application", &application)?).await?;
    visit.leave_notice("The application is deleted, with its keys and registrations.").await?;
    redirect(paths::admin::APPLICATIONS);
    Ok(())
}
