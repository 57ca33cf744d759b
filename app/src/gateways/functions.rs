//! What admins do to gateways and their services.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::gateways::{self, ServiceInput, tokens};
use portico_model::{ids::GatewayId, paths};

pub const CREATE_GATEWAY: &str = "/_fn/admin/create-gateway";
pub const DELETE_GATEWAY: &str = "/_fn/admin/delete-gateway";
pub const CREATE_TOKEN: &str = "/_fn/admin/create-gateway-token";
pub const REVOKE_TOKEN: &str = "/_fn/admin/revoke-gateway-token";
pub const CREATE_SERVICE: &str = "/_fn/admin/create-gateway-service";
pub const UPDATE_SERVICE: &str = "/_fn/admin/update-gateway-service";
pub const DELETE_SERVICE: &str = "/_fn/admin/delete-gateway-service";

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-gateway")]
pub async fn create_gateway(name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = gateways::create(&visit.core, visit.actor, name.as_str()).await?;
    visit.leave_notice("The gateway is there. Add a service to it.").await?;
    redirect(&paths::admin::gateway(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-gateway")]
pub async fn delete_gateway(gateway: String) -> Result<(), UiError> {
    let visit = Visit::current();
    gateways::delete(&visit.core, visit.actor, parse_id("gateway", &gateway)?).await?;
    visit.leave_notice("The gateway is deleted.").await?;
    redirect(paths::admin::GATEWAYS);
    Ok(())
}

/// The token travels sealed in the session to the next page, which shows it once. For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-gateway-token")]
pub async fn create_gateway_token(gateway: String, name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: GatewayId = parse_id("gateway", &gateway)?;
    let token = tokens::create_token(&visit.core, visit.actor, id, &name).await?;
    visit.leave_secret(&token).await?;
    redirect(&paths::admin::gateway(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/revoke-gateway-token")]
pub async fn revoke_gateway_token(gateway: String, token: String) -> Result<(), UiError> {
    let visit = Visit::current();
    tokens::revoke_token(&visit.core, visit.actor, parse_id("token", &token)?).await?;
    visit.leave_notice("The token is revoked.").await?;
    redirect(&paths::admin::gateway(parse_id("gateway", &gateway)?));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-gateway-service")]
pub async fn create_gateway_service(
    gateway: String,
    name: String,
    host: String,
    path_prefix: String,
    upstream_url: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: GatewayId = parse_id("gateway", &gateway)?;
    let input = ServiceInput { name, host, path_prefix, upstream_url };
    gateways::create_service(&visit.core, visit.actor, id, &input).await?;
    visit.leave_notice("The service is there. Link it from a version to open it.").await?;
    redirect(&paths::admin::gateway(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-gateway-service")]
pub async fn update_gateway_service(
    gateway: String,
    service: String,
    name: String,
    host: String,
    path_prefix: String,
    upstream_url: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: GatewayId = parse_id("gateway", &gateway)?;
    let input = ServiceInput { name, host, path_prefix, upstream_url };
    gateways::update_service(&visit.core, visit.actor, parse_id("service", &service)?, &input).await?;
    visit.leave_notice("Saved. The gateway follows at once.").await?;
    redirect(&paths::admin::gateway(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-gateway-service")]
pub async fn delete_gateway_service(gateway: String, service: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: GatewayId = parse_id("gateway", &gateway)?;
    gateways::delete_service(&visit.core, visit.actor, parse_id("service", &service)?).await?;
    visit.leave_notice("The service is deleted.").await?;
    redirect(&paths::admin::gateway(id));
    Ok(())
}
