//! What was begun and not ended, taken back meanwhile, or given up.

use super::World;
use crate::problem;
use portico_core::{Actor, applications::ApplicationInput, auth_strategies, dcr_clients, registrations};
use portico_model::{
    problem::{Problem, Rule},
    states::{DcrClientState, ProviderType},
};
use portico_testing::{application_input, providers::Trouble};
use std::time::Duration as StdDuration;
use tokio_util::sync::CancellationToken;

/// An update that may have been half done is done again, even when nothing else is wanted any more.
#[tokio::test]
async fn a_change_that_was_taken_back_while_its_answer_was_lost_is_taken_back_there_too() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let id = world.create("app").await;
        world.settle().await;
        let redirect_uris = vec!["https://app.example.com/cb".to_owned()];
        world.update(id, &ApplicationInput { redirect_uris, ..application_input("app") }).await;
        let mut trouble = Some(Trouble::ResetAfter);
        world
            .provider
            .trouble(move |_, line| if line.starts_with("GET") || line.contains("token") { None } else { trouble.take() });
        world.work().await;
        assert_eq!(world.only_client().redirect_uris.len(), 1, "{provider_type:?}: it was done there");
        world.update(id, &application_input("app")).await;
        world.settle().await;
        let own = world.own(id).await;
        // Without its token, a client is as it is, and an admin is told; Curity's is replaced.
        let is_lost = own.client.is_unmanageable;
        assert_eq!(is_lost, provider_type == ProviderType::Oidc, "{provider_type:?}");
        let reference = world.reference(id).await.unwrap();
        let there = world.provider.clients().into_iter().find(|client| client.client_id == reference).unwrap();
        assert_eq!(there.redirect_uris.len(), usize::from(is_lost), "{provider_type:?}");
    }
}

#[tokio::test]
async fn access_that_was_taken_back_while_its_answer_was_lost_is_taken_back_there_too() {
    for provider_type in [ProviderType::Auth0, ProviderType::Http] {
        let world = World::new(provider_type).await;
        let id = world.create("app").await;
        world.settle().await;
        let (registration, _) =
            registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
        let mut trouble = Some(Trouble::ResetAfter);
        world
            .provider
            .trouble(move |_, line| if line.starts_with("GET") || line.contains("token") { None } else { trouble.take() });
        world.work().await;
        assert_eq!(world.only_client().access.len(), 1, "{provider_type:?}: it was given there");
        registrations::delete(&world.core, world.developer, world.portal.id, registration).await.unwrap();
        world.settle().await;
        assert_eq!(world.only_client().access, Vec::<String>::new(), "{provider_type:?}");
    }
}

/// A token that may be stale is no proof that the client is gone.
#[tokio::test]
async fn a_client_whose_token_may_be_stale_is_not_forgotten_when_its_deletion_stumbles() {
    let world = World::new(ProviderType::Oidc).await;
    let id = world.create("app").await;
    world.settle().await;
    world.update(id, &application_input("renamed")).await;
    world.first_call(Trouble::ResetAfter);
    world.work().await;
    world.delete(id).await;
    world.first_call(Trouble::Status(503));
    world.settle().await;
    let there = world.only_client();
    let orphans = world.orphans().await;
    assert_eq!((orphans.len(), &orphans[0].client_id), (1, &Some(there.client_id)));
}

/// No answer of a provider is quoted that may hold a secret, and no secret that was sent comes back.
#[tokio::test]
async fn no_secret_is_told_by_what_went_wrong() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        world.create("app").await;
        world.provider.trouble(|index, _| (index < 4).then_some(Trouble::Half));
        world.settle().await;
        let told: String = sqlx::query_scalar("select string_agg(last_error || calls::text, ' ') from dcr_client")
            .fetch_one(&world.core.pool)
            .await
            .unwrap();
        assert!(!told.contains("secret") && !told.contains("management"), "{provider_type:?}: {told}");
    }
}

/// However often an answer is lost, an admin has one line to look at.
#[tokio::test]
async fn an_outage_does_not_flood_the_possible_orphans() {
    let world = World::new(ProviderType::Http).await;
    let id = world.create("app").await;
    world.provider.trouble(|index, _| (index < 5).then_some(Trouble::Status(502)));
    world.settle().await;
    world.open(id).await;
    let orphans = world.orphans().await;
    assert_eq!((orphans.len(), orphans[0].count), (1, 5));
}

#[tokio::test]
async fn rotating_twice_asks_for_one_new_client() {
    let world = World::new(ProviderType::Oidc).await;
    let id = world.create("app").await;
    world.settle().await;
    let (old, _) = world.open(id).await;
    world.provider.trouble(|_, _| Some(Trouble::Status(400)));
    world.rotate(id).await;
    world.settle().await;
    assert_eq!(world.own(id).await.replacement.unwrap().state, DcrClientState::Refused);
    assert_eq!(world.reference(id).await, Some(old), "the old one goes on working");
    world.provider.trouble(|_, _| None);
    world.rotate(id).await;
    world.settle().await;
    assert!(world.own(id).await.replacement.is_none());
    assert_eq!(world.only_client().client_id, world.open(id).await.0);
}

/// What comes of a call that is under way counts, whoever has given up meanwhile.
#[tokio::test]
async fn giving_up_does_not_throw_away_an_answer() {
    let world = World::new(ProviderType::Http).await;
    let id = world.create("app").await;
    world.first_call(Trouble::Slow(StdDuration::from_millis(300)));
    let core = world.core.core.clone();
    let working = tokio::spawn(async move { dcr_clients::run_next(&core).await.unwrap() });
    while world.provider.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    dcr_clients::give_up(&world.core, Actor::System, world.own(id).await.client.id).await.unwrap();
    working.await.unwrap();
    let reported = world.orphans().await.len();
    let own = world.own(id).await.client;
    assert_eq!((own.client_id, reported), (Some(world.only_client().client_id), 1), "reported when nobody could know, and kept");
}

/// A scope that Curity is to give needs a change of the client, and with it a new secret.
#[tokio::test]
async fn scopes_of_a_strategy_whose_clients_would_get_new_secrets_are_changed_only_when_that_is_confirmed() {
    let world = World::new(ProviderType::Curity).await;
    let id = world.create("app").await;
    registrations::create(&world.core, world.developer, &world.portal, id, world.version).await.unwrap();
    world.settle().await;
    let mut input = super::strategy_input(&world.provider, world.id);
    input.issuer = world.provider.issuer();
    auth_strategies::update_openid_connect(&world.core, Actor::System, world.strategy, input.clone()).await.unwrap();
    input.scopes = vec!["read".to_owned()];
    input.confirmed = false;
    let refused = auth_strategies::update_openid_connect(&world.core, Actor::System, world.strategy, input.clone()).await;
    assert!(matches!(problem(refused), Problem::Invalid(fields) if matches!(fields[0].rule, Rule::WouldStop(_))));
    input.confirmed = true;
    auth_strategies::update_openid_connect(&world.core, Actor::System, world.strategy, input).await.unwrap();
}

/// What a refused deletion leaves of a test can be given up, and is then reported.
#[tokio::test]
async fn a_test_that_cannot_clean_up_says_so_and_can_be_given_up() {
    let world = World::new(ProviderType::Okta).await;
    dcr_clients::test(&world.core, Actor::System, world.id).await.unwrap();
    world.provider.trouble(|_, line| line.starts_with("DELETE").then_some(Trouble::Status(403)));
    world.work().await;
    let test = dcr_clients::last_test(&world.core, Actor::System, world.id).await.unwrap().unwrap();
    assert_eq!((test.outcome(), test.state, test.attempts), (None, DcrClientState::Waiting, 1), "it is tried again");
    assert_eq!(test.calls.last().unwrap().status, Some(403));
    dcr_clients::give_up(&world.core, Actor::System, test.id).await.unwrap();
    assert_eq!(world.orphans().await[0].client_id, Some(world.only_client().client_id));
    world.provider.trouble(|_, _| None);
    dcr_clients::test(&world.core, Actor::System, world.id).await.unwrap();
}

/// A process that is told to stop ends the step that it has begun, and leaves the rest to another at once.
#[tokio::test]
async fn a_process_that_stops_holds_on_to_nothing() {
    let world = World::new(ProviderType::AzureAd).await;
    let id = world.create("app").await;
    let mut trouble = Some(Trouble::Slow(StdDuration::from_millis(200)));
    world.provider.trouble(move |_, line| if line.starts_with("PATCH") { trouble.take() } else { None });
    let stop = CancellationToken::new();
    let working = tokio::spawn(dcr_clients::work(world.core.core.clone(), stop.clone()));
    while !world.provider.calls().iter().any(|call| call.starts_with("PATCH")) {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    working.await.unwrap();
    assert_eq!(world.provider.calls().last().map(|call| call.starts_with("PATCH")), Some(true), "no further step is begun");
    assert_eq!(world.reference(id).await, Some(world.only_client().client_id), "what the step brought is recorded");
    world.work().await;
    assert!(world.provider.calls().last().is_some_and(|call| call.contains("servicePrincipals")), "another goes on at once");
}
