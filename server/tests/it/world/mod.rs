//! Ada's things at `a.localhost`, with a case for every server function and every page.

mod dcr;

use crate::browser::TestServer;
use portico_core::{
    Actor, access_tokens, admins, auth_strategies, credentials, developers,
    gateways::tokens,
    mail,
    portals::PortalInput,
    system_accounts::{self, SystemAccountInput},
};
use portico_model::{ids::DeveloperId, paging::PageRequest};
use portico_testing::{
    a_developer, a_document, a_linked_service, a_portal, a_strategy, a_version, access_token_input, an_admin, an_application,
    an_approved_registration, issuer::Issuer, openid_connect_input, portal_input, publish,
};

/// Who may call a server function.
#[derive(Clone, Copy, PartialEq)]
pub enum For {
    Anyone,
    AnyDeveloper,
    TheOwner,
    Admins,
}

pub type Form = Vec<(&'static str, String)>;

/// The world that the cases speak of: Ada's things at `a.localhost`.
pub struct World {
    pub cases: Vec<(&'static str, For, Form)>,
    pub portal_pages: Vec<String>,
    pub owned_pages: Vec<String>,
    pub admin_pages: Vec<String>,
}

pub async fn world(server: &TestServer) -> World {
    let core = &server.core;
    let text = str::to_owned;
    let admin = an_admin(core).await;
    let strategy = a_strategy(core, "s").await;
    let portal = a_portal(core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let elsewhere = a_portal(core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("b") }).await;
    let (product, version) = a_version(core, "Weather").await;
    let (other_product, other_version) = a_version(core, "Maps").await;
    let service = a_linked_service(core, version, "/weather", "http://127.0.0.1:1").await;
    publish(core, version, &portal, strategy).await;
    publish(core, other_version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    a_developer(core, &portal, "eve").await;
    a_developer(core, &elsewhere, "mallory").await;
    let application = an_application(core, ada, &portal, "App", strategy).await;
    let registration = an_approved_registration(core, ada, &portal, application, version).await;
    let (credential, key) = credentials::create(core, ada, portal.id, application, "key", None).await.unwrap();
    let gateway = portico_core::gateways::list(core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    tokens::create_token(core, Actor::System, gateway, "old").await.unwrap();
    let gateway_token = tokens::tokens(core, Actor::System, gateway).await.unwrap()[0].id;
    access_tokens::create(core, admin, &access_token_input("old", 30)).await.unwrap();
    let access_token = access_tokens::list(core, admin).await.unwrap()[0].id;
    let account =
        system_accounts::create(core, Actor::System, SystemAccountInput { name: text("ci"), ..SystemAccountInput::default() });
    let account = account.await.unwrap();
    access_tokens::create_of(core, Actor::System, account, &access_token_input("old", 30)).await.unwrap();
    let account_token = access_tokens::list_of(core, Actor::System, account).await.unwrap()[0].id;
    let some_admin = admins::list(core, Actor::System).await.unwrap()[0].id;
    developers::forgot_password(core, &portal, "ada@example.com", "10.0.0.9").await.unwrap();
    let mail = mail::list(core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    let document = a_document(core, product, "Begin").await;
    let Actor::Developer { id: developer, .. } = ada else { panic!("a developer") };
    let _: DeveloperId = developer;

    let id = |id: &dyn std::fmt::Display| id.to_string();
    let portal_form = |slug: &str| {
        vec![
            ("slug", text(slug)),
            ("name", text(slug)),
            ("display_name", text("")),
            ("description", text("")),
            ("custom_domain", text("")),
            ("default_auth_strategy", id(&strategy)),
        ]
    };
    let with = |mut form: Form, more: Form| {
        form.extend(more);
        form
    };
    let service_form = |name: &str| {
        vec![
            ("gateway", id(&gateway)),
            ("name", text(name)),
            ("host", text("")),
            ("path_prefix", text(name)),
            ("upstream_url", text("http://127.0.0.1:1")),
        ]
    };
    let issuer = Issuer::start(&[]).await.url;
    let input = openid_connect_input("oidc", &issuer);
    let openid_connect = auth_strategies::create_openid_connect(core, Actor::System, input).await.unwrap();
    let openid_connect_form = |name: &str, issuer: &str| {
        vec![
            ("name", text(name)),
            ("display_name", text(name)),
            ("issuer", text(issuer)),
            ("scopes", text("openid")),
            ("credential_claim", text("client_id")),
            ("auth_methods[0]", text("bearer")),
            ("client_id", text("")),
            ("client_secret", text("")),
            ("further", text("")),
        ]
    };
    use For::{Admins, AnyDeveloper, Anyone, TheOwner};
    let mut cases = vec![
        ("/_fn/sign-up", Anyone, vec![]),
        ("/_fn/sign-in", Anyone, vec![]),
        ("/_fn/sign-out", Anyone, vec![]),
        ("/_fn/forgot-password", Anyone, vec![]),
        ("/_fn/set-password", Anyone, vec![]),
        ("/_fn/admin/sign-in", Anyone, vec![]),
        ("/_fn/admin/sign-out", Anyone, vec![]),
        ("/_fn/admin/set-up", Anyone, vec![]),
        ("/_fn/explain", AnyDeveloper, vec![("key", text("ptk_test_nothing"))]),
        ("/_fn/admin/explain", Admins, vec![("key", text("ptk_test_nothing"))]),
        ("/_fn/rename-account", AnyDeveloper, vec![("full_name", text("Ada"))]),
        (
            "/_fn/create-application",
            AnyDeveloper,
            vec![("name", text("New")), ("description", text("")), ("reference_id", text(""))],
        ),
        (
            "/_fn/update-application",
            TheOwner,
            vec![("application", id(&application)), ("name", text("App")), ("description", text("")), ("reference_id", text(""))],
        ),
        (
            "/_fn/create-credential",
            TheOwner,
            vec![("application", id(&application)), ("display_name", text("another")), ("lifetime_days", text(""))],
        ),
        (
            "/_fn/rename-credential",
            TheOwner,
            vec![("application", id(&application)), ("credential", id(&credential)), ("display_name", text("renamed"))],
        ),
        (
            "/_fn/try-operation",
            TheOwner,
            vec![("version", id(&version)), ("operation", text("get-things")), ("credential", id(&credential))],
        ),
        ("/_fn/check-credential", TheOwner, vec![("application", id(&application)), ("key", text(key.expose()))]),
        (
            "/_fn/rotate-credential",
            TheOwner,
            vec![("application", id(&application)), ("credential", id(&credential)), ("grace", text("one_day"))],
        ),
        ("/_fn/revoke-credential", TheOwner, vec![("application", id(&application)), ("credential", id(&credential))]),
        ("/_fn/create-registration", TheOwner, vec![("application", id(&application)), ("version", id(&other_version))]),
        ("/_fn/delete-registration", TheOwner, vec![("application", id(&application)), ("registration", id(&registration))]),
        ("/_fn/delete-application", TheOwner, vec![("application", id(&application))]),
        ("/_fn/admin/create-portal", Admins, portal_form("c")),
        ("/_fn/admin/update-portal", Admins, with(portal_form("a"), vec![("portal", id(&portal.id))])),
        (
            "/_fn/admin/create-auth-strategy",
            Admins,
            vec![("name", text("t")), ("display_name", text("t")), ("key_names", text("k")), ("max_key_lifetime_days", text(""))],
        ),
        (
            "/_fn/admin/update-auth-strategy",
            Admins,
            vec![("strategy", id(&strategy)), ("name", text("s")), ("display_name", text("s")), ("key_names", text("apikey"))],
        ),
        (
            "/_fn/admin/save-openid-connect",
            Admins,
            with(openid_connect_form("oidc", &issuer), vec![("strategy", id(&openid_connect))]),
        ),
        ("/_fn/admin/create-access-token", Admins, vec![("name", text("ci")), ("lifetime_days", text("30"))]),
        ("/_fn/admin/revoke-access-token", Admins, vec![("access_token", id(&access_token))]),
        (
            "/_fn/admin/set-admin-roles",
            Admins,
            vec![("admin", id(&some_admin)), ("roles[0]", text("admin")), ("roles[1]", text("portal_viewer"))],
        ),
        (
            "/_fn/admin/create-system-account",
            Admins,
            vec![("name", text("cd")), ("description", text("")), ("roles[0]", text("product_admin"))],
        ),
        (
            "/_fn/admin/update-system-account",
            Admins,
            vec![("system_account", id(&account)), ("name", text("ci")), ("description", text("Builds"))],
        ),
        (
            "/_fn/admin/create-system-account-token",
            Admins,
            vec![("system_account", id(&account)), ("name", text("new")), ("lifetime_days", text("30"))],
        ),
        (
            "/_fn/admin/revoke-system-account-token",
            Admins,
            vec![("system_account", id(&account)), ("access_token", id(&account_token))],
        ),
        ("/_fn/admin/delete-system-account", Admins, vec![("system_account", id(&account))]),
        ("/_fn/admin/create-gateway", Admins, vec![("name", text("g"))]),
        ("/_fn/admin/create-gateway-token", Admins, vec![("gateway", id(&gateway)), ("name", text("nginx"))]),
        ("/_fn/admin/revoke-gateway-token", Admins, vec![("gateway", id(&gateway)), ("token", id(&gateway_token))]),
        ("/_fn/admin/create-gateway-service", Admins, service_form("/new")),
        ("/_fn/admin/update-gateway-service", Admins, with(service_form("/weather"), vec![("service", id(&service))])),
        ("/_fn/admin/create-product", Admins, vec![("name", text("P")), ("description", text(""))]),
        (
            "/_fn/admin/update-product",
            Admins,
            vec![("product", id(&product)), ("name", text("Weather")), ("description", text(""))],
        ),
        ("/_fn/admin/create-version", Admins, vec![("product", id(&product)), ("name", text("v9"))]),
        ("/_fn/admin/rename-version", Admins, vec![("product", id(&product)), ("version", id(&version)), ("name", text("v1"))]),
        ("/_fn/admin/upload-specification", Admins, vec![("product", id(&product)), ("version", id(&version))]),
        (
            "/_fn/admin/save-publication",
            Admins,
            vec![
                ("product", id(&product)),
                ("version", id(&version)),
                ("portal", id(&portal.id)),
                ("publish_status", text("published")),
                ("auth_strategy", id(&strategy)),
                ("require_authentication", text("true")),
            ],
        ),
        (
            "/_fn/admin/create-document",
            Admins,
            vec![("product", id(&product)), ("title", text("Start")), ("slug", text("other")), ("content", text("# Hello"))],
        ),
        (
            "/_fn/admin/update-document",
            Admins,
            vec![
                ("product", id(&product)),
                ("document", id(&document)),
                ("title", text("Begin")),
                ("slug", text("begin")),
                ("published", text("true")),
                ("content", text("")),
            ],
        ),
        ("/_fn/admin/move-document-up", Admins, vec![("product", id(&product)), ("document", id(&document))]),
        ("/_fn/admin/delete-document", Admins, vec![("product", id(&product)), ("document", id(&document))]),
        ("/_fn/admin/send-mail-again", Admins, vec![("mail", id(&mail))]),
        (
            "/_fn/admin/decide-registration",
            Admins,
            vec![("registration", id(&registration)), ("status", text("revoked")), ("reason", text(""))],
        ),
        ("/_fn/admin/delete-registration", Admins, vec![("registration", id(&registration))]),
        ("/_fn/admin/delete-application", Admins, vec![("application", id(&application))]),
        (
            "/_fn/admin/decide-developer",
            Admins,
            vec![("developer", id(&developer)), ("status", text("revoked")), ("reason", text(""))],
        ),
        ("/_fn/admin/delete-developer", Admins, vec![("developer", id(&developer))]),
        ("/_fn/admin/unpublish-product", Admins, vec![("product", id(&product)), ("portal", id(&portal.id))]),
        (
            "/_fn/admin/delete-publication",
            Admins,
            vec![("product", id(&product)), ("version", id(&version)), ("portal", id(&portal.id))],
        ),
        (
            "/_fn/admin/link-gateway-service",
            Admins,
            vec![("product", id(&product)), ("version", id(&version)), ("gateway_service", text(""))],
        ),
        ("/_fn/admin/delete-version", Admins, vec![("product", id(&product)), ("version", id(&version))]),
        ("/_fn/admin/delete-product", Admins, vec![("product", id(&other_product))]),
        ("/_fn/admin/delete-gateway-service", Admins, vec![("gateway", id(&gateway)), ("service", id(&service))]),
        ("/_fn/admin/delete-gateway", Admins, vec![("gateway", id(&gateway))]),
        ("/_fn/admin/delete-portal", Admins, vec![("portal", id(&elsewhere.id))]),
        ("/_fn/admin/delete-auth-strategy", Admins, vec![("strategy", id(&strategy))]),
    ];
    let dcr = dcr::of(core, &portal, ada).await;
    cases.extend(dcr.cases);
    let page = |path: &str, id: &dyn std::fmt::Display| format!("{path}/{id}");
    let version_page = format!("/products/{product}/versions/{version}");
    World {
        cases,
        portal_pages: vec![
            text("/"),
            page("/products", &product),
            version_page.clone(),
            format!("{version_page}/register"),
            format!("{version_page}/operations/get-things"),
            format!("{version_page}/schemas/thing"),
            format!("/products/{product}/documents/begin"),
            text("/search?search=weather"),
            text("/account"),
            text("/applications"),
            text("/applications/new"),
            text("/explain"),
        ],
        owned_pages: vec![page("/applications", &application), dcr.owned_page],
        admin_pages: vec![
            text("/admin"),
            text("/admin/portals"),
            text("/admin/portals/new"),
            page("/admin/portals", &portal.id),
            text("/admin/products"),
            text("/admin/products/new"),
            page("/admin/products", &product),
            format!("/admin/products/{product}/documents/new"),
            format!("/admin/products/{product}/documents/{document}"),
            format!("/admin/products/{product}/versions/{version}"),
            text("/admin/auth-strategies"),
            text("/admin/auth-strategies/new"),
            text("/admin/auth-strategies/new?type=openid_connect"),
            page("/admin/auth-strategies", &strategy),
            page("/admin/auth-strategies", &openid_connect),
            text("/admin/gateways"),
            page("/admin/gateways", &gateway),
            format!("/admin/gateways/{gateway}/plugins"),
            text("/admin/developers"),
            page("/admin/developers", &developer),
            text("/admin/registrations"),
            text("/admin/applications"),
            text("/admin/access-tokens"),
            text("/admin/management-api"),
            text("/admin/management-api/operations/create-portal"),
            text("/admin/management-api/schemas/problem-details"),
            text("/admin/admins"),
            text("/admin/system-accounts"),
            page("/admin/system-accounts", &account),
            text("/admin/mail"),
            text("/admin/explain"),
            page("/admin/mail", &mail),
        ]
        .into_iter()
        .chain(dcr.admin_pages)
        .collect(),
    }
}
