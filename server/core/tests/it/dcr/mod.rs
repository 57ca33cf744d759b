//! Clients at identity providers: each vendor's double is as strict as its contract.

mod comparison;
mod crashes;
mod failures;
mod half_done;
mod life;
mod providers;
mod tests_of_connections;
mod thousand;

use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    auth_strategies::{self, OpenidConnectInput},
    dcr_clients, dcr_providers,
    portals::{Portal, PortalInput},
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, DcrProviderId, VersionId},
    states::ProviderType,
};
use portico_testing::{
    TestCore, a_developer, a_portal, a_version, application_input, openid_connect_input, portal_input,
    providers::{Provider, RemoteClient, Trouble},
    publish,
};
use time::{Duration, OffsetDateTime};

/// The audience that Auth0's double knows.
const AUDIENCE: &str = r#"{"token_post_args_names": ["audience"], "token_post_args_values": ["https://api.example.com"]}"#;

/// A portal with a version whose applications get their clients from a provider.
struct World {
    core: TestCore,
    provider: Provider,
    id: DcrProviderId,
    strategy: AuthStrategyId,
    portal: Portal,
    developer: Actor,
    version: VersionId,
}

impl World {
    async fn new(provider_type: ProviderType) -> Self {
        Self::of(TestCore::new().await, provider_type).await
    }

    async fn of(core: TestCore, provider_type: ProviderType) -> Self {
        let provider = Provider::start(provider_type).await;
        let id = dcr_providers::create(&core, Actor::System, provider.input("dcr")).await.unwrap();
        let strategy = auth_strategies::create_openid_connect(&core, Actor::System, strategy_input(&provider, id)).await.unwrap();
        let input = PortalInput { auto_approve_applications: true, ..portal_input("weather") };
        let portal = a_portal(&core, input).await;
        let developer = a_developer(&core, &portal, "ada").await;
        let (_, version) = a_version(&core, "Weather").await;
        publish(&core, version, &portal, strategy).await;
        Self { core, provider, id, strategy, portal, developer, version }
    }

    async fn create(&self, name: &str) -> ApplicationId {
        self.create_with(&application_input(name)).await
    }

    async fn create_with(&self, input: &ApplicationInput) -> ApplicationId {
        applications::create(&self.core, self.developer, &self.portal, input, Some(self.strategy)).await.unwrap()
    }

    async fn update(&self, id: ApplicationId, input: &ApplicationInput) {
        applications::update(&self.core, self.developer, self.portal.id, id, input).await.unwrap();
    }

    async fn delete(&self, id: ApplicationId) {
        applications::delete(&self.core, self.developer, self.portal.id, id).await.unwrap();
    }

    async fn rotate(&self, id: ApplicationId) {
        dcr_clients::rotate(&self.core, self.developer, self.portal.id, id).await.unwrap();
    }

    /// The client id and the secret, which are shown once.
    async fn open(&self, id: ApplicationId) -> (String, String) {
        let (client_id, secret) = dcr_clients::open_secret(&self.core, self.developer, self.portal.id, id).await.unwrap();
        (client_id, secret.expose().to_owned())
    }

    async fn own(&self, id: ApplicationId) -> dcr_clients::OwnClient {
        dcr_clients::of_application(&self.core, self.developer, self.portal.id, id).await.unwrap().unwrap()
    }

    async fn reference(&self, id: ApplicationId) -> Option<String> {
        applications::get(&self.core, self.developer, self.portal.id, id).await.unwrap().reference_id
    }

    /// Works on clients until there is nothing that time alone would bring.
    async fn settle(&self) {
        self.try_to_settle().await.unwrap();
    }

    async fn try_to_settle(&self) -> portico_core::Result<()> {
        for _ in 0..400 {
            while dcr_clients::run_next(&self.core).await? {}
            let Some(due) = self.next_due().await else { return Ok(()) };
            let now = portico_core::clock::Clock::now(self.core.clock.as_ref());
            self.core.clock.advance((due - now).max(Duration::ZERO) + Duration::milliseconds(1));
        }
        panic!("the clients do not settle: {:?}", self.provider.calls());
    }

    /// When something is to be done that is not due now.
    async fn next_due(&self) -> Option<OffsetDateTime> {
        sqlx::query_scalar(
            "select min(greatest(coalesce(retry_at, 'epoch'), coalesce(lease_until, 'epoch'), coalesce(paused_until, 'epoch')))
             from dcr_client join dcr_provider on dcr_provider.id = dcr_provider_id where state = 'waiting'",
        )
        .fetch_one(&self.core.pool)
        .await
        .unwrap()
    }

    async fn orphans(&self) -> Vec<dcr_clients::PossibleOrphan> {
        dcr_clients::possible_orphans(&self.core, Actor::System, self.id).await.unwrap()
    }

    /// The only client at the provider.
    #[track_caller]
    fn only_client(&self) -> RemoteClient {
        let clients = self.provider.clients();
        assert_eq!(clients.len(), 1, "{clients:?}");
        clients[0].clone()
    }
}

impl World {
    /// Works on what is due now.
    async fn work(&self) {
        while dcr_clients::run_next(&self.core).await.unwrap() {}
    }

    /// Lets the first call to the provider that changes anything meet with trouble.
    fn first_call(&self, trouble: Trouble) {
        let mut trouble = Some(trouble);
        self.provider.trouble(move |_, line| if line.contains("token") { None } else { trouble.take() });
    }
}

fn strategy_input(provider: &Provider, id: DcrProviderId) -> OpenidConnectInput {
    let mut input = OpenidConnectInput { dcr_provider: Some(id), ..openid_connect_input("dcr", &provider.url) };
    if provider.provider_type == ProviderType::AzureAd {
        input.issuer = provider.issuer();
    }
    if provider.provider_type == ProviderType::Auth0 {
        input.scopes = ["openid", "read", "write"].map(str::to_owned).to_vec();
        input.further = AUDIENCE.to_owned();
    }
    input
}
