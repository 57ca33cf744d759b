//! The pages about clients at identity providers, where no browser flow goes.

use crate::browser::TestServer;
use axum::http::StatusCode;
use portico_core::{Actor, applications, auth_strategies, dcr_clients, dcr_providers};
use portico_model::{ids::ApplicationId, states::ProviderType};
use portico_testing::{
    a_developer, a_portal, a_version, an_admin, an_application, openid_connect_input, portal_input,
    providers::{Provider, Trouble},
    publish,
};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_developer_chooses_scopes_in_the_form_and_changes_them_on_the_page() {
    let server = TestServer::new().await;
    let core = &server.core;
    let provider = Provider::start(ProviderType::Auth0).await;
    let mut input = provider.input("dcr");
    input.config.use_developer_managed_scopes = true;
    let id = dcr_providers::create(core, Actor::System, input).await.unwrap();
    let mut strategy = openid_connect_input("dcr", &provider.url);
    strategy.dcr_provider = Some(id);
    strategy.scopes = vec!["read".to_owned(), "write".to_owned()];
    let strategy = auth_strategies::create_openid_connect(core, Actor::System, strategy).await.unwrap();
    let portal = a_portal(core, portal_input("a")).await;
    let (_, version) = a_version(core, "Weather").await;
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    tokio::spawn(dcr_clients::work(core.core.clone(), CancellationToken::new()));

    let browser = server.developer("a.localhost", "ada").await;
    browser.get("/applications/new").await.shows("name=\"scopes[1]\" value=\"write\"");
    let strategy = strategy.to_string();
    let form = [("name", "app"), ("description", ""), ("auth_strategy", strategy.as_str()), ("scopes[0]", "read")];
    let made = browser.post("/_fn/create-application", &form).await;
    let page = made.location().to_owned();
    let application: ApplicationId = page.rsplit('/').next().unwrap().parse().unwrap();
    let scopes = async || applications::get(core, ada, portal.id, application).await.unwrap().scopes;
    assert_eq!(scopes().await, Some(vec!["read".to_owned()]));
    let shown = browser.get(&page).await;
    shown.shows("<code>read<");
    shown.shows("Show the client secret");
    let id = application.to_string();
    let form =
        [("application", id.as_str()), ("name", "app"), ("description", ""), ("scopes[0]", "read"), ("scopes[1]", "write")];
    assert_eq!(browser.post("/_fn/update-application", &form).await.status, StatusCode::NO_CONTENT);
    assert_eq!(scopes().await, Some(vec!["read".to_owned(), "write".to_owned()]));
}

/// The developer is told what is theirs to change; the admin is told everything.
#[tokio::test]
async fn what_a_provider_says_reaches_whoever_can_do_something_about_it() {
    let server = TestServer::new().await;
    let core = &server.core;
    an_admin(core).await;
    let provider = Provider::start(ProviderType::Okta).await;
    let id = dcr_providers::create(core, Actor::System, provider.input("dcr")).await.unwrap();
    let mut strategy = openid_connect_input("dcr", &provider.url);
    strategy.dcr_provider = Some(id);
    let strategy = auth_strategies::create_openid_connect(core, Actor::System, strategy).await.unwrap();
    let portal = a_portal(core, portal_input("a")).await;
    let (_, version) = a_version(core, "Weather").await;
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    provider.trouble(|_, _| Some(Trouble::Status(403)));
    let application = an_application(core, ada, &portal, "app", strategy).await;
    while dcr_clients::run_next(core).await.unwrap() {}

    let page = server.developer("a.localhost", "ada").await.get(&format!("/applications/{application}")).await;
    page.shows("does not take the client from this portal at the moment");
    assert!(!page.body.contains("as the test wants it"), "what is between admin and provider stays there");
    let admin = server.admin().await;
    let page = admin.get(&format!("/admin/dcr-providers/{id}")).await;
    page.shows("Creating. The provider said: 403: trouble: as the test wants it");
    page.shows("/oauth2/v1/clients");
    admin.get("/admin/dcr-providers").await.shows("1 unsettled client");
}
