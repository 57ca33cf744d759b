use super::World;
use crate::{conflict, problem};
use portico_core::{Actor, applications::ApplicationInput, dcr_clients, dcr_providers};
use portico_model::{
    problem::Conflict,
    states::{ClientCall, DcrClientState, OrphanReason, ProviderType},
};
use portico_testing::{
    application_input,
    providers::{ADMIN_SECRET, Provider, Trouble},
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{sync::Arc, time::Duration as StdDuration};
use time::Duration;

/// Whatever goes wrong with the answer, there is one client in the end, or what cannot be found out is reported.
#[tokio::test]
async fn every_kind_of_trouble_ends_well() {
    let slow = Trouble::Slow(StdDuration::from_millis(50));
    let troubles = [
        Trouble::Status(500),
        Trouble::Status(503),
        Trouble::TooMany(7),
        Trouble::ResetBefore,
        Trouble::ResetAfter,
        Trouble::Half,
        Trouble::Huge,
        slow,
    ];
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        for trouble in &troubles {
            let id = world.create("app").await;
            world.first_call(trouble.clone());
            world.settle().await;
            let case = format!("{provider_type:?}, {trouble:?}");
            let own = world.own(id).await.client;
            if own.state == DcrClientState::Refused {
                // It was made, and nobody can say which it is: another is only made when an admin says so.
                assert!(*trouble == Trouble::Half && world.orphans().await.len() == 1, "{case}");
                dcr_clients::retry(&world.core, Actor::System, own.id).await.unwrap();
                world.settle().await;
            }
            let (client_id, secret) = world.open(id).await;
            let there = world.provider.clients().into_iter().find(|client| client.client_id == client_id).unwrap();
            assert_eq!(there.secrets, [secret], "{case}");
            let can_be_found = matches!(provider_type, ProviderType::Okta | ProviderType::Auth0 | ProviderType::AzureAd);
            let is_unclear = !matches!(trouble, Trouble::TooMany(_) | Trouble::Slow(_));

            assert_eq!(world.orphans().await.len(), usize::from(!can_be_found && is_unclear), "{case}");
            for orphan in world.orphans().await {
                assert_eq!((orphan.reason, orphan.name.as_str()), (OrphanReason::LostAnswer, "app"), "{case}");
                dcr_clients::dismiss_orphan(&world.core, Actor::System, orphan.id).await.unwrap();
            }
            world.delete(id).await;
            world.settle().await;
            let left = world.provider.clients();
            let was_doubled = !can_be_found && matches!(trouble, Trouble::ResetAfter | Trouble::Half);
            assert_eq!(left.len(), usize::from(was_doubled), "{case}: {left:?}");
            for client in left {
                world.provider.tamper(portico_testing::providers::Tampering::Delete(client.client_id));
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_is_left_alone_with_all_its_clients() {
    let world = World::new(ProviderType::Okta).await;
    let first = world.create("first").await;
    world.first_call(Trouble::TooMany(40));
    world.work().await;
    let own = world.own(first).await.client;
    let now = portico_core::clock::Clock::now(world.core.clock.as_ref());
    assert_eq!((own.state, own.attempts, own.unanswered), (DcrClientState::Waiting, 1, None));
    assert!(own.last_error.contains("429: too_many_requests: later"), "{}", own.last_error);
    let wait = own.retry_at.unwrap() - now;
    assert!((Duration::seconds(39)..=Duration::seconds(41)).contains(&wait), "{wait}");

    world.create("second").await;
    world.work().await;
    assert_eq!(world.provider.calls().len(), 1, "nobody else asks either");
    world.core.clock.advance(Duration::seconds(41));
    world.work().await;
    assert_eq!(world.provider.clients().len(), 2);
    assert_eq!(world.own(first).await.client.attempts, 0);
}

/// A provider that is slow or down does not keep the clients of another waiting.
#[tokio::test]
async fn one_provider_does_not_hold_up_another() {
    let world = World::new(ProviderType::Okta).await;
    for index in 0..6 {
        world.create(&format!("app {index}")).await;
    }
    let other = Provider::start(ProviderType::Oidc).await;
    let id = dcr_providers::create(&world.core, Actor::System, other.input("other")).await.unwrap();
    dcr_clients::test(&world.core, Actor::System, id).await.unwrap();
    world.provider.trouble(|_, _| Some(Trouble::KillBefore));
    let hanging: Vec<_> = (0..4)
        .map(|_| {
            let core = world.core.core.clone();
            tokio::spawn(async move { dcr_clients::run_next(&core).await.map(|_| ()) })
        })
        .collect();
    while world.provider.calls().len() + other.calls().len() < 4 {
        tokio::task::yield_now().await;
    }
    world.work().await;
    let test = dcr_clients::last_test(&world.core, Actor::System, id).await.unwrap().unwrap();
    assert_eq!(test.outcome(), Some(true), "{test:?}");
    assert!(world.provider.calls().len() <= 4, "and no provider has more than four calls at once");
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn attempts_are_made_ever_less_often_until_the_provider_is_back() {
    let world = World::new(ProviderType::Http).await;
    let id = world.create("app").await;
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    world.provider.trouble(move |_, _| down.load(Ordering::SeqCst).then_some(Trouble::TooMany(0)));
    let mut pauses = Vec::new();
    for _ in 0..14 {
        world.work().await;
        let own = world.own(id).await.client;
        let now = portico_core::clock::Clock::now(world.core.clock.as_ref());
        pauses.push((own.retry_at.unwrap() - now).whole_seconds());
        world.core.clock.advance(Duration::seconds(pauses.last().unwrap() + 1));
    }
    assert!((0..=2).contains(&pauses[0]) && pauses[4] > pauses[1] && pauses[8] > pauses[4], "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 15 * 60), "{pauses:?}");
    assert_eq!(world.own(id).await.client.attempts, 14, "it is never given up by itself");
    is_down.store(false, Ordering::SeqCst);
    world.work().await;
    assert_eq!(world.own(id).await.client.state, DcrClientState::Ready);
}

/// What the provider finds wrong with a request is told to who can change it.
#[tokio::test]
async fn a_refusal_is_not_repeated_until_something_changes() {
    let world = World::new(ProviderType::Okta).await;
    let redirect = |uri: &str| ApplicationInput { redirect_uris: vec![uri.to_owned()], ..application_input("app") };
    let id = world.create_with(&redirect("https://refused.example.com/")).await;
    world.settle().await;
    let own = world.own(id).await.client;
    assert_eq!((own.state, own.is_developers_fault, own.retry_at), (DcrClientState::Refused, true, None));
    assert!(own.last_error.contains("not on the list of this organization"), "{}", own.last_error);
    let asked = world.provider.calls().len();
    world.core.clock.advance(Duration::days(1));
    world.work().await;
    assert_eq!(world.provider.calls().len(), asked);

    world.update(id, &redirect("https://app.example.com/")).await;
    world.settle().await;
    assert_eq!(world.own(id).await.client.state, DcrClientState::Ready);
    world.open(id).await;
}

/// A wrong secret is the admin's to mend; with it everything goes on by itself.
#[tokio::test]
async fn a_wrong_secret_is_no_developers_fault_and_goes_on_when_it_is_mended() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let with_secret = async |secret: &str| {
            let mut input = world.provider.input("dcr");
            input.secret = Some(portico_core::secrets::Plain::new(secret));
            dcr_providers::update(&world.core, Actor::System, world.id, input).await.unwrap();
        };
        with_secret("another_secret").await;
        let id = world.create("app").await;
        world.settle().await;
        let own = world.own(id).await.client;
        assert_eq!((own.state, own.is_developers_fault), (DcrClientState::Refused, false), "{provider_type:?}");
        assert!(own.last_error.starts_with("401"), "{provider_type:?}: {}", own.last_error);
        assert!(!format!("{own:?}").contains("another_secret"), "{provider_type:?}");
        with_secret(ADMIN_SECRET).await;
        world.settle().await;
        assert_eq!(world.own(id).await.client.state, DcrClientState::Ready, "{provider_type:?}");
        assert_eq!(world.orphans().await.len(), 0, "{provider_type:?}");
    }
}

/// An admin token may end before it said it would.
#[tokio::test]
async fn an_admin_token_that_ended_early_is_renewed_once() {
    let world = World::new(ProviderType::Auth0).await;
    for index in 0..8 {
        world.create(&format!("app {index}")).await;
    }
    world.settle().await;
    assert_eq!(world.provider.clients().len(), 8);
    let tokens = world.provider.calls().iter().filter(|call| call.contains("/oauth/token")).count();
    assert_eq!(tokens, 2, "it is remembered until then");
}

#[tokio::test]
async fn an_admin_tries_again_or_gives_up() {
    let world = World::new(ProviderType::Okta).await;
    let id = world.create("app").await;
    world.provider.trouble(|_, _| Some(Trouble::Status(403)));
    world.settle().await;
    let client = world.own(id).await.client.id;
    dcr_clients::give_up(&world.core, Actor::System, client).await.unwrap();
    assert_eq!(world.own(id).await.client.state, DcrClientState::GivenUp);
    world.provider.trouble(|_, _| None);
    world.settle().await;
    assert_eq!(world.provider.calls().len(), 0);
    dcr_clients::retry(&world.core, Actor::System, client).await.unwrap();
    world.settle().await;
    assert_eq!(world.own(id).await.client.state, DcrClientState::Ready);

    // What nobody deletes any more is not forgotten.
    let reference = world.reference(id).await;
    world.delete(id).await;
    world.provider.trouble(|_, _| Some(Trouble::Status(403)));
    world.settle().await;
    dcr_clients::give_up(&world.core, Actor::System, client).await.unwrap();
    let orphans = world.orphans().await;
    assert_eq!((orphans.len(), orphans[0].reason, &orphans[0].client_id), (1, OrphanReason::GivenUp, &reference));
    dcr_clients::dismiss_orphan(&world.core, Actor::System, orphans[0].id).await.unwrap();
    assert_eq!(world.orphans().await.len(), 0);
}

/// One that was deleted there by hand is not there for us to delete, and not made anew behind an admin's back.
#[tokio::test]
async fn a_client_that_was_deleted_there_is_no_obstacle() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let id = world.create("app").await;
        world.settle().await;
        world.core.clock.advance(Duration::hours(1));
        let gone = world.only_client().client_id;
        world.provider.tamper(portico_testing::providers::Tampering::Delete(gone.clone()));
        world.delete(id).await;
        world.settle().await;
        let orphans = world.orphans().await;
        // Of a token that is not taken any more nobody knows whether the client is.
        let is_unclear = matches!(provider_type, ProviderType::Curity | ProviderType::Oidc);
        assert_eq!(orphans.len(), usize::from(is_unclear), "{provider_type:?}");
        assert!(
            orphans.iter().all(|orphan| orphan.reason == OrphanReason::Unmanageable && orphan.client_id == Some(gone.clone()))
        );
    }
}

#[tokio::test]
async fn a_client_that_cannot_be_managed_can_be_replaced() {
    let world = World::new(ProviderType::Oidc).await;
    let id = world.create("app").await;
    world.settle().await;
    let (old, _) = world.open(id).await;
    let client = world.own(id).await.client.id;
    let refused = dcr_clients::replace(&world.core, Actor::System, client).await;
    assert_eq!(problem(refused), conflict(Conflict::StatusChange), "it can be managed");
    // The answer with the new management token is lost.
    world.update(id, &application_input("renamed")).await;
    world.first_call(Trouble::ResetAfter);
    world.settle().await;
    assert!(world.own(id).await.client.is_unmanageable);
    assert_eq!(world.reference(id).await, Some(old.clone()), "it goes on working");
    dcr_clients::replace(&world.core, Actor::System, client).await.unwrap();
    world.settle().await;
    let (new, _) = world.open(id).await;
    assert_ne!(new, old);
    let orphans = world.orphans().await;
    assert_eq!((orphans.len(), orphans[0].reason, &orphans[0].client_id), (1, OrphanReason::Unmanageable, &Some(old)));
}

/// With a token for all of them, Curity's clients are managed even when their own token was lost.
#[tokio::test]
async fn a_management_token_that_was_lost_is_made_up_for_where_the_provider_allows_it() {
    let world = World::new(ProviderType::Curity).await;
    world.provider.tamper(portico_testing::providers::Tampering::AllowManagement);
    let id = world.create("app").await;
    world.settle().await;
    let (client_id, _) = world.open(id).await;
    world.rotate(id).await;
    world.first_call(Trouble::ResetAfter);
    world.settle().await;
    let (rotated, secret) = world.open(id).await;
    assert_eq!((&rotated, world.only_client().secrets), (&client_id, vec![secret]), "the same client");
    world.delete(id).await;
    world.settle().await;
    assert_eq!((world.provider.clients(), world.orphans().await.len()), (Vec::new(), 0));
}

/// An answer that never comes keeps nothing waiting for ever, and may have been an act.
#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_lost_one() {
    let mut core = portico_testing::TestCore::new().await;
    core.core.outgoing = core.core.outgoing.clone().with_timeout(StdDuration::from_millis(300));
    let world = World::of(core, ProviderType::Okta).await;
    let id = world.create("app").await;
    world.first_call(Trouble::Slow(StdDuration::from_secs(60)));
    world.work().await;
    let own = world.own(id).await.client;
    assert_eq!((own.last_error.as_str(), own.unanswered), ("there was no answer in time", Some(ClientCall::Create)));
    world.settle().await;
    assert_eq!(world.only_client().client_id, world.open(id).await.0);
}

#[tokio::test]
async fn a_bridge_without_rotation_rotates_nothing() {
    let world = World::new(ProviderType::Http).await;
    let mut input = world.provider.input("dcr");
    input.config.disable_refresh_secret = true;
    input.config.disable_event_hooks = true;
    dcr_providers::update(&world.core, Actor::System, world.id, input).await.unwrap();
    let id = world.create("app").await;
    world.settle().await;
    let refused = dcr_clients::rotate(&world.core, world.developer, world.portal.id, id).await;
    assert_eq!(problem(refused), conflict(Conflict::NoRotation));
    world.update(id, &application_input("renamed")).await;
    world.settle().await;
    assert_eq!(world.only_client().name, "app", "and without event hooks is told nothing");
}

/// A provider may lead nowhere else, neither by a redirect nor by its metadata.
#[tokio::test]
async fn redirects_and_forbidden_addresses_are_not_followed() {
    let world = World::new(ProviderType::Okta).await;
    let id = world.create("app").await;
    let elsewhere = Provider::start(ProviderType::Okta).await;
    let target = format!("{}/oauth2/v1/clients", elsewhere.url);
    world.provider.trouble(move |_, _| Some(Trouble::Redirect(target.clone())));
    world.settle().await;
    assert_eq!(world.own(id).await.client.state, DcrClientState::Refused);
    assert_eq!(elsewhere.calls(), Vec::<String>::new());

    let mut input = world.provider.input("link-local");
    // Where clouds keep their instances' secrets.
    input.config.api_url = "http://169.254.169.254/latest".to_owned();
    let forbidden = dcr_providers::create(&world.core, Actor::System, input).await.unwrap();
    dcr_clients::test(&world.core, Actor::System, forbidden).await.unwrap();
    world.work().await;
    let test = dcr_clients::last_test(&world.core, Actor::System, forbidden).await.unwrap().unwrap();
    assert_eq!(test.outcome(), Some(false), "nothing was sent that could be waited for");
    assert!(test.last_error.contains("PORTICO_ALLOWED_NETWORKS"), "{}", test.last_error);
}

#[tokio::test]
async fn a_killed_deletion_is_known_to_have_been_sent() {
    let world = World::new(ProviderType::Oidc).await;
    let id = world.create("app").await;
    world.settle().await;
    world.delete(id).await;
    world.first_call(Trouble::ResetAfter);
    world.work().await;
    let unanswered: Option<ClientCall> =
        sqlx::query_scalar("select unanswered from dcr_client").fetch_one(&world.core.pool).await.unwrap();
    assert_eq!(unanswered, Some(ClientCall::Delete));
    world.settle().await;
    assert_eq!((world.provider.clients(), world.orphans().await.len()), (Vec::new(), 0), "401 after it means that it is gone");
}
