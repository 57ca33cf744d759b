use crate::{conflict, invalid, problem};
use portico_core::{
    Actor, auth_strategies,
    auth_strategies::KeyAuthInput,
    credentials::{self, Credential},
    jobs,
    portals::{Portal, PortalInput},
    secrets::{ApiKey, Plain},
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, CredentialId},
    problem::{Conflict, Problem, Rule},
    states::{CredentialState, Grace},
};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, an_application, portal_input};
use time::Duration;

/// An application of Ada's.
struct Scene {
    core: TestCore,
    portal: Portal,
    strategy: AuthStrategyId,
    ada: Actor,
    id: ApplicationId,
}

async fn scene() -> Scene {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    Scene { core, portal, strategy, ada, id }
}

impl Scene {
    async fn create(&self, name: &str, lifetime_days: Option<u32>) -> portico_core::Result<(CredentialId, Plain)> {
        credentials::create(&self.core, self.ada, self.portal.id, self.id, name, lifetime_days).await
    }

    async fn rotate(&self, id: CredentialId, grace: Grace) -> portico_core::Result<(CredentialId, Plain)> {
        credentials::rotate(&self.core, self.ada, self.portal.id, self.id, id, grace).await
    }

    async fn list(&self) -> Vec<Credential> {
        credentials::list(&self.core, self.ada, self.portal.id, self.id).await.unwrap()
    }

    async fn find(&self, id: CredentialId) -> Credential {
        self.list().await.into_iter().find(|credential| credential.id == id).unwrap()
    }

    async fn limit_lifetime(&self, days: Option<u32>) {
        let input =
            KeyAuthInput { name: "s".into(), display_name: "s".into(), max_key_lifetime_days: days, ..KeyAuthInput::default() };
        auth_strategies::update_key_auth(&self.core, Actor::System, self.strategy, input).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_lives_as_long_as_asked_for_and_no_longer_than_its_strategy_allows() {
    let scene = scene().await;
    let (endless, _) = scene.create("endless", None).await.unwrap();
    assert_eq!(scene.find(endless).await.expires_at, None);
    let (month, _) = scene.create("month", Some(30)).await.unwrap();
    let month = scene.find(month).await;
    assert!((month.expires_at.unwrap() - month.created_at - Duration::days(30)).abs() < Duration::seconds(1));
    for days in [0, 3651] {
        assert_eq!(problem(scene.create("x", Some(days)).await), invalid("lifetime_days", Rule::Number(1, 3650)));
    }
    scene.limit_lifetime(Some(10)).await;
    assert_eq!(problem(scene.create("x", Some(11)).await), invalid("lifetime_days", Rule::MaxLifetime(10)));
    let (longest, _) = scene.create("longest", None).await.unwrap();
    let longest = scene.find(longest).await;
    assert!((longest.expires_at.unwrap() - longest.created_at - Duration::days(10)).abs() < Duration::seconds(1));
    let too_long =
        KeyAuthInput { max_key_lifetime_days: Some(0), name: "t".into(), display_name: "t".into(), ..KeyAuthInput::default() };
    let refused = auth_strategies::create_key_auth(&scene.core, Actor::System, too_long).await;
    assert_eq!(problem(refused), invalid("max_key_lifetime_days", Rule::Number(1, 3650)));
}

#[tokio::test]
async fn no_grace_outlives_the_old_key_and_the_new_one_inherits_its_expiry() {
    let scene = scene().await;
    for lifetime in [None, Some(1), Some(3), Some(7), Some(365)] {
        for &grace in Grace::ALL {
            let (old, _) = scene.create("key", lifetime).await.unwrap();
            let before = scene.find(old).await;
            scene.core.clock.advance(Duration::minutes(5));
            let asked_at = scene.core.now();
            let (new, key) = scene.rotate(old, grace).await.unwrap();
            let new = scene.find(new).await;
            assert_eq!(new.expires_at, before.expires_at, "{lifetime:?} {grace:?}");
            assert_eq!(new.display_name, "key");
            assert!(!new.was_replaced && key.expose().starts_with(&new.key_id));
            let left = scene.list().await.into_iter().find(|credential| credential.id == old);
            match (grace.hours(), left) {
                (None, None) => {}
                (Some(hours), Some(left)) => {
                    assert_eq!(left.state(scene.core.now()), CredentialState::Replaced);
                    let ends_at = left.expires_at.unwrap();
                    assert!(before.expires_at.is_none_or(|expires_at| ends_at <= expires_at), "{lifetime:?} {grace:?}");
                    assert!(ends_at <= asked_at + Duration::hours(hours) + Duration::seconds(1), "{lifetime:?} {grace:?}");
                    assert_eq!(problem(scene.rotate(old, grace).await), conflict(Conflict::NotReplaceable));
                    credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.id, old).await.unwrap();
                }
                other => panic!("{grace:?}: {other:?}"),
            }
            credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.id, new.id).await.unwrap();
        }
    }
}

#[tokio::test]
async fn rotation_does_not_escape_a_strategy_that_became_stricter() {
    let scene = scene().await;
    let (endless, _) = scene.create("endless", None).await.unwrap();
    scene.limit_lifetime(Some(10)).await;
    let (new, _) = scene.rotate(endless, Grace::Now).await.unwrap();
    let new = scene.find(new).await;
    assert!((new.expires_at.unwrap() - new.created_at - Duration::days(10)).abs() < Duration::seconds(1));
}

#[tokio::test]
async fn an_expired_key_is_shown_as_such_counts_no_more_and_is_forgotten() {
    let scene = scene().await;
    for i in 0..20 {
        scene.create(&format!("key {i}"), Some(1)).await.unwrap();
    }
    assert_eq!(problem(scene.create("one more", None).await), conflict(Conflict::TooManyCredentials));
    let first = scene.list().await[0].id;
    assert_eq!(problem(scene.rotate(first, Grace::OneDay).await), conflict(Conflict::TooManyCredentials));
    let (replacement, _) = scene.rotate(first, Grace::Now).await.unwrap();
    scene.core.clock.advance(Duration::days(2));
    assert!(scene.list().await.iter().all(|credential| credential.state(scene.core.now()) == CredentialState::Expired));
    assert_eq!(problem(scene.rotate(replacement, Grace::Now).await), conflict(Conflict::NotReplaceable));
    scene.create("one more", None).await.unwrap();
    scene.core.clock.advance(Duration::days(30));
    jobs::sweep(&scene.core).await.unwrap();
    assert_eq!(scene.list().await.len(), 1);
}

#[tokio::test]
async fn the_owner_is_told_once_before_a_key_expires() {
    let scene = scene().await;
    scene.create("endless", None).await.unwrap();
    let (month, _) = scene.create("month", Some(30)).await.unwrap();
    let (replaced, _) = scene.create("replaced", Some(30)).await.unwrap();
    let (new, _) = scene.rotate(replaced, Grace::SevenDays).await.unwrap();
    credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.id, new).await.unwrap();
    let mails = async || {
        let subjects = "select subject from mail where developer_id is not null order by created_at, subject";
        sqlx::query_scalar::<_, String>(subjects).fetch_all(&scene.core.pool).await.unwrap()
    };
    scene.core.clock.advance(Duration::days(22));
    jobs::sweep(&scene.core).await.unwrap();
    assert_eq!(mails().await, Vec::<String>::new(), "eight days are left");
    scene.core.clock.advance(Duration::days(1) + Duration::minutes(1));
    let (one, other) = tokio::join!(jobs::sweep(&scene.core), jobs::sweep(&scene.core));
    one.and(other).unwrap();
    assert_eq!(mails().await, ["Portal a: the key month of App expires soon"]);
    let text = scene.core.last_mail("ada@example.com").await;
    assert!(text.contains(&format!("http://a.localhost:3000/applications/{}", scene.id)), "{text}");
    assert!(text.contains(&scene.find(month).await.key_id), "{text}");
    let (_, _) = scene.create("day", Some(1)).await.unwrap();
    scene.core.clock.advance(Duration::hours(17));
    jobs::sweep(&scene.core).await.unwrap();
    assert_eq!(mails().await.len(), 1);
    scene.core.clock.advance(Duration::hours(2));
    jobs::sweep(&scene.core).await.unwrap();
    assert_eq!(mails().await.len(), 2, "three quarters of the day are over");
}

#[tokio::test]
async fn a_pasted_key_is_told_apart() {
    let scene = scene().await;
    let (first, key) = scene.create("first", None).await.unwrap();
    let check = async |key: &str| credentials::check(&scene.core, scene.ada, scene.portal.id, scene.id, &Plain::new(key)).await;
    assert_eq!(check(&format!("  {}\n", key.expose())).await.unwrap().id, first);
    for mistyped in ["", "ptk_test_", &key.expose()[1..], &format!("{}x", key.expose())] {
        assert_eq!(problem(check(mistyped).await), invalid("key", Rule::MistypedKey), "{mistyped}");
    }
    let elsewhere = an_application(&scene.core, scene.ada, &scene.portal, "Other", scene.strategy).await;
    let (_, other) = credentials::create(&scene.core, scene.ada, scene.portal.id, elsewhere, "key", None).await.unwrap();
    assert_eq!(problem(check(other.expose()).await), invalid("key", Rule::OtherKey));
    credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.id, first).await.unwrap();
    assert_eq!(problem(check(key.expose()).await), invalid("key", Rule::OtherKey));
}

#[tokio::test]
async fn an_application_has_at_most_twenty_keys_even_when_asked_for_at_once() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    let attempts: Vec<_> = (0..25)
        .map(|i| {
            let (core, portal) = (core.core.clone(), portal.id);
            tokio::spawn(async move { credentials::create(&core, ada, portal, id, &format!("key {i}"), None).await })
        })
        .collect();
    let mut refused = 0;
    for attempt in attempts {
        if let Err(error) = attempt.await.unwrap() {
            assert_eq!(problem::<()>(Err(error)), conflict(Conflict::TooManyCredentials));
            refused += 1;
        }
    }
    assert_eq!(refused, 5);
    let keys = credentials::list(&core, ada, portal.id, id).await.unwrap();
    credentials::revoke(&core, ada, portal.id, id, keys[0].id).await.unwrap();
    credentials::create(&core, ada, portal.id, id, "in its place", None).await.unwrap();
}

#[tokio::test]
async fn a_key_is_kept_as_a_digest_and_recognised_by_its_beginning() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    let (credential, key) = credentials::create(&core, ada, portal.id, id, "key", None).await.unwrap();
    let listed = credentials::list(&core, ada, portal.id, id).await.unwrap();
    assert_eq!(Some(listed[0].key_id.as_str()), ApiKey::prefix_of(key.expose()));
    assert!(listed[0].key_id.starts_with("ptk_test_"));
    let row: String = sqlx::query_scalar("select credential::text from credential").fetch_one(&core.pool).await.unwrap();
    assert!(!row.contains(&key.expose()[listed[0].key_id.len()..]), "{row}");

    credentials::rename(&core, ada, portal.id, id, credential, "renamed").await.unwrap();
    assert_eq!(credentials::list(&core, ada, portal.id, id).await.unwrap()[0].display_name, "renamed");
    let nameless = credentials::rename(&core, ada, portal.id, id, credential, " ").await;
    assert_eq!(problem(nameless), invalid("display_name", Rule::Required));
}

#[tokio::test]
async fn a_key_belongs_to_its_application() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let (ada, eve) = (a_developer(&core, &portal, "ada").await, a_developer(&core, &portal, "eve").await);
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    let hers = an_application(&core, eve, &portal, "App", strategy).await;
    let (credential, _) = credentials::create(&core, ada, portal.id, id, "key", None).await.unwrap();
    assert_eq!(problem(credentials::revoke(&core, eve, portal.id, hers, credential).await), Problem::NotFound);
    assert_eq!(problem(credentials::rename(&core, eve, portal.id, hers, credential, "x").await), Problem::NotFound);
    assert_eq!(problem(credentials::list(&core, eve, portal.id, id).await), Problem::NotFound);
    credentials::revoke(&core, ada, portal.id, id, credential).await.unwrap();
    assert_eq!(problem(credentials::revoke(&core, ada, portal.id, id, credential).await), Problem::NotFound);
}
