//! `/portals`, and the products in them.

use super::{
    Answer, Call, PageOf,
    body::{Body, change},
    created, no_content,
    openapi::{Force, ListQuery, Listable},
    page,
    problem::{Refusal, Source},
    written,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    Core,
    listing::{Attribute, Listing},
    portals::{self, ListedPortal, Portal, PortalInput},
    products::{self, Product},
};
use portico_model::{
    ids::{AuthStrategyId, PortalId, ProductId},
    labels::{self, Labels, LabelsChange},
    problem::{Conflict, Problem, Rule},
    states::PublishStatus,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 2] = [("default_auth_strategy", "default_application_auth_strategy_id"), ("slug", "name")];

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, remove))
        .routes(routes!(publish))
        .routes(routes!(list_products))
}

struct PortalList;

impl Listable for PortalList {
    const ATTRIBUTES: &'static [Attribute] = portals::ATTRIBUTES;
}

struct ProductList;

impl Listable for ProductList {
    const ATTRIBUTES: &'static [Attribute] = products::ATTRIBUTES_IN_PORTAL;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Portal)]
struct PortalView {
    id: PortalId,
    name: String,
    display_name: String,
    description: Option<String>,
    default_domain: String,
    is_public: bool,
    rbac_enabled: bool,
    auto_approve_applications: bool,
    auto_approve_developers: bool,
    custom_domain: Option<String>,
    custom_client_domain: Option<String>,
    default_application_auth_strategy_id: Option<AuthStrategyId>,
    labels: Labels,
    application_count: i64,
    developer_count: i64,
    published_product_count: i64,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl PortalView {
    fn new(core: &Core, listed: ListedPortal) -> Self {
        let portal = listed.portal;
        Self {
            id: portal.id,
            default_domain: portal.default_domain(core),
            name: portal.name,
            display_name: portal.display_name,
            description: written(portal.description),
            is_public: portal.is_public,
            rbac_enabled: portal.rbac_enabled,
            auto_approve_applications: portal.auto_approve_applications,
            auto_approve_developers: portal.auto_approve_developers,
            custom_domain: portal.custom_domain,
            custom_client_domain: portal.custom_client_domain,
            default_application_auth_strategy_id: portal.default_auth_strategy_id,
            labels: portal.labels,
            application_count: listed.application_count,
            developer_count: listed.developer_count,
            published_product_count: listed.published_product_count,
            created_at: portal.created_at,
            updated_at: portal.updated_at,
        }
    }
}

/// A product of a portal.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublishedApiProduct {
    id: ProductId,
    name: String,
    description: Option<String>,
    portal_ids: Vec<PortalId>,
    /// Of those that are published in the portal.
    version_count: i64,
    labels: Labels,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl PublishedApiProduct {
    fn of(portal: PortalId, product: Product) -> Self {
        let here = product.portals.iter().find(|known| known.id == portal);
        Self {
            id: product.id,
            name: product.name,
            description: written(product.description),
            portal_ids: product.portals.iter().map(|portal| portal.id).collect(),
            version_count: here.map_or(0, |portal| portal.version_count),
            labels: product.labels,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

async fn answer(call: &Call, id: PortalId) -> Result<PortalView, Refusal> {
    Ok(PortalView::new(&call.core, portals::get_listed(&call.core, call.actor, id).await?))
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES)
}

/// Some of the portals. For admins.
#[utoipa::path(get, path = "/portals", operation_id = "list-portals", tag = "portals", params(ListQuery<PortalList>),
    responses((status = 200, description = "Some of the portals", body = PageOf<PortalView>)))]
async fn list(call: Call) -> Answer {
    let suffix = format!(".{}", call.core.site.host);
    // What is kept of a default domain is its first label.
    let label = |(name, value): &(String, String)| match name.starts_with("filter[default_domain]") {
        true => {
            (name.clone(), value.split(',').map(|part| part.strip_suffix(&suffix).unwrap_or(part)).collect::<Vec<_>>().join(","))
        }
        false => (name.clone(), value.clone()),
    };
    let query: Vec<(String, String)> = call.query.iter().map(label).collect();
    let listing = Listing::parse(&query, PortalList::ATTRIBUTES).map_err(|problem| Refusal::from(problem).at(Source::Query))?;
    let listed = portals::list_by(&call.core, call.actor, &listing).await?;
    Ok(page(&listing, listed, |portal| PortalView::new(&call.core, portal)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreatePortal {
    name: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    is_public: bool,
    #[serde(default)]
    rbac_enabled: bool,
    #[serde(default)]
    auto_approve_applications: bool,
    #[serde(default)]
    auto_approve_developers: bool,
    #[serde(default)]
    custom_domain: Option<String>,
    #[serde(default)]
    custom_client_domain: Option<String>,
    #[serde(default)]
    default_application_auth_strategy_id: Option<AuthStrategyId>,
    #[serde(default)]
    labels: Labels,
}

/// Creates a portal, whose host is made from its name. For admins; recorded as `portal.created`.
#[utoipa::path(post, path = "/portals", operation_id = "create-portal", tag = "portals", request_body = CreatePortal,
    responses((status = 201, description = "The portal", body = PortalView)))]
async fn create(call: Call, Body(body): Body<CreatePortal>) -> Answer {
    let input = PortalInput {
        slug: String::new(),
        name: body.name,
        display_name: body.display_name,
        description: body.description.unwrap_or_default(),
        is_public: body.is_public,
        auto_approve_developers: body.auto_approve_developers,
        auto_approve_applications: body.auto_approve_applications,
        custom_domain: body.custom_domain.unwrap_or_default(),
        custom_client_domain: body.custom_client_domain.unwrap_or_default(),
        default_auth_strategy: body.default_application_auth_strategy_id,
        rbac_enabled: body.rbac_enabled,
        labels: body.labels,
    };
    let id = portals::create(&call.core, call.actor, input).await.map_err(named)?;
    Ok(created(answer(&call, id).await?))
}

/// One portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}", operation_id = "get-portal", tag = "portals",
    responses((status = 200, description = "The portal", body = PortalView)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("portalId")?).await?).into_response())
}

change! {
    UpdatePortal {
        name: String,
        display_name: String,
        is_public: bool,
        rbac_enabled: bool,
        auto_approve_applications: bool,
        auto_approve_developers: bool,
    } nullable {
        description: String,
        custom_domain: String,
        custom_client_domain: String,
        default_application_auth_strategy_id: AuthStrategyId,
        labels: LabelsChange,
    }
}

/// Changes what is named of a portal. For admins; recorded as `portal.updated`.
#[utoipa::path(patch, path = "/portals/{portalId}", operation_id = "update-portal", tag = "portals",
    request_body = UpdatePortal, responses((status = 200, description = "The portal", body = PortalView),
        (status = 409, description = "Another portal has this name")))]
async fn update(call: Call, Body(body): Body<UpdatePortal>) -> Answer {
    let id = call.id("portalId")?;
    let decide = |portal: &Portal| {
        let before = PortalInput::from(portal);
        PortalInput {
            name: body.name.unwrap_or(before.name),
            display_name: body.display_name.unwrap_or(before.display_name),
            is_public: body.is_public.unwrap_or(before.is_public),
            rbac_enabled: body.rbac_enabled.unwrap_or(before.rbac_enabled),
            auto_approve_applications: body.auto_approve_applications.unwrap_or(before.auto_approve_applications),
            auto_approve_developers: body.auto_approve_developers.unwrap_or(before.auto_approve_developers),
            description: body.description.map_or(before.description, Option::unwrap_or_default),
            custom_domain: body.custom_domain.map_or(before.custom_domain, Option::unwrap_or_default),
            custom_client_domain: body.custom_client_domain.map_or(before.custom_client_domain, Option::unwrap_or_default),
            default_auth_strategy: body.default_application_auth_strategy_id.unwrap_or(before.default_auth_strategy),
            labels: labels::changed(before.labels, body.labels),
            slug: before.slug,
        }
    };
    portals::update(&call.core, call.actor, id, decide).await.map_err(|error| named(error).taken_is_conflict())?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// Deletes a portal without developers and publications; or with them, when forced. For admins; recorded as
/// `portal.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}", operation_id = "delete-portal", tag = "portals", params(Force),
    responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    let [force] = call.parameters(["force"])?;
    let force = match force {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let choices = Rule::OneOf(vec!["true".to_owned(), "false".to_owned()]);
            return Err(Refusal::from(Problem::field("force", choices)).at(Source::Query));
        }
    };
    let deleted = portals::delete(&call.core, call.actor, call.id("portalId")?, force).await;
    deleted.map_err(|error| match error {
        portico_core::Error::Problem(Problem::Conflict(Conflict::PortalInUse)) => {
            Refusal::from(Problem::field("force", Rule::Required)).at(Source::Query).because(
                "The portal has developers or publications. Remove them first, or use force=true to delete them along with it.",
            )
        }
        error => error.into(),
    })?;
    no_content()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Published {
    publish_status: PublishStatus,
}

/// Null unpublishes too.
#[derive(Deserialize)]
#[serde(transparent)]
struct MaybePublished(Option<Published>);

impl utoipa::PartialSchema for MaybePublished {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Type};
        OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Null)).item(Published::schema()).into()
    }
}

impl ToSchema for MaybePublished {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        Published::schemas(schemas);
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublishApiProducts {
    /// By the product's id.
    api_products: BTreeMap<String, MaybePublished>,
}

/// Puts products into a portal, or takes them out of it. For admins; recorded as `product.published` and
/// `product.unpublished`.
#[utoipa::path(post, path = "/portals/{portalId}/publish", operation_id = "publish-api-products", tag = "portals",
    request_body = PublishApiProducts, responses((status = 204, description = "Done")))]
async fn publish(call: Call, Body(body): Body<PublishApiProducts>) -> Answer {
    let portal = portals::get(&call.core, call.actor, call.id("portalId")?).await?.id;
    let mut products = Vec::new();
    for (id, published) in body.api_products {
        let unknown = || Problem::field(&format!("api_products.{id}"), Rule::MissingReference);
        let id: ProductId = id.parse().map_err(|_| unknown())?;
        products.push((id, published.0.is_some_and(|published| published.publish_status == PublishStatus::Published)));
    }
    products::publish(&call.core, call.actor, portal, &products).await?;
    no_content()
}

/// Some of the products of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/products", operation_id = "list-portal-products", tag = "portals",
    params(ListQuery<ProductList>),
    responses((status = 200, description = "Some of the products", body = PageOf<PublishedApiProduct>)))]
async fn list_products(call: Call) -> Answer {
    let listing = call.listing::<ProductList>()?;
    let portal = portals::get(&call.core, call.actor, call.id("portalId")?).await?.id;
    let listed = products::list_by(&call.core, call.actor, Some(portal), &listing).await?;
    Ok(page(&listing, listed, |product| PublishedApiProduct::of(portal, product)))
}
