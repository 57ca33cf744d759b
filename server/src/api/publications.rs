//! `/portals/{portalId}/product-versions`: how versions are published in a portal (Konnect's portal product versions).

use super::{Answer, Call, body::Object, created, page, problem::Refusal};
use crate::pages::Pages;
use axum::{
    Json, Router,
    http::StatusCode,
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use portico_core::{
    portals, products,
    publications::{self, ATTRIBUTES, Publication, PublicationChange, PublicationInput},
};
use portico_model::{
    ids::{AuthStrategyId, PortalId, VersionId},
    problem::{Problem, Rule},
    states::{PublishStatus, StrategyType},
};
use serde::Serialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 1] = [("auth_strategy", "auth_strategy_ids")];
const STATUSES: [(&str, PublishStatus); 2] =
    [("published", PublishStatus::Published), ("unpublished", PublishStatus::Unpublished)];
/// A publication has one strategy at most.
const STRATEGIES_MAX: usize = 1;

pub fn router() -> Router<Pages> {
    let all = || get(list).post(create);
    let one = || get(show).patch(update).put(replace).delete(remove);
    let routes: [(&str, MethodRouter<Pages>); 4] = [
        ("/portals/{portalId}/product-versions", all()),
        ("/portals/{portalId}/product-versions/", all()),
        ("/portals/{portalId}/product-versions/{productVersionId}", one()),
        ("/portals/{portalId}/product-versions/{productVersionId}/", one()),
    ];
    routes.into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods))
}

/// A portal product version, as the contract has it.
#[derive(Serialize)]
struct View {
    id: Uuid,
    product_version_id: VersionId,
    publish_status: PublishStatus,
    auth_strategies: Vec<Value>,
    application_registration_enabled: bool,
    auto_approve_registration: bool,
    deprecated: bool,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Publication> for View {
    fn from(publication: Publication) -> Self {
        Self {
            id: publication.id.0,
            product_version_id: publication.version_id,
            publish_status: publication.publish_status,
            auth_strategies: strategy(&publication).into_iter().collect(),
            application_registration_enabled: publication.application_registration_enabled,
            auto_approve_registration: publication.auto_approve_registration,
            deprecated: publication.deprecated,
            created_at: publication.created_at,
            updated_at: publication.updated_at,
        }
    }
}

fn strategy(publication: &Publication) -> Option<Value> {
    let (id, strategy) = (publication.auth_strategy_id?, &publication.strategy);
    let name = strategy.strategy_display_name.as_deref().unwrap_or_default();
    if strategy.strategy_type? == StrategyType::KeyAuth {
        return Some(json!({"id": id, "name": name, "credential_type": "key_auth", "key_names": strategy.key_names}));
    }
    let credential_type = if strategy.has_dcr { "client_credentials" } else { "self_managed_client_credentials" };
    let methods = strategy.openid_connect.as_ref().map(|config| &config.auth_methods);
    let mut view = json!({"id": id, "name": name, "credential_type": credential_type, "auth_methods": methods});
    if let (Some(view), Some(scopes)) = (view.as_object_mut(), &strategy.available_scopes) {
        view.insert("available_scopes".to_owned(), json!(scopes));
    }
    Some(view)
}

/// The portal of the path, for whoever may see it.
async fn portal(call: &Call) -> Result<PortalId, Refusal> {
    Ok(portals::get(&call.core, call.actor, call.id("portalId")?).await?.id)
}

async fn answer(call: &Call, version: VersionId, portal: PortalId) -> Result<View, Refusal> {
    Ok(publications::get(&call.core, call.actor, version, portal).await?.into())
}

/// Some of a portal's publications. For admins.
async fn list(call: Call) -> Answer {
    let listing = call.listing(ATTRIBUTES)?;
    let portal = portal(&call).await?;
    let listed = publications::list(&call.core, call.actor, portal, &listing).await?;
    Ok(page(&listing, listed, View::from))
}

/// Publishes a version that is not in the portal yet. For admins; recorded as `publication.saved`.
async fn create(call: Call, mut body: Object) -> Answer {
    let portal = portal(&call).await?;
    let version = VersionId(body.required_uuid("product_version_id"));
    let input = input(&mut body, false);
    body.finish()?;
    let missing = || Refusal::from(Problem::field("product_version_id", Rule::MissingReference));
    products::get_version(&call.core, call.actor, version).await.map_err(|_| missing())?;
    publications::create(&call.core, call.actor, version, portal, &input).await.map_err(named)?;
    Ok(created(answer(&call, version, portal).await?))
}

/// One publication. For admins.
async fn show(call: Call) -> Answer {
    let portal = portal(&call).await?;
    Ok(Json(answer(&call, call.id("productVersionId")?, portal).await?).into_response())
}

/// Replaces all that is decided about a publication. For admins; recorded as `publication.saved`.
async fn replace(call: Call, mut body: Object) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    let input = input(&mut body, true);
    body.finish()?;
    publications::replace(&call.core, call.actor, version, portal, &input).await.map_err(named)?;
    Ok(Json(answer(&call, version, portal).await?).into_response())
}

/// Changes what is named of a publication. For admins; recorded as `publication.saved`.
async fn update(call: Call, mut body: Object) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    let change = PublicationChange {
        publish_status: body.choice("publish_status", &STATUSES),
        auth_strategy: body.uuids("auth_strategy_ids", STRATEGIES_MAX).map(first),
        application_registration_enabled: body.boolean("application_registration_enabled"),
        auto_approve_registration: body.boolean("auto_approve_registration"),
        deprecated: body.boolean("deprecated"),
        notify_developers: body.boolean("notify_developers").unwrap_or_default(),
    };
    body.finish()?;
    publications::update(&call.core, call.actor, version, portal, &change).await.map_err(named)?;
    Ok(Json(answer(&call, version, portal).await?).into_response())
}

/// Removes a publication that nobody registered through. For admins; recorded as `publication.deleted`.
async fn remove(call: Call) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    publications::delete(&call.core, call.actor, version, portal).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// All that is decided about a publication. Automation means what it sends: whoever is stopped by it is meant to stop.
fn input(body: &mut Object, may_notify: bool) -> PublicationInput {
    PublicationInput {
        publish_status: body.required_choice("publish_status", &STATUSES, PublishStatus::Unpublished),
        auth_strategy: first(body.required_uuids("auth_strategy_ids", STRATEGIES_MAX)),
        // The contract has no word for it: without a strategy a version is closed.
        no_authentication: false,
        application_registration_enabled: body.required_boolean("application_registration_enabled"),
        auto_approve_registration: body.required_boolean("auto_approve_registration"),
        deprecated: body.required_boolean("deprecated"),
        notify_developers: may_notify && body.boolean("notify_developers").unwrap_or_default(),
        confirmed: true,
    }
}

fn first(ids: Vec<Uuid>) -> Option<AuthStrategyId> {
    ids.into_iter().next().map(AuthStrategyId)
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES)
}
