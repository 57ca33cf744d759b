//! What admins do to products and versions.

use crate::visit::{UiError, Visit, parse_id, parse_optional_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::products::{
    self, Product, ProductInput,
    specification::CONTENT_MAX,
    versions::{self, Version, VersionInput},
};
use portico_model::{
    ids::{ProductId, VersionId},
    paths,
    problem::{Problem, Rule},
};
use server_fn::codec::{MultipartData, MultipartFormData};

pub const CREATE_PRODUCT: &str = "/_fn/admin/create-product";
pub const UPDATE_PRODUCT: &str = "/_fn/admin/update-product";
pub const DELETE_PRODUCT: &str = "/_fn/admin/delete-product";
pub const UNPUBLISH_PRODUCT: &str = "/_fn/admin/unpublish-product";
pub const CREATE_VERSION: &str = "/_fn/admin/create-version";
pub const RENAME_VERSION: &str = "/_fn/admin/rename-version";
pub const DELETE_VERSION: &str = "/_fn/admin/delete-version";
pub const LINK_SERVICE: &str = "/_fn/admin/link-gateway-service";
pub const UPLOAD_SPECIFICATION: &str = "/_fn/admin/upload-specification";

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-product")]
pub async fn create_product(name: String, description: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let input = ProductInput { name, description, ..ProductInput::default() };
    let id = products::create(&visit.core, visit.actor, input).await?;
    visit.leave_notice("The product is there. Add its first version.").await?;
    redirect(&paths::admin::product(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-product")]
pub async fn update_product(product: String, name: String, description: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("product", &product)?;
    let decide = |product: &Product| ProductInput { name, description, ..product.into() };
    products::update(&visit.core, visit.actor, id, decide).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::admin::product(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-product")]
pub async fn delete_product(product: String) -> Result<(), UiError> {
    let visit = Visit::current();
    products::delete(&visit.core, visit.actor, parse_id("product", &product)?).await?;
    visit.leave_notice("The product is deleted.").await?;
    redirect(paths::admin::PRODUCTS);
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/unpublish-product")]
pub async fn unpublish_product(product: String, portal: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("product", &product)?;
    products::unpublish(&visit.core, visit.actor, id, parse_id("portal", &portal)?).await?;
    visit.leave_notice("The product is no longer in that portal. Calls keep working.").await?;
    redirect(&paths::admin::product(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-version")]
pub async fn create_version(product: String, name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let product = parse_id("product", &product)?;
    let id = versions::create(&visit.core, visit.actor, product, name.as_str()).await?;
    visit.leave_notice("The version is there. Upload its specification and link its gateway service.").await?;
    redirect(&paths::admin::version(product, id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/rename-version")]
pub async fn rename_version(product: String, version: String, name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("version", &version)?;
    let decide = |version: &Version| VersionInput { name, ..version.into() };
    versions::update(&visit.core, visit.actor, id, decide).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::admin::version(parse_id("product", &product)?, id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-version")]
pub async fn delete_version(product: String, version: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let product = parse_id("product", &product)?;
    versions::delete(&visit.core, visit.actor, parse_id("version", &version)?).await?;
    visit.leave_notice("The version is deleted.").await?;
    redirect(&paths::admin::product(product));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/link-gateway-service")]
pub async fn link_gateway_service(product: String, version: String, gateway_service: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("version", &version)?;
    let service = parse_optional_id("gateway_service", &gateway_service)?;
    let decide = |version: &Version| VersionInput { gateway_service: service, ..version.into() };
    versions::update(&visit.core, visit.actor, id, decide).await?;
    visit.leave_notice(if service.is_some() { "Linked." } else { "Unlinked. Nothing serves this version now." }).await?;
    redirect(&paths::admin::version(parse_id("product", &product)?, id));
    Ok(())
}

/// Takes the file, or the pasted text where there is no file. For admins.
#[server(prefix = "/_fn", endpoint = "admin/upload-specification", input = MultipartFormData)]
pub async fn upload_specification(form: MultipartData) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let form = SpecificationForm::read(form).await?;
    let product: ProductId = parse_id("product", &form.product)?;
    let version: VersionId = parse_id("version", &form.version)?;
    products::specifications::put(&visit.core, visit.actor, version, &form.name, form.content).await?;
    visit.leave_notice("The specification is uploaded.").await?;
    redirect(&paths::admin::version(product, version));
    Ok(())
}

#[derive(Default)]
struct SpecificationForm {
    product: String,
    version: String,
    name: String,
    content: String,
}

impl SpecificationForm {
    async fn read(form: MultipartData) -> Result<Self, UiError> {
        let incomplete = || UiError(Problem::Invalid(Vec::new()));
        let mut parts = form.into_inner().ok_or_else(incomplete)?;
        let mut read = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_| incomplete())? {
            let field = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|_| UiError(Problem::field("content", Rule::TooLarge(CONTENT_MAX))))?;
            let text = || {
                String::from_utf8(bytes.to_vec())
                    .map_err(|_| UiError(Problem::field("content", Rule::Syntax { line: 1, column: 1 })))
            };
            match field.as_str() {
                "product" => read.product = text()?,
                "version" => read.version = text()?,
                "file" if !bytes.is_empty() => {
                    read.content = text()?;
                    read.name = file_name;
                }
                "content" if read.content.is_empty() => read.content = text()?,
                _ => {}
            }
        }
        Ok(read)
    }
}
