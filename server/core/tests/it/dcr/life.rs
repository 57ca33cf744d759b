use super::World;
use crate::{conflict, invalid, problem};
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    auth_strategies, dcr_clients, dcr_providers, developers, registrations,
};
use portico_model::{
    access::Permissions,
    ids::DeveloperId,
    problem::{Conflict, Problem, Rule},
    states::{ClientCall, DcrClientState, ProviderType, RegistrationStatus},
};
use portico_testing::{a_developer, application_input};

fn with_redirects(name: &str, uris: &[&str]) -> ApplicationInput {
    ApplicationInput { redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..application_input(name) }
}

/// The whole life of a client, at a provider of every type, by calls that its contract allows.
#[tokio::test]
async fn a_client_is_made_changed_rotated_and_deleted_with_its_application() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let id = world.create("My app").await;
        assert_eq!(world.reference(id).await, None, "{provider_type:?}");
        let refused = dcr_clients::open_secret(&world.core, world.developer, world.portal.id, id).await;
        assert_eq!(problem(refused), conflict(Conflict::ClientNotReady));
        let refused = dcr_clients::rotate(&world.core, world.developer, world.portal.id, id).await;
        assert_eq!(problem(refused), conflict(Conflict::ClientNotReady));

        world.settle().await;
        let (client_id, secret) = world.open(id).await;
        assert_eq!(world.reference(id).await.as_ref(), Some(&client_id), "{provider_type:?}");
        assert_eq!(
            (world.only_client().client_id, world.only_client().secrets),
            (client_id.clone(), vec![secret.clone()]),
            "{provider_type:?}"
        );
        assert_eq!(world.only_client().name, "My app");
        let refused = dcr_clients::open_secret(&world.core, world.developer, world.portal.id, id).await;
        assert_eq!(problem(refused), conflict(Conflict::SecretOpened));

        // Renamed, and with a browser to come back.
        world.update(id, &with_redirects("Renamed", &["https://app.example.com/callback"])).await;
        world.settle().await;
        assert_eq!(world.only_client().redirect_uris, ["https://app.example.com/callback"], "{provider_type:?}");
        assert_eq!(world.only_client().name, "Renamed");
        let renews = world.own(id).await.abilities.update_renews_secret;
        assert_eq!(renews, world.own(id).await.client.has_secret(), "{provider_type:?}");
        let secret = if renews { world.open(id).await.1 } else { secret };
        assert_eq!(world.only_client().secrets, [secret.as_str()]);

        world.rotate(id).await;
        world.settle().await;
        let (rotated_id, rotated) = world.open(id).await;
        assert_ne!(rotated, secret, "{provider_type:?}");
        assert_eq!(
            (world.only_client().client_id, world.only_client().secrets),
            (rotated_id.clone(), vec![rotated]),
            "{provider_type:?}"
        );
        assert_eq!(world.reference(id).await, Some(rotated_id.clone()));
        assert_eq!(rotated_id != client_id, provider_type == ProviderType::Oidc);

        world.delete(id).await;
        world.settle().await;
        assert_eq!(world.provider.clients(), [], "{provider_type:?}");
        assert_eq!(world.provider.violations(), Vec::<String>::new(), "{provider_type:?}");
        assert_eq!(world.orphans().await.len(), 0);
        let rows: i64 = sqlx::query_scalar("select count(*) from dcr_client").fetch_one(&world.core.pool).await.unwrap();
        assert_eq!(rows, 0, "nothing is left of it here");
    }
}

#[tokio::test]
async fn access_follows_registrations_where_the_provider_is_told() {
    for provider_type in [ProviderType::Auth0, ProviderType::Http] {
        let world = World::new(provider_type).await;
        let id = world.create("app").await;
        world.settle().await;
        assert_eq!(world.only_client().access, Vec::<String>::new());
        let expected = match provider_type {
            ProviderType::Auth0 => "https://api.example.com: read write".to_owned(),
            _ => world.version.to_string(),
        };
        let (registration, _) =
            registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
        world.settle().await;
        assert_eq!(world.only_client().access, std::slice::from_ref(&expected));

        let decide = |status| registrations::decide(&world.core, Actor::System, registration, status, "");
        decide(RegistrationStatus::Revoked).await.unwrap();
        world.settle().await;
        assert_eq!(world.only_client().access, Vec::<String>::new());
        decide(RegistrationStatus::Approved).await.unwrap();
        world.settle().await;
        assert_eq!(world.only_client().access, [expected]);

        registrations::delete(&world.core, world.developer, world.portal.id, registration).await.unwrap();
        world.settle().await;
        assert_eq!(world.only_client().access, Vec::<String>::new());
        assert_eq!(world.provider.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_developer_chooses_among_the_scopes_where_the_provider_lets_them() {
    let world = World::new(ProviderType::Auth0).await;
    let chosen = |scopes: &[&str]| ApplicationInput {
        scopes: Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        ..application_input("app")
    };
    let mut input = world.provider.input("dcr");
    input.config.use_developer_managed_scopes = true;
    dcr_providers::update(&world.core, Actor::System, world.id, input).await.unwrap();
    let refused =
        applications::create(&world.core, world.developer, &world.portal, &chosen(&["admin"]), Some(world.strategy)).await;
    assert_eq!(problem(refused), invalid("scopes", Rule::NotOffered), "not of the strategy");
    let choices = applications::strategy_choices(&world.core, world.developer, world.portal.id).await.unwrap();
    assert_eq!(choices[0].available_scopes.as_deref(), Some(["openid", "read", "write"].map(str::to_owned).as_slice()));

    let id = world.create_with(&chosen(&["read"])).await;
    registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
    world.settle().await;
    assert_eq!(world.only_client().access, ["https://api.example.com: read"]);
    world.update(id, &chosen(&["read", "write"])).await;
    world.settle().await;
    assert_eq!(world.only_client().access, ["https://api.example.com: read write"]);
    assert!(world.own(id).await.has_chosen_scopes);
    assert_eq!(world.provider.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_strategys_change_reaches_the_clients_that_are_there() {
    let world = World::new(ProviderType::Auth0).await;
    let id = world.create("app").await;
    registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
    world.settle().await;
    let mut input = super::strategy_input(&world.provider, world.id);
    input.scopes = vec!["write".to_owned()];
    auth_strategies::update_openid_connect(&world.core, Actor::System, world.strategy, input).await.unwrap();
    while portico_core::jobs::run_next(&world.core, portico_core::jobs::Lane::Main).await.unwrap() {}
    world.settle().await;
    assert_eq!(world.only_client().access, ["https://api.example.com: write"]);
}

/// The provider gives the id, so an application neither brings nor changes it.
#[tokio::test]
async fn nobody_chooses_the_client_id_of_a_dcr_application() {
    let world = World::new(ProviderType::Okta).await;
    let input = ApplicationInput { reference_id: Some("mine".to_owned()), ..application_input("app") };
    let refused = applications::create(&world.core, world.developer, &world.portal, &input, Some(world.strategy)).await;
    assert_eq!(problem(refused), invalid("reference_id", Rule::GivenByProvider));
    let id = world.create("app").await;
    world.settle().await;
    let refused = applications::update(&world.core, world.developer, world.portal.id, id, &input).await;
    assert_eq!(problem(refused), invalid("reference_id", Rule::GivenByProvider));
    let before = world.reference(id).await;
    world.update(id, &application_input("renamed")).await;
    assert!(before.is_some());
    assert_eq!(world.reference(id).await, before, "a change keeps it");
}

#[tokio::test]
async fn redirect_uris_are_absolute_and_lead_to_no_script() {
    let world = World::new(ProviderType::Okta).await;
    let many: Vec<String> = (0..11).map(|index| format!("https://example.com/{index}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let cases: [(&[&str], Rule); 6] = [
        (&["callback"], Rule::RedirectUri),
        (&["https://example.com/#part"], Rule::RedirectUri),
        (&["javascript:alert(1)"], Rule::RedirectUri),
        (&["data:text/html,x"], Rule::RedirectUri),
        (&["https://"], Rule::RedirectUri),
        (&many, Rule::MaxItems(10)),
    ];
    for (uris, rule) in cases {
        let input = with_redirects("app", uris);
        let refused = applications::create(&world.core, world.developer, &world.portal, &input, Some(world.strategy)).await;
        assert_eq!(problem(refused), invalid("redirect_uris", rule), "{uris:?}");
    }
    let good = ["http://localhost:8080/cb", "com.example.app:/callback", " https://example.com/cb?x=1 ", ""];
    let id = world.create_with(&with_redirects("app", &good)).await;
    let kept = applications::get(&world.core, world.developer, world.portal.id, id).await.unwrap().redirect_uris;
    assert_eq!(kept, ["http://localhost:8080/cb", "com.example.app:/callback", "https://example.com/cb?x=1"]);
}

#[tokio::test]
async fn clients_go_with_a_deleted_developer() {
    let world = World::new(ProviderType::Okta).await;
    for index in 0..3 {
        world.create(&format!("app {index}")).await;
    }
    world.settle().await;
    assert_eq!(world.provider.clients().len(), 3);
    let Actor::Developer { id, .. } = world.developer else { panic!("a developer") };
    developers::delete(&world.core, Actor::System, id).await.unwrap();
    world.settle().await;
    assert_eq!(world.provider.clients(), []);
}

/// An application that is gone before anything was sent needs no call.
#[tokio::test]
async fn nothing_is_sent_for_an_application_that_did_not_last() {
    let world = World::new(ProviderType::Curity).await;
    let id = world.create("app").await;
    world.provider.trouble(|_, _| None);
    world.delete(id).await;
    world.settle().await;
    assert_eq!(world.provider.calls(), Vec::<String>::new());
    assert_eq!(world.orphans().await.len(), 0);
}

#[tokio::test]
async fn nobody_sees_or_rotates_the_client_of_another() {
    let world = World::new(ProviderType::Okta).await;
    let id = world.create("app").await;
    world.settle().await;
    let bob = a_developer(&world.core, &world.portal, "bob").await;
    for other in [bob, Actor::Admin { id: uuid::Uuid::nil().into(), permissions: Permissions::ALL }] {
        let seen = dcr_clients::of_application(&world.core, other, world.portal.id, id).await;
        assert_eq!(problem(seen.map(|_| ())), Problem::NotFound);
        assert_eq!(problem(dcr_clients::open_secret(&world.core, other, world.portal.id, id).await), Problem::NotFound);
        assert_eq!(problem(dcr_clients::rotate(&world.core, other, world.portal.id, id).await), Problem::NotFound);
    }
    let nobody = dcr_clients::open_secret(&world.core, Actor::Anonymous, world.portal.id, id).await;
    assert_eq!(problem(nobody), Problem::Unauthenticated);
    let developer = Actor::Developer { id: DeveloperId(uuid::Uuid::nil()), portal: world.portal.id };
    let listed = dcr_clients::list(&world.core, developer, world.id, &Default::default()).await;
    assert_eq!(problem(listed.map(|_| ())), Problem::NotFound);
    world.open(id).await;
}

/// What is asked for while a call is under way is done after it.
#[tokio::test]
async fn a_change_during_a_call_is_not_missed() {
    let world = World::new(ProviderType::Okta).await;
    let id = world.create("first").await;
    world.provider.trouble(|index, _| (index == 0).then_some(portico_testing::providers::Trouble::KillAfter));
    let creating = dcr_clients::run_next(&world.core);
    tokio::select! {
        _ = creating => panic!("the call should hang"),
        () = world.provider.wait_for_kill() => {}
    }
    let own = world.own(id).await;
    assert_eq!((own.client.state, own.client.unanswered), (DcrClientState::Waiting, Some(ClientCall::Create)));
    world.update(id, &application_input("second")).await;
    world.settle().await;
    assert_eq!(world.only_client().name, "second");
    assert_eq!(world.own(id).await.client.state, DcrClientState::Ready);
}

#[tokio::test]
async fn secrets_are_kept_sealed_and_only_until_they_are_opened() {
    let world = World::new(ProviderType::Curity).await;
    let id = world.create("app").await;
    world.settle().await;
    let secret = world.only_client().secrets[0].clone();
    let dump = async || -> String {
        let rows = "select (select jsonb_agg(dcr_client) from dcr_client)::text || (select jsonb_agg(dcr_provider) from dcr_provider)::text";
        sqlx::query_scalar(rows).fetch_one(&world.core.pool).await.unwrap()
    };
    for hidden in [secret.as_str(), portico_testing::providers::ADMIN_SECRET, "management"] {
        let hex: String = hidden.bytes().map(|byte| format!("{byte:02x}")).collect();
        let dump = dump().await.replace("\"management\"", "");
        assert!(!dump.contains(hidden) && !dump.contains(&hex), "{hidden}");
    }
    world.open(id).await;
    let kept: bool = sqlx::query_scalar("select secret is not null from dcr_client").fetch_one(&world.core.pool).await.unwrap();
    assert!(!kept);
}
