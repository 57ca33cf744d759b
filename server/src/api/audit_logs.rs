//! `/portals/{portalId}/audit-log-webhook`, its replay job, and `/audit-log-destinations`.

use super::{
    Answer, Call, PageOf,
    body::{Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    publications::portal,
};
use crate::pages::Pages;
use axum::{Json, http::StatusCode, response::IntoResponse};
use portico_core::{
    audit_webhooks::{self, Destination, DestinationInput, ReplayJob, Webhook, WebhookChange, destinations},
    listing::Attribute,
    secrets::Plain,
};
use portico_model::{
    ids::AuditLogDestinationId,
    problem::{Problem, Rule},
    states::{LogFormat, ReplayStatus},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(show_webhook, update_webhook))
        .routes(routes!(show_status))
        .routes(routes!(show_replay, replay))
        .routes(routes!(list_destinations, create_destination))
        .routes(routes!(show_destination, update_destination, remove_destination))
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookView {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audit_log_destination_id: Option<AuditLogDestinationId>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self { enabled: webhook.enabled, audit_log_destination_id: webhook.destination_id }
    }
}

/// Where a portal's sign-ins are sent. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/audit-log-webhook", operation_id = "get-portal-audit-log-webhook",
    tag = "audit-logs", responses((status = 200, description = "The webhook", body = WebhookView)))]
async fn show_webhook(call: Call) -> Answer {
    Ok(Json(WebhookView::from(audit_webhooks::get(&call.core, call.actor, call.id("portalId")?).await?)).into_response())
}

change! {
    UpdateWebhook {
        enabled: bool,
        audit_log_destination_id: AuditLogDestinationId,
    }
}

/// Changes what is named of where a portal's sign-ins are sent. For admins; recorded as `audit_log_webhook.updated`.
#[utoipa::path(patch, path = "/portals/{portalId}/audit-log-webhook", operation_id = "update-portal-audit-log-webhook",
    tag = "audit-logs", request_body = UpdateWebhook, responses((status = 200, description = "The webhook", body = WebhookView)))]
async fn update_webhook(call: Call, Body(body): Body<UpdateWebhook>) -> Answer {
    let portal = portal(&call).await?;
    let change = WebhookChange { enabled: body.enabled, destination: body.audit_log_destination_id };
    audit_webhooks::update(&call.core, call.actor, portal, &change).await?;
    Ok(Json(WebhookView::from(audit_webhooks::get(&call.core, call.actor, portal).await?)).into_response())
}

/// `active` while the last attempt was taken, or before the first one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WebhookStatus {
    Active,
    Inactive,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookStatusView {
    webhook_enabled: bool,
    webhook_status: WebhookStatus,
    #[serde(with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_attempt_at: Option<OffsetDateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_response_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_response_message: Option<String>,
}

/// How sending a portal's sign-ins goes. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/audit-log-webhook/status", operation_id = "get-portal-audit-log-webhook-status",
    tag = "audit-logs", responses((status = 200, description = "The status", body = WebhookStatusView)))]
async fn show_status(call: Call) -> Answer {
    let webhook = audit_webhooks::get(&call.core, call.actor, call.id("portalId")?).await?;
    let was_taken = webhook.last_response_code.map_or(webhook.last_attempt_at.is_none(), |code| (200..300).contains(&code));
    let is_active = webhook.destination_id.is_some() && was_taken;
    let status = WebhookStatusView {
        webhook_enabled: webhook.enabled,
        webhook_status: if is_active { WebhookStatus::Active } else { WebhookStatus::Inactive },
        last_attempt_at: webhook.last_attempt_at,
        last_response_code: webhook.last_response_code,
        last_response_message: webhook.last_response_message,
    };
    Ok(Json(status).into_response())
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplayView {
    #[serde(with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    start_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end_at: Option<OffsetDateTime>,
    /// `unconfigured` where nothing was sent again yet.
    status: String,
    #[serde(with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    updated_at: Option<OffsetDateTime>,
}

impl From<Option<ReplayJob>> for ReplayView {
    fn from(job: Option<ReplayJob>) -> Self {
        let status = job.as_ref().map_or("unconfigured", |job| ReplayStatus::as_str(job.status)).to_owned();
        Self {
            start_at: job.as_ref().map(|job| job.start_at),
            end_at: job.as_ref().map(|job| job.end_at),
            updated_at: job.as_ref().map(|job| job.updated_at),
            status,
        }
    }
}

/// The last request to send a portal's sign-ins again. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/audit-log-replay-job", operation_id = "get-portal-audit-log-replay-job",
    tag = "audit-logs", responses((status = 200, description = "The job", body = ReplayView)))]
async fn show_replay(call: Call) -> Answer {
    let job = audit_webhooks::replay_job(&call.core, call.actor, call.id("portalId")?).await?;
    Ok(Json(ReplayView::from(job)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Replay {
    /// Within the last seven days.
    #[serde(with = "rfc3339")]
    start_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    end_at: OffsetDateTime,
}

/// Sends a portal's sign-ins of a time again. For admins; recorded as `audit_log.replayed`.
#[utoipa::path(put, path = "/portals/{portalId}/audit-log-replay-job", operation_id = "update-portal-audit-log-replay-job",
    tag = "audit-logs", request_body = Replay,
    responses((status = 202, description = "The job", body = ReplayView), (status = 409, description = "A replay job is running")))]
async fn replay(call: Call, Body(body): Body<Replay>) -> Answer {
    let portal = portal(&call).await?;
    audit_webhooks::replay(&call.core, call.actor, portal, body.start_at, body.end_at).await?;
    let job = audit_webhooks::replay_job(&call.core, call.actor, portal).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayView::from(job))).into_response())
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DestinationView {
    id: AuditLogDestinationId,
    name: String,
    endpoint: String,
    log_format: LogFormat,
    /// Never skipped.
    skip_ssl_verification: bool,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Destination> for DestinationView {
    fn from(destination: Destination) -> Self {
        Self {
            id: destination.id,
            name: destination.name,
            endpoint: destination.endpoint,
            log_format: destination.log_format,
            skip_ssl_verification: false,
            created_at: destination.created_at,
            updated_at: destination.updated_at,
        }
    }
}

struct DestinationList;

impl Listable for DestinationList {
    const ATTRIBUTES: &'static [Attribute] = destinations::ATTRIBUTES;
}

async fn answer(call: &Call, id: AuditLogDestinationId) -> Result<DestinationView, Refusal> {
    Ok(destinations::get(&call.core, call.actor, id).await?.into())
}

/// Where audit logs can be sent. For whoever operates this deployment.
#[utoipa::path(get, path = "/audit-log-destinations", operation_id = "list-audit-log-destinations", tag = "audit-log-destinations",
    params(ListQuery<DestinationList>),
    responses((status = 200, description = "Some of the destinations", body = PageOf<DestinationView>)))]
async fn list_destinations(call: Call) -> Answer {
    let listing = call.listing::<DestinationList>()?;
    Ok(page(&listing, destinations::list(&call.core, call.actor, &listing).await?, DestinationView::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateDestination {
    name: String,
    endpoint: String,
    /// The Authorization header; never told.
    #[serde(default)]
    authorization: String,
    log_format: LogFormat,
    /// True is refused: what is sent says who signs in.
    #[serde(default)]
    skip_ssl_verification: bool,
}

fn must_verify(skip_ssl_verification: bool) -> Result<(), Refusal> {
    let refusal = || Refusal::from(Problem::field("skip_ssl_verification", Rule::NotOffered));
    if skip_ssl_verification { Err(refusal().because("Certificates are always verified.")) } else { Ok(()) }
}

/// Creates a destination. For whoever operates this deployment; recorded as `audit_log_destination.created`.
#[utoipa::path(post, path = "/audit-log-destinations", operation_id = "create-audit-log-destination", tag = "audit-log-destinations",
    request_body = CreateDestination, responses((status = 201, description = "The destination", body = DestinationView)))]
async fn create_destination(call: Call, Body(body): Body<CreateDestination>) -> Answer {
    must_verify(body.skip_ssl_verification)?;
    let input = DestinationInput {
        name: body.name,
        endpoint: body.endpoint,
        authorization: Some(Plain::new(body.authorization)),
        log_format: body.log_format,
    };
    let id = destinations::create(&call.core, call.actor, input).await?;
    Ok(created(answer(&call, id).await?))
}

/// One destination. For whoever operates this deployment.
#[utoipa::path(get, path = "/audit-log-destinations/{auditLogDestinationId}", operation_id = "get-audit-log-destination",
    tag = "audit-log-destinations", responses((status = 200, description = "The destination", body = DestinationView)))]
async fn show_destination(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("auditLogDestinationId")?).await?).into_response())
}

change! {
    UpdateDestination {
        name: String,
        endpoint: String,
        /// The Authorization header; never told.
        authorization: String,
        log_format: LogFormat,
        skip_ssl_verification: bool,
    }
}

/// Changes what is named of a destination. For whoever operates this deployment; recorded as
/// `audit_log_destination.updated`.
#[utoipa::path(patch, path = "/audit-log-destinations/{auditLogDestinationId}", operation_id = "update-audit-log-destination",
    tag = "audit-log-destinations", request_body = UpdateDestination,
    responses((status = 200, description = "The destination", body = DestinationView)))]
async fn update_destination(call: Call, Body(body): Body<UpdateDestination>) -> Answer {
    must_verify(body.skip_ssl_verification.unwrap_or_default())?;
    let id = call.id("auditLogDestinationId")?;
    let decide = |before: &Destination| DestinationInput {
        name: body.name.unwrap_or_else(|| before.name.clone()),
        endpoint: body.endpoint.unwrap_or_else(|| before.endpoint.clone()),
        authorization: body.authorization.map(Plain::new),
        log_format: body.log_format.unwrap_or(before.log_format),
    };
    destinations::update(&call.core, call.actor, id, decide).await?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// Deletes a destination that no webhook leads to. For whoever operates this deployment; recorded as
/// `audit_log_destination.deleted`.
#[utoipa::path(delete, path = "/audit-log-destinations/{auditLogDestinationId}", operation_id = "delete-audit-log-destination",
    tag = "audit-log-destinations",
    responses((status = 204, description = "Deleted"), (status = 409, description = "A webhook leads to it")))]
async fn remove_destination(call: Call) -> Answer {
    destinations::delete(&call.core, call.actor, call.id("auditLogDestinationId")?).await?;
    no_content()
}
