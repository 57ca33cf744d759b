use super::World;
use crate::{conflict, problem};
use portico_core::{Actor, dcr_clients, dcr_providers};
use portico_model::{
    paging::PageRequest,
    problem::{Conflict, Problem},
    states::ProviderType,
};
use portico_testing::providers::Trouble;

impl World {
    async fn test(&self) -> dcr_clients::DcrClient {
        dcr_clients::test(&self.core, Actor::System, self.id).await.unwrap();
        self.settle().await;
        dcr_clients::last_test(&self.core, Actor::System, self.id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_test_makes_a_client_deletes_it_and_shows_each_call() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let test = world.test().await;
        assert_eq!(test.outcome(), Some(true), "{provider_type:?}: {test:?}");
        assert!(test.calls.len() >= 2 && test.calls.iter().any(|call| call.request.starts_with("DELETE")), "{:?}", test.calls);
        assert_eq!(world.provider.clients(), []);
        assert_eq!(world.provider.violations(), Vec::<String>::new());
        // Once more, and with what goes wrong in the provider's own words.
        world.provider.trouble(|_, line| (!line.contains("token")).then_some(Trouble::Status(403)));
        let test = world.test().await;
        assert_eq!(test.outcome(), Some(false), "{provider_type:?}");
        assert_eq!(test.last_error, "403: trouble: as the test wants it", "{provider_type:?}");
        assert_eq!(test.calls.last().unwrap().status, Some(403), "{provider_type:?}");
        assert_eq!(world.orphans().await.len(), 0);
    }
}

#[tokio::test]
async fn a_test_whose_answer_is_lost_leaves_nothing_behind() {
    for &provider_type in ProviderType::ALL {
        let world = World::new(provider_type).await;
        let mut trouble = Some(Trouble::ResetAfter);
        world.provider.trouble(move |_, line| if line.contains("token") { None } else { trouble.take() });
        let test = world.test().await;
        assert_eq!(test.outcome(), Some(false), "{provider_type:?}");
        let reported = world.orphans().await;
        let left = world.provider.clients();
        assert_eq!(left.len(), reported.len(), "{provider_type:?}: {left:?}");
        assert!(reported.iter().all(|orphan| orphan.name == "Portico connection test"));
    }
}

#[tokio::test]
async fn one_test_runs_at_a_time_and_only_for_admins() {
    let world = World::new(ProviderType::Okta).await;
    let at_once = tokio::join!(
        dcr_clients::test(&world.core, Actor::System, world.id),
        dcr_clients::test(&world.core, Actor::System, world.id)
    );
    let refused = if at_once.0.is_ok() { at_once.1 } else { at_once.0 };
    assert_eq!(problem(refused), conflict(Conflict::TestRunning));
    let second = dcr_clients::test(&world.core, Actor::System, world.id).await;
    assert_eq!(problem(second), conflict(Conflict::TestRunning));
    assert_eq!(problem(dcr_clients::test(&world.core, world.developer, world.id).await), Problem::NotFound);
    world.settle().await;
    world.test().await;
    let listed = dcr_providers::list(&world.core, Actor::System, &PageRequest::first()).await.unwrap().items;
    assert_eq!((listed[0].client_count, listed[0].unsettled_count), (0, 0), "a test is no client of an application");
}
