//! Every page: a portal's on its own host, the admin console's on the base host.

use crate::{
    access_tokens::page::AccessTokensPage,
    admins::{
        pages::{AdminSignInPage, OverviewPage, SetUpPage},
        roles::AdminsPage,
    },
    applications::{
        admin_list_page::AdminApplicationsPage, application_page::ApplicationPage, form_page::NewApplicationPage,
        list_page::ApplicationsPage,
    },
    auth_strategies::pages::{AuthStrategiesPage, AuthStrategyPage, NewAuthStrategyPage},
    dcr_providers::pages::{DcrProviderPage, DcrProvidersPage, NewDcrProviderPage},
    developers::{
        account_pages::{AccountPage, ForgotPasswordPage, SetPasswordPage, SignInPage, SignUpMailPage, SignUpPage},
        queue_page::{DeveloperPage, DevelopersPage},
    },
    documents::{
        admin_pages::{DocumentAdminPage, NewDocumentPage},
        document_page::DocumentPage,
    },
    explain::page::ExplainPage,
    gateways::{
        pages::{GatewayPage, GatewaysPage},
        plugins_page::PluginsPage,
    },
    mail::pages::{MailPage, MailsPage},
    management_api::pages::{ManagementApiOperationPage, ManagementApiPage, ManagementApiSchemaPage},
    portals::{
        directory_page::DirectoryPage,
        pages::{NewPortalPage, PortalPage, PortalsPage},
    },
    products::{
        admin_pages::{NewProductPage, ProductAdminPage, ProductsPage},
        catalogue_page::CataloguePage,
        product_page::ProductPage,
        reference::{operation_page::OperationPage, schema_page::SchemaPage},
        version_admin_page::VersionAdminPage,
    },
    registrations::{queue_page::RegistrationsPage, register_page::RegisterPage},
    search::search_page::SearchPage,
    system_accounts::pages::{SystemAccountPage, SystemAccountsPage},
    ui::{
        layout::{AdminFrame, PortalFrame},
        page::NotFoundPage,
    },
};
use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

/// A portal, on its own host.
pub fn portal_app() -> AnyView {
    view! {
        <Router>
            <PortalFrame>
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=CataloguePage />
                    <Route path=path!("/products/:product") view=ProductPage />
                    <Route path=path!("/products/:product/versions/:version") view=ProductPage />
                    <Route path=path!("/products/:product/documents/:document") view=DocumentPage />
                    <Route path=path!("/products/:product/versions/:version/operations/:operation") view=OperationPage />
                    <Route path=path!("/products/:product/versions/:version/schemas/:schema") view=SchemaPage />
                    <Route path=path!("/products/:product/versions/:version/register") view=RegisterPage />
                    <Route path=path!("/search") view=SearchPage />
                    <Route path=path!("/sign-up") view=SignUpPage />
                    <Route path=path!("/sign-up/mail/:mail") view=SignUpMailPage />
                    <Route path=path!("/sign-in") view=SignInPage />
                    <Route path=path!("/forgot-password") view=ForgotPasswordPage />
                    <Route path=path!("/set-password") view=SetPasswordPage />
                    <Route path=path!("/account") view=AccountPage />
                    <Route path=path!("/applications") view=ApplicationsPage />
                    <Route path=path!("/applications/new") view=NewApplicationPage />
                    <Route path=path!("/applications/:application") view=ApplicationPage />
                    <Route path=path!("/explain") view=ExplainPage />
                </Routes>
            </PortalFrame>
        </Router>
    }
    .into_any()
}

/// The list of portals and the admin console, on the base host.
pub fn admin_app() -> AnyView {
    view! {
        <Router>
            <AdminFrame>
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=DirectoryPage />
                    <Route path=path!("/admin") view=OverviewPage />
                    <Route path=path!("/admin/sign-in") view=AdminSignInPage />
                    <Route path=path!("/admin/set-up") view=SetUpPage />
                    <Route path=path!("/admin/portals") view=PortalsPage />
                    <Route path=path!("/admin/portals/new") view=NewPortalPage />
                    <Route path=path!("/admin/portals/:portal") view=PortalPage />
                    <Route path=path!("/admin/products") view=ProductsPage />
                    <Route path=path!("/admin/products/new") view=NewProductPage />
                    <Route path=path!("/admin/products/:product") view=ProductAdminPage />
                    <Route path=path!("/admin/products/:product/documents/new") view=NewDocumentPage />
                    <Route path=path!("/admin/products/:product/documents/:document") view=DocumentAdminPage />
                    <Route path=path!("/admin/products/:product/versions/:version") view=VersionAdminPage />
                    <Route path=path!("/admin/auth-strategies") view=AuthStrategiesPage />
                    <Route path=path!("/admin/auth-strategies/new") view=NewAuthStrategyPage />
                    <Route path=path!("/admin/auth-strategies/:strategy") view=AuthStrategyPage />
                    <Route path=path!("/admin/dcr-providers") view=DcrProvidersPage />
                    <Route path=path!("/admin/dcr-providers/new") view=NewDcrProviderPage />
                    <Route path=path!("/admin/dcr-providers/:provider") view=DcrProviderPage />
                    <Route path=path!("/admin/gateways") view=GatewaysPage />
                    <Route path=path!("/admin/gateways/:gateway") view=GatewayPage />
                    <Route path=path!("/admin/gateways/:gateway/plugins") view=PluginsPage />
                    <Route path=path!("/admin/developers") view=DevelopersPage />
                    <Route path=path!("/admin/developers/:developer") view=DeveloperPage />
                    <Route path=path!("/admin/registrations") view=RegistrationsPage />
                    <Route path=path!("/admin/applications") view=AdminApplicationsPage />
                    <Route path=path!("/admin/access-tokens") view=AccessTokensPage />
                    <Route path=path!("/admin/management-api") view=ManagementApiPage />
                    <Route path=path!("/admin/management-api/operations/:operation") view=ManagementApiOperationPage />
                    <Route path=path!("/admin/management-api/schemas/:schema") view=ManagementApiSchemaPage />
                    <Route path=path!("/admin/admins") view=AdminsPage />
                    <Route path=path!("/admin/system-accounts") view=SystemAccountsPage />
                    <Route path=path!("/admin/system-accounts/:system_account") view=SystemAccountPage />
                    <Route path=path!("/admin/mail") view=MailsPage />
                    <Route path=path!("/admin/mail/:mail") view=MailPage />
                    <Route path=path!("/admin/explain") view=ExplainPage />
                </Routes>
            </AdminFrame>
        </Router>
    }
    .into_any()
}
