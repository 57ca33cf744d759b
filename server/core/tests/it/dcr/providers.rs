use super::{World, strategy_input};
use crate::{conflict, invalid, problem};
use portico_core::{
    Actor, auth_strategies,
    dcr_providers::{self, DcrProviderInput},
    secrets::Plain,
};
use portico_model::{
    ids::DcrProviderId,
    problem::{Conflict, FieldProblem, IssuerFault, Problem, Rule},
    states::ProviderType,
};
use portico_testing::{TestCore, issuer::Issuer, providers::Provider};

#[tokio::test]
async fn a_provider_keeps_to_its_limits() {
    use ProviderType::{Auth0, AzureAd, Curity, Http, Okta};
    let core = TestCore::new().await;
    type Change = Box<dyn Fn(&mut DcrProviderInput)>;
    let secret = |text: &str| {
        let text = text.to_owned();
        move |input: &mut DcrProviderInput| input.secret = Some(Plain::new(text.clone()))
    };
    let cases: Vec<(ProviderType, Change, &str, Rule)> = vec![
        (Okta, Box::new(|i| i.name.clear()), "name", Rule::Required),
        (Okta, Box::new(|i| i.display_name = "x".repeat(257)), "display_name", Rule::MaxLength(256)),
        (Okta, Box::new(|i| i.issuer.clear()), "issuer", Rule::Required),
        (Okta, Box::new(|i| i.issuer = "ftp://example.com".into()), "issuer", Rule::Url),
        (Okta, Box::new(|i| i.secret = None), "secret", Rule::Required),
        (Okta, Box::new(secret(&"x".repeat(257))), "secret", Rule::MaxLength(256)),
        (Okta, Box::new(|i| i.config.api_url = "example".into()), "api_url", Rule::Url),
        (Auth0, Box::new(|i| i.config.initial_client_id.clear()), "initial_client_id", Rule::Required),
        (
            Auth0,
            Box::new(|i| i.config.initial_client_audience = "x".repeat(257)),
            "initial_client_audience",
            Rule::MaxLength(256),
        ),
        (Auth0, Box::new(|i| i.config.token_url = "x".into()), "token_url", Rule::Url),
        (AzureAd, Box::new(|i| i.issuer = "https://sts.windows.net".into()), "issuer", Rule::Tenant),
        (Curity, Box::new(|i| i.config.initial_client_id = "x".repeat(257)), "initial_client_id", Rule::MaxLength(256)),
        (Http, Box::new(|i| i.config.dcr_base_url.clear()), "dcr_base_url", Rule::Required),
        (Http, Box::new(|i| i.config.dcr_base_url = "bridge".into()), "dcr_base_url", Rule::Url),
        (Http, Box::new(secret("short")), "secret", Rule::BridgeKey),
        (Http, Box::new(secret("with-a-hyphen-in-it")), "secret", Rule::BridgeKey),
    ];
    for (provider_type, change, field, rule) in cases {
        let mut input = Provider::start(provider_type).await.input("dcr");
        change(&mut input);
        let refused = dcr_providers::create(&core, Actor::System, input).await;
        assert_eq!(problem(refused), invalid(field, rule), "{provider_type:?}");
    }
    let taken = Provider::start(Okta).await.input("dcr");
    dcr_providers::create(&core, Actor::System, taken.clone()).await.unwrap();
    assert_eq!(problem(dcr_providers::create(&core, Actor::System, taken).await), invalid("name", Rule::Taken));
}

#[tokio::test]
async fn an_issuer_that_registers_no_clients_is_told_at_once() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let mut input = Provider::start(ProviderType::Oidc).await.input("dcr");
    input.issuer = issuer.url.clone();
    let rule = Rule::Issuer { fault: IssuerFault::NoEndpoint, told: "registration_endpoint".to_owned() };
    let problem = problem(dcr_providers::create(&core, Actor::System, input.clone()).await);
    assert_eq!(problem, Problem::Invalid(vec![FieldProblem { field: "issuer".to_owned(), rule }]));
    input.config.api_url = format!("{}/somewhere", issuer.url);
    dcr_providers::create(&core, Actor::System, input).await.unwrap();
}

/// A secret goes nowhere but to where it was meant to.
#[tokio::test]
async fn a_secret_is_kept_only_for_the_same_place() {
    let world = World::new(ProviderType::Auth0).await;
    let mut input = DcrProviderInput { secret: None, ..world.provider.input("renamed") };
    dcr_providers::update(&world.core, Actor::System, world.id, input.clone()).await.unwrap();
    input.config.initial_client_id = "another".to_owned();
    let refused = dcr_providers::update(&world.core, Actor::System, world.id, input.clone()).await;
    assert_eq!(problem(refused), invalid("secret", Rule::Required));
    input.config.initial_client_id = world.provider.input("").config.initial_client_id;
    input.config.token_url = "https://elsewhere.example.com/token".to_owned();
    let refused = dcr_providers::update(&world.core, Actor::System, world.id, input).await;
    assert_eq!(problem(refused), invalid("secret", Rule::Required));
}

/// With another address the clients that are there would look as if they were gone.
#[tokio::test]
async fn a_provider_with_clients_stays_where_it_is() {
    for (provider_type, field) in [(ProviderType::Okta, "issuer"), (ProviderType::Http, "dcr_base_url")] {
        let world = World::new(provider_type).await;
        let mut input = world.provider.input("dcr");
        match provider_type {
            ProviderType::Http => input.config.dcr_base_url = "https://elsewhere.example.com".to_owned(),
            _ => input.issuer = "https://elsewhere.example.com".to_owned(),
        }
        world.create("app").await;
        let refused = dcr_providers::update(&world.core, Actor::System, world.id, input).await;
        assert_eq!(problem(refused), invalid(field, Rule::FixedByClients));
    }
}

#[tokio::test]
async fn a_provider_in_use_is_not_deleted_and_its_uses_are_listed() {
    let world = World::new(ProviderType::Okta).await;
    let delete = || dcr_providers::delete(&world.core, Actor::System, world.id);
    let in_use = |strategies: &[&str], clients| Conflict::ProviderInUse {
        strategies: strategies.iter().map(|name| (*name).to_owned()).collect(),
        clients,
        possible_orphans: 0,
    };
    let id = world.create("app").await;
    assert_eq!(problem(delete().await), conflict(in_use(&["dcr"], 1)));
    let without = auth_strategies::OpenidConnectInput { dcr_provider: None, ..strategy_input(&world.provider, world.id) };
    auth_strategies::update_openid_connect(&world.core, Actor::System, world.strategy, without).await.unwrap();
    assert_eq!(problem(delete().await), conflict(in_use(&[], 1)), "its client is still there");
    world.delete(id).await;
    world.settle().await;
    delete().await.unwrap();
    assert_eq!(problem(delete().await), Problem::NotFound);
}

#[tokio::test]
async fn a_strategy_takes_the_issuer_of_its_provider() {
    let world = World::new(ProviderType::Curity).await;
    let input = auth_strategies::OpenidConnectInput {
        name: "second".to_owned(),
        issuer: String::new(),
        ..strategy_input(&world.provider, world.id)
    };
    let id = auth_strategies::create_openid_connect(&world.core, Actor::System, input.clone()).await.unwrap();
    let strategy = auth_strategies::get(&world.core, Actor::System, id).await.unwrap();
    assert_eq!(strategy.openid_connect.unwrap().issuer, world.provider.issuer(), "without the discovery document's path");
    assert_eq!(strategy.dcr_provider_id, Some(world.id));
    let unknown = auth_strategies::OpenidConnectInput { dcr_provider: Some(DcrProviderId(uuid::Uuid::nil())), ..input };
    let refused = auth_strategies::create_openid_connect(&world.core, Actor::System, unknown).await;
    assert_eq!(problem(refused), invalid("dcr_provider", Rule::NotOffered));
}

#[tokio::test]
async fn providers_are_for_admins() {
    let world = World::new(ProviderType::Okta).await;
    for (actor, expected) in [(Actor::Anonymous, Problem::Unauthenticated), (world.developer, Problem::NotFound)] {
        let input = world.provider.input("other");
        assert_eq!(problem(dcr_providers::create(&world.core, actor, input.clone()).await), expected);
        assert_eq!(problem(dcr_providers::update(&world.core, actor, world.id, input).await), expected);
        assert_eq!(problem(dcr_providers::delete(&world.core, actor, world.id).await), expected);
        assert_eq!(problem(dcr_providers::get(&world.core, actor, world.id).await.map(|_| ())), expected);
    }
}
