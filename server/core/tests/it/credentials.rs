use crate::{conflict, invalid, problem};
use portico_core::{credentials, portals::PortalInput, secrets::ApiKey};
use portico_model::problem::{Conflict, Problem, Rule};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, an_application, portal_input};

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
            tokio::spawn(async move { credentials::create(&core, ada, portal, id, &format!("key {i}")).await })
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
    credentials::create(&core, ada, portal.id, id, "in its place").await.unwrap();
}

#[tokio::test]
async fn a_key_is_kept_as_a_digest_and_recognised_by_its_beginning() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    let (credential, key) = credentials::create(&core, ada, portal.id, id, "key").await.unwrap();
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
    let (credential, _) = credentials::create(&core, ada, portal.id, id, "key").await.unwrap();
    assert_eq!(problem(credentials::revoke(&core, eve, portal.id, hers, credential).await), Problem::NotFound);
    assert_eq!(problem(credentials::rename(&core, eve, portal.id, hers, credential, "x").await), Problem::NotFound);
    assert_eq!(problem(credentials::list(&core, eve, portal.id, id).await), Problem::NotFound);
    credentials::revoke(&core, ada, portal.id, id, credential).await.unwrap();
    assert_eq!(problem(credentials::revoke(&core, ada, portal.id, id, credential).await), Problem::NotFound);
}
