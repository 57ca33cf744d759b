//! Clients at an identity provider: Ada's application that has one, and what admins do to the provider.

use super::{For, Form};
use portico_core::{Actor, Core, auth_strategies, dcr_clients, dcr_providers, jobs, portals::Portal};
use portico_model::{
    ids::{DcrClientId, DcrProviderId},
    states::{DcrClientState, ProviderType},
};
use portico_testing::{
    a_version, an_application, openid_connect_input,
    providers::{ADMIN_CLIENT, ADMIN_SECRET, Provider, Tampering},
    publish,
};
use tokio_util::sync::CancellationToken;

pub struct Dcr {
    pub cases: Vec<(&'static str, For, Form)>,
    pub owned_page: String,
    pub admin_pages: Vec<String>,
}

pub async fn of(core: &Core, portal: &Portal, ada: Actor) -> Dcr {
    let provider = Provider::start(ProviderType::Auth0).await;
    let id = dcr_providers::create(core, Actor::System, provider.input("dcr")).await.unwrap();
    let unused = dcr_providers::create(core, Actor::System, provider.input("unused")).await.unwrap();
    let strategy = auth_strategies::OpenidConnectInput { dcr_provider: Some(id), ..openid_connect_input("dcr", &provider.url) };
    let strategy = auth_strategies::create_openid_connect(core, Actor::System, strategy).await.unwrap();
    let (_, version) = a_version(core, "Registered").await;
    publish(core, version, portal, strategy).await;
    let application = an_application(core, ada, portal, "With a client", strategy).await;
    while dcr_clients::run_next(core).await.unwrap() {}
    let client = dcr_clients::of_application(core, ada, portal.id, application).await.unwrap().unwrap().client;
    assert_eq!(client.state, DcrClientState::Ready, "{client:?}");
    let finding = a_finding(core, &provider, id, &client.client_id.unwrap()).await;
    let orphan = an_orphan(core, id).await;
    // From now on it goes on by itself, as in a process that serves.
    tokio::spawn(dcr_clients::work(core.clone(), CancellationToken::new()));

    let text = str::to_owned;
    let unmanageable = || sqlx::query("update dcr_client set is_unmanageable = true where id = $1").bind(client.id);
    unmanageable().execute(&core.pool).await.unwrap();
    let of_client = |client: DcrClientId| vec![("client", client.to_string())];
    let of_provider = |provider: DcrProviderId| vec![("provider", provider.to_string())];
    let of_application = || vec![("application", application.to_string())];
    let provider_form = vec![
        ("provider", id.to_string()),
        ("provider_type", text("auth0")),
        ("name", text("dcr")),
        ("display_name", text("Auth0")),
        ("issuer", provider.url.clone()),
        ("initial_client_id", text(ADMIN_CLIENT)),
        ("initial_client_audience", text("")),
        ("secret", text(ADMIN_SECRET)),
        ("api_url", text("")),
        ("token_url", text("")),
    ];
    let application_form = vec![
        ("application", application.to_string()),
        ("name", text("With a client")),
        ("description", text("")),
        ("redirect_uris", text("https://app.example.com/callback")),
    ];
    use For::{Admins, TheOwner};
    Dcr {
        cases: vec![
            ("/_fn/open-client-secret", TheOwner, of_application()),
            ("/_fn/update-application", TheOwner, application_form),
            ("/_fn/rotate-client", TheOwner, of_application()),
            ("/_fn/admin/replace-client", Admins, of_client(client.id)),
            ("/_fn/admin/retry-client", Admins, of_client(client.id)),
            ("/_fn/admin/give-up-client", Admins, of_client(client.id)),
            ("/_fn/admin/dismiss-orphan", Admins, vec![("orphan", orphan)]),
            ("/_fn/admin/mend-finding", Admins, vec![("finding", finding)]),
            ("/_fn/admin/save-dcr-provider", Admins, provider_form),
            ("/_fn/admin/test-dcr-provider", Admins, of_provider(id)),
            ("/_fn/admin/compare-dcr-provider", Admins, of_provider(id)),
            ("/_fn/admin/delete-dcr-provider", Admins, of_provider(unused)),
        ],
        owned_page: format!("/applications/{application}"),
        admin_pages: vec![
            text("/admin/dcr-providers"),
            text("/admin/dcr-providers/new"),
            text("/admin/dcr-providers/new?type=http"),
            format!("/admin/dcr-providers/{id}"),
        ],
    }
}

/// A client that no application has.
async fn a_finding(core: &Core, provider: &Provider, id: DcrProviderId, client_id: &str) -> String {
    provider.tamper(Tampering::Copy(client_id.to_owned()));
    dcr_clients::compare(core, Actor::System, id).await.unwrap();
    while jobs::run_next(core, jobs::Lane::Main).await.unwrap() {}
    dcr_clients::findings(core, Actor::System, id).await.unwrap()[0].id.to_string()
}

async fn an_orphan(core: &Core, provider: DcrProviderId) -> String {
    let insert = "insert into possible_orphan (id, dcr_provider_id, dcr_client_id, name, reason, happened_at)
                  values (gen_random_uuid(), $1, gen_random_uuid(), 'lost', 'lost_answer', now()) returning id::text";
    sqlx::query_scalar(insert).bind(provider).fetch_one(&core.pool).await.unwrap()
}
