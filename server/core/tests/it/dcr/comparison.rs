use super::World;
use crate::{conflict, problem};
use portico_core::{Actor, dcr_clients, jobs};
use portico_model::{
    problem::{Conflict, Problem},
    states::{DcrClientState, FindingKind, ProviderType},
};
use portico_testing::providers::Tampering;
use time::Duration;

const LISTING: [ProviderType; 3] = [ProviderType::Okta, ProviderType::Auth0, ProviderType::AzureAd];

impl World {
    async fn compare(&self) -> Vec<dcr_clients::Finding> {
        self.core.clock.advance(Duration::hours(1));
        dcr_clients::compare(&self.core, Actor::System, self.id).await.unwrap();
        while jobs::run_next(&self.core, jobs::Lane::Main).await.unwrap() {}
        dcr_clients::findings(&self.core, Actor::System, self.id).await.unwrap()
    }

    async fn mend(&self, finding: &dcr_clients::Finding) {
        dcr_clients::mend(&self.core, Actor::System, finding.id).await.unwrap();
        self.settle().await;
    }
}

/// Over several pages of the provider's; what is not ours is not touched.
#[tokio::test]
async fn both_sides_are_compared_and_mended() {
    for provider_type in LISTING {
        let world = World::new(provider_type).await;
        let mut ids = Vec::new();
        for index in 0..7 {
            ids.push(world.create(&format!("app {index}")).await);
        }
        world.settle().await;
        world.provider.tamper(Tampering::Foreign);
        assert_eq!(world.compare().await.len(), 0, "{provider_type:?}: nothing differs");

        let reference = async |index: usize| world.reference(ids[index]).await.unwrap();
        world.provider.tamper(Tampering::Delete(reference(1).await));
        world.provider.tamper(Tampering::Rename(reference(3).await, "by hand".to_owned()));
        world.provider.tamper(Tampering::Copy(reference(5).await));
        let findings = world.compare().await;
        let kinds: Vec<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(
            kinds,
            [FindingKind::Differs, FindingKind::WithoutApplication, FindingKind::WithoutClient],
            "{provider_type:?}"
        );
        assert_eq!((findings[0].name.as_str(), findings[0].fields.as_slice()), ("by hand", ["name".to_owned()].as_slice()));
        let lost = reference(1).await;
        assert_eq!(findings[2].client_id, lost);
        assert_eq!(world.provider.clients().len(), 8, "nothing is mended unasked");

        for finding in &findings {
            world.mend(finding).await;
        }
        assert_eq!(world.compare().await.len(), 0, "{provider_type:?}: all is well again");
        assert_eq!(world.provider.clients().len(), 8, "seven of ours, and one of somebody else's");
        assert_ne!(reference(1).await, lost, "made anew, with another id");
        world.open(ids[1]).await;
        assert_eq!(world.provider.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn clients_that_are_asked_for_one_by_one_are_compared_too() {
    let world = World::new(ProviderType::Oidc).await;
    let mut ids = Vec::new();
    for index in 0..12 {
        ids.push(world.create(&format!("app {index}")).await);
    }
    world.settle().await;
    assert_eq!(world.compare().await.len(), 0);
    let gone = world.reference(ids[11]).await.unwrap();
    world.provider.tamper(Tampering::Delete(gone.clone()));
    world.provider.tamper(Tampering::Rename(world.reference(ids[0]).await.unwrap(), "by hand".to_owned()));
    let findings = world.compare().await;
    assert_eq!(findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::Differs]);
    world.mend(&findings[0]).await;
    assert_eq!(world.compare().await.len(), 0);
    // Of a token that is not taken any more nobody knows whether the client is: an admin may have another one made.
    let own = world.own(ids[11]).await.client;
    assert!(own.is_unmanageable && own.state == DcrClientState::Ready);
    dcr_clients::replace(&world.core, Actor::System, own.id).await.unwrap();
    world.settle().await;
    assert_ne!(world.reference(ids[11]).await, Some(gone.clone()));
    assert_eq!(world.orphans().await[0].client_id, Some(gone));
}

#[tokio::test]
async fn what_cannot_be_compared_says_so() {
    for provider_type in [ProviderType::Curity, ProviderType::Http] {
        let world = World::new(provider_type).await;
        let refused = dcr_clients::compare(&world.core, Actor::System, world.id).await;
        assert_eq!(problem(refused), conflict(Conflict::NotComparable));
    }
    let world = World::new(ProviderType::Okta).await;
    assert_eq!(problem(dcr_clients::compare(&world.core, world.developer, world.id).await), Problem::NotFound);
}

/// A creation whose answer is still out, or that was a moment ago, is not taken for a difference.
#[tokio::test]
async fn what_is_under_way_is_no_finding() {
    let world = World::new(ProviderType::Okta).await;
    world.create("app").await;
    let mut trouble = Some(portico_testing::providers::Trouble::ResetAfter);
    world.provider.trouble(move |_, _| trouble.take());
    while dcr_clients::run_next(&world.core).await.unwrap() {}
    assert_eq!(world.provider.clients().len(), 1);
    dcr_clients::compare(&world.core, Actor::System, world.id).await.unwrap();
    while jobs::run_next(&world.core, jobs::Lane::Main).await.unwrap() {}
    assert_eq!(dcr_clients::findings(&world.core, Actor::System, world.id).await.unwrap().len(), 0);
    world.settle().await;
    assert_eq!(world.provider.clients().len(), 1);
}
