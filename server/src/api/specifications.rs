//! `/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications`: at most one of each version.

use super::{
    Answer, Call, PageMeta, PageOf, PaginatedMeta,
    body::{Body, change},
    created, no_content,
    problem::Refusal,
    product_versions,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::products::specifications::{self, SpecificationChange, UploadedSpecification};
use portico_model::{
    ids::{SpecificationId, VersionId},
    problem::{Problem, Rule, ValueType},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 2] = [("file", "name"), ("specification", "content")];

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiProductVersionSpec {
    id: SpecificationId,
    name: String,
    /// As it was uploaded, not in base64.
    content: String,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<UploadedSpecification> for ApiProductVersionSpec {
    fn from(uploaded: UploadedSpecification) -> Self {
        Self {
            id: uploaded.id,
            name: uploaded.name,
            content: uploaded.content,
            created_at: uploaded.created_at,
            updated_at: uploaded.uploaded_at,
        }
    }
}

/// The version of the path.
async fn version(call: &Call) -> Result<VersionId, Refusal> {
    Ok(product_versions::of_path(call, "apiProductVersionId").await?.id)
}

async fn answer(call: &Call, version: VersionId) -> Result<ApiProductVersionSpec, Refusal> {
    let uploaded = specifications::of_version(&call.core, call.actor, version).await?;
    Ok(uploaded.ok_or(Problem::NotFound)?.into())
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES)
}

fn decoded(content: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::from(Problem::field("content", Rule::Type(ValueType::Base64)));
    String::from_utf8(STANDARD.decode(content.as_bytes()).map_err(|_| wrong())?).map_err(|_| wrong())
}

/// The specification of a version, in a list of at most one. For admins.
#[utoipa::path(get, path = "/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications",
    operation_id = "get-many-api-product-version-spec", tag = "specifications",
    responses((status = 200, description = "At most one specification", body = PageOf<ApiProductVersionSpec>)))]
async fn list(call: Call) -> Answer {
    let version = version(&call).await?;
    let uploaded = specifications::of_version(&call.core, call.actor, version).await?;
    let data: Vec<ApiProductVersionSpec> = uploaded.into_iter().map(ApiProductVersionSpec::from).collect();
    let total = if data.is_empty() { 0 } else { 1 };
    Ok(Json(PageOf { data, meta: PaginatedMeta { page: PageMeta { number: 1, size: 10, total } } }).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateSpecification {
    #[schema(pattern = r"^.+(?:\.yaml|\.yml|\.json)$")]
    name: String,
    /// OpenAPI or Swagger in JSON or YAML, in base64.
    #[schema(format = Byte, min_length = 1)]
    content: String,
}

/// Gives a version its specification. For admins; recorded as `specification.uploaded`.
#[utoipa::path(post, path = "/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications",
    operation_id = "create-api-product-version-spec", tag = "specifications", request_body = CreateSpecification,
    responses((status = 201, description = "The specification", body = ApiProductVersionSpec),
        (status = 409, description = "The version has a specification already")))]
async fn create(call: Call, Body(body): Body<CreateSpecification>) -> Answer {
    let version = version(&call).await?;
    let content = decoded(&body.content)?;
    specifications::create(&call.core, call.actor, version, &body.name, content).await.map_err(named)?;
    Ok(created(answer(&call, version).await?))
}

/// The specification of a version. For admins.
#[utoipa::path(get,
    path = "/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications/{specificationId}",
    operation_id = "get-api-product-version-spec", tag = "specifications",
    responses((status = 200, description = "The specification", body = ApiProductVersionSpec)))]
async fn show(call: Call) -> Answer {
    let id: SpecificationId = call.id("specificationId")?;
    let found = answer(&call, version(&call).await?).await?;
    if found.id == id { Ok(Json(found).into_response()) } else { Err(Problem::NotFound.into()) }
}

change! {
    UpdateSpecification {
        #[schema(pattern = r"^.+(?:\.yaml|\.yml|\.json)$")]
        name: String,
        /// OpenAPI or Swagger in JSON or YAML, in base64.
        #[schema(format = Byte, min_length = 1)]
        content: String,
    }
}

/// Changes what is named of a specification. For admins; recorded as `specification.uploaded`, or as
/// `specification.renamed`.
#[utoipa::path(patch,
    path = "/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications/{specificationId}",
    operation_id = "update-api-product-version-spec", tag = "specifications", request_body = UpdateSpecification,
    responses((status = 200, description = "The specification", body = ApiProductVersionSpec)))]
async fn update(call: Call, Body(body): Body<UpdateSpecification>) -> Answer {
    let (version, id) = (version(&call).await?, call.id("specificationId")?);
    let content = body.content.as_deref().map(decoded).transpose()?;
    let change = SpecificationChange { name: body.name, content };
    specifications::update(&call.core, call.actor, version, id, change).await.map_err(named)?;
    Ok(Json(answer(&call, version).await?).into_response())
}

/// Removes the specification of a version. For admins; recorded as `specification.deleted`.
#[utoipa::path(delete,
    path = "/api-products/{apiProductId}/product-versions/{apiProductVersionId}/specifications/{specificationId}",
    operation_id = "delete-api-product-version-spec", tag = "specifications",
    responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    let version = version(&call).await?;
    specifications::delete(&call.core, call.actor, version, call.id("specificationId")?).await?;
    no_content()
}
