//! Every URL of Portico's pages; routes, links, redirects, mails and tests take them from here.

use crate::ids::{
    ApplicationId, AuthStrategyId, DcrProviderId, DeveloperId, DocumentId, GatewayId, MailId, PortalId, ProductId,
    SystemAccountId, VersionId,
};

/// Pages of a portal, on the portal's own host.
pub mod portal {
    use super::*;

    pub const CATALOGUE: &str = "/";
    pub const SEARCH: &str = "/search";
    pub const SIGN_UP: &str = "/sign-up";
    /// What became of the mail that a sign-up caused.
    pub const SIGN_UP_MAIL: &str = "/sign-up/mail";
    pub const SIGN_IN: &str = "/sign-in";
    pub const FORGOT_PASSWORD: &str = "/forgot-password";
    pub const SET_PASSWORD: &str = "/set-password";
    pub const ACCOUNT: &str = "/account";
    pub const APPLICATIONS: &str = "/applications";
    pub const EXPLAIN: &str = "/explain";
    pub const NEW_APPLICATION: &str = "/applications/new";

    pub fn product(id: ProductId) -> String {
        format!("/products/{id}")
    }

    pub fn version(product: ProductId, version: VersionId) -> String {
        format!("/products/{product}/versions/{version}")
    }

    /// An operation of the API reference, by its slug.
    pub fn operation(product: ProductId, version: VersionId, slug: &str) -> String {
        format!("/products/{product}/versions/{version}/operations/{slug}")
    }

    /// The specification as it was uploaded.
    pub fn specification(product: ProductId, version: VersionId) -> String {
        format!("/products/{product}/versions/{version}/specification")
    }

    /// A document of a product, by its slug.
    pub fn document(product: ProductId, slug: &str) -> String {
        format!("/products/{product}/documents/{slug}")
    }

    pub fn register(product: ProductId, version: VersionId) -> String {
        format!("/products/{product}/versions/{version}/register")
    }

    pub fn application(id: ApplicationId) -> String {
        format!("/applications/{id}")
    }

    pub fn sign_up_mail(id: MailId) -> String {
        format!("{SIGN_UP_MAIL}/{id}")
    }

    /// The page that creates an application and then comes back to register it.
    pub fn new_application_for(version: VersionId) -> String {
        format!("{NEW_APPLICATION}?version={version}")
    }

    pub fn sign_in_and_return(to: &str) -> String {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", to).finish();
        format!("{SIGN_IN}?{query}")
    }
}

/// Pages of the admin console, on the base host.
pub mod admin {
    use super::*;

    pub const HOME: &str = "/admin";
    pub const SIGN_IN: &str = "/admin/sign-in";
    pub const SET_UP: &str = "/admin/set-up";
    pub const PORTALS: &str = "/admin/portals";
    pub const NEW_PORTAL: &str = "/admin/portals/new";
    pub const PRODUCTS: &str = "/admin/products";
    pub const NEW_PRODUCT: &str = "/admin/products/new";
    pub const GATEWAYS: &str = "/admin/gateways";
    pub const AUTH_STRATEGIES: &str = "/admin/auth-strategies";
    pub const NEW_AUTH_STRATEGY: &str = "/admin/auth-strategies/new";
    pub const DCR_PROVIDERS: &str = "/admin/dcr-providers";
    pub const NEW_DCR_PROVIDER: &str = "/admin/dcr-providers/new";
    pub const DEVELOPERS: &str = "/admin/developers";
    pub const REGISTRATIONS: &str = "/admin/registrations";
    pub const APPLICATIONS: &str = "/admin/applications";
    pub const ACCESS_TOKENS: &str = "/admin/access-tokens";
    pub const MANAGEMENT_API: &str = "/admin/management-api";
    pub const ADMINS: &str = "/admin/admins";
    pub const SYSTEM_ACCOUNTS: &str = "/admin/system-accounts";
    pub const MAIL: &str = "/admin/mail";
    pub const EXPLAIN: &str = "/admin/explain";

    pub fn portal(id: PortalId) -> String {
        format!("{PORTALS}/{id}")
    }

    pub fn product(id: ProductId) -> String {
        format!("{PRODUCTS}/{id}")
    }

    /// The form for a new strategy of a type, made for the publication of a version; either may be empty.
    pub fn new_auth_strategy(strategy_type: &str, version: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("type", strategy_type), ("version", version)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        format!("{NEW_AUTH_STRATEGY}?{}", query.finish())
    }

    pub fn new_document(product: ProductId) -> String {
        format!("{PRODUCTS}/{product}/documents/new")
    }

    pub fn document(product: ProductId, document: DocumentId) -> String {
        format!("{PRODUCTS}/{product}/documents/{document}")
    }

    pub fn version(product: ProductId, version: VersionId) -> String {
        format!("{PRODUCTS}/{product}/versions/{version}")
    }

    pub fn gateway_plugins(id: GatewayId) -> String {
        format!("{GATEWAYS}/{id}/plugins")
    }

    pub fn management_api_operation(slug: &str) -> String {
        format!("{MANAGEMENT_API}/operations/{slug}")
    }

    pub fn system_account(id: SystemAccountId) -> String {
        format!("{SYSTEM_ACCOUNTS}/{id}")
    }

    pub fn gateway(id: GatewayId) -> String {
        format!("{GATEWAYS}/{id}")
    }

    pub fn auth_strategy(id: AuthStrategyId) -> String {
        format!("{AUTH_STRATEGIES}/{id}")
    }

    pub fn dcr_provider(id: DcrProviderId) -> String {
        format!("{DCR_PROVIDERS}/{id}")
    }

    /// The form for a new provider of a type.
    pub fn new_dcr_provider(provider_type: &str) -> String {
        format!("{NEW_DCR_PROVIDER}?type={provider_type}")
    }

    pub fn developer(id: DeveloperId) -> String {
        format!("{DEVELOPERS}/{id}")
    }

    pub fn mail(id: MailId) -> String {
        format!("{MAIL}/{id}")
    }
}
