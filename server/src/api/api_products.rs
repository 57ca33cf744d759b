//! `/api-products`.

use super::{
    Answer, Call, PageOf,
    body::{Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    written,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    listing::Attribute,
    products::{self, Product, ProductInput, ProductPortal},
};
use portico_model::{
    ids::{PortalId, ProductId},
    labels::{self, Labels, LabelsChange},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 1] = [("portals", "portal_ids")];

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

struct ProductList;

impl Listable for ProductList {
    const ATTRIBUTES: &'static [Attribute] = products::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiProductPortal {
    portal_id: PortalId,
    portal_name: String,
}

impl From<ProductPortal> for ApiProductPortal {
    fn from(portal: ProductPortal) -> Self {
        Self { portal_id: portal.id, portal_name: portal.name }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiProduct {
    id: ProductId,
    name: String,
    description: Option<String>,
    portal_ids: Vec<PortalId>,
    portals: Vec<ApiProductPortal>,
    version_count: i64,
    labels: Labels,
    /// Developers see these.
    public_labels: Labels,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Product> for ApiProduct {
    fn from(product: Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: written(product.description),
            portal_ids: product.portals.iter().map(|portal| portal.id).collect(),
            portals: product.portals.into_iter().map(ApiProductPortal::from).collect(),
            version_count: product.version_count,
            labels: product.labels,
            public_labels: product.public_labels,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

async fn answer(call: &Call, id: ProductId) -> Result<ApiProduct, Refusal> {
    Ok(products::get(&call.core, call.actor, id).await?.into())
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES)
}

/// Some of the API products. For admins.
#[utoipa::path(get, path = "/api-products", operation_id = "get-many-api-product", tag = "api-products",
    params(ListQuery<ProductList>), responses((status = 200, description = "Some of the products", body = PageOf<ApiProduct>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<ProductList>()?;
    Ok(page(&listing, products::list_by(&call.core, call.actor, None, &listing).await?, ApiProduct::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateApiProduct {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    public_labels: Labels,
    /// The portals that it is in.
    #[serde(default)]
    portal_ids: Vec<PortalId>,
}

/// Creates an API product. For admins; recorded as `product.created`.
#[utoipa::path(post, path = "/api-products", operation_id = "create-api-product", tag = "api-products",
    request_body = CreateApiProduct, responses((status = 201, description = "The product", body = ApiProduct)))]
async fn create(call: Call, Body(body): Body<CreateApiProduct>) -> Answer {
    let input = ProductInput {
        name: body.name,
        description: body.description.unwrap_or_default(),
        labels: body.labels,
        public_labels: body.public_labels,
        portals: Some(body.portal_ids),
    };
    let id = products::create(&call.core, call.actor, input).await.map_err(named)?;
    Ok(created(answer(&call, id).await?))
}

/// One API product. For admins.
#[utoipa::path(get, path = "/api-products/{id}", operation_id = "get-api-product", tag = "api-products",
    responses((status = 200, description = "The product", body = ApiProduct)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("id")?).await?).into_response())
}

change! {
    UpdateApiProduct {
        name: String,
        portal_ids: Vec<PortalId>,
    } nullable {
        description: String,
        labels: LabelsChange,
        public_labels: LabelsChange,
    }
}

/// Changes what is named of an API product. For admins; recorded as `product.updated`.
#[utoipa::path(patch, path = "/api-products/{id}", operation_id = "update-api-product", tag = "api-products",
    request_body = UpdateApiProduct, responses((status = 200, description = "The product", body = ApiProduct)))]
async fn update(call: Call, Body(body): Body<UpdateApiProduct>) -> Answer {
    let id = call.id("id")?;
    let decide = |product: &Product| {
        let before = ProductInput::from(product);
        ProductInput {
            name: body.name.unwrap_or(before.name),
            description: body.description.map_or(before.description, Option::unwrap_or_default),
            labels: labels::changed(before.labels, body.labels),
            public_labels: labels::changed(before.public_labels, body.public_labels),
            portals: body.portal_ids,
        }
    };
    products::update(&call.core, call.actor, id, decide).await.map_err(named)?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// Deletes an API product without versions. For admins; recorded as `product.deleted`.
#[utoipa::path(delete, path = "/api-products/{id}", operation_id = "delete-api-product", tag = "api-products",
    responses((status = 204, description = "Deleted"), (status = 409, description = "The product has versions")))]
async fn remove(call: Call) -> Answer {
    products::delete(&call.core, call.actor, call.id("id")?).await?;
    no_content()
}
