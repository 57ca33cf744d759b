use crate::{invalid, problem};
use portico_core::{
    Actor,
    applications::{self, ApplicationInput},
    credentials,
    portals::PortalInput,
    registrations,
};
use portico_model::{
    paging::PageRequest,
    problem::{Problem, Rule},
};
use portico_testing::{
    TestCore, a_developer, a_key, a_portal, a_strategy, a_version, an_application, an_approved_registration, application_input,
    portal_input, publish,
};

#[tokio::test]
async fn an_application_takes_an_offered_strategy_or_the_default_and_keeps_it() {
    let core = TestCore::new().await;
    let (default, offered, other) =
        (a_strategy(&core, "default").await, a_strategy(&core, "offered").await, a_strategy(&core, "other").await);
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(default), ..portal_input("a") }).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, offered).await;
    let ada = a_developer(&core, &portal, "ada").await;

    let create =
        async |name: &'static str, strategy| applications::create(&core, ada, &portal, &application_input(name), strategy).await;
    let by_default = create("one", None).await.unwrap();
    let chosen = create("two", Some(offered)).await.unwrap();
    assert_eq!(problem(create("three", Some(other)).await), invalid("auth_strategy", Rule::NotOffered));
    let strategy = async |id| applications::get(&core, ada, portal.id, id).await.unwrap().auth_strategy_id;
    assert_eq!(strategy(by_default).await, default);
    assert_eq!(strategy(chosen).await, offered);

    // Changing the default is not retroactive.
    let input = PortalInput { default_auth_strategy: Some(other), ..portal_input("a") };
    portico_core::portals::update(&core, Actor::System, portal.id, |_| input).await.unwrap();
    assert_eq!(strategy(by_default).await, default);
}

#[tokio::test]
async fn without_a_default_a_strategy_must_be_chosen() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let created = applications::create(&core, ada, &portal, &application_input("one"), None).await;
    assert_eq!(problem(created), invalid("auth_strategy", Rule::Required));
}

#[tokio::test]
async fn names_are_unique_per_developer() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let (ada, grace) = (a_developer(&core, &portal, "ada").await, a_developer(&core, &portal, "grace").await);
    let first = an_application(&core, ada, &portal, "App", strategy).await;
    an_application(&core, grace, &portal, "App", strategy).await;
    let again = applications::create(&core, ada, &portal, &application_input("APP"), None).await;
    assert_eq!(problem(again), invalid("name", Rule::Taken));
    let second = an_application(&core, ada, &portal, "Other", strategy).await;
    let renamed = applications::update(&core, ada, portal.id, second, &application_input("app")).await;
    assert_eq!(problem(renamed), invalid("name", Rule::Taken));
    let input = ApplicationInput { description: "same name, new text".to_owned(), ..application_input("App") };
    applications::update(&core, ada, portal.id, first, &input).await.unwrap();
}

#[tokio::test]
async fn another_persons_application_does_not_exist() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let elsewhere = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("b") }).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let id = an_application(&core, ada, &portal, "App", strategy).await;
    for other in [a_developer(&core, &portal, "eve").await, a_developer(&core, &elsewhere, "ada").await] {
        assert_eq!(problem(applications::get(&core, other, portal.id, id).await), Problem::NotFound);
        assert_eq!(
            problem(applications::update(&core, other, portal.id, id, &application_input("Mine")).await),
            Problem::NotFound
        );
        assert_eq!(problem(applications::delete(&core, other, portal.id, id).await), Problem::NotFound);
        assert_eq!(problem(credentials::create(&core, other, portal.id, id, "key", None).await), Problem::NotFound);
    }
    assert_eq!(problem(applications::get(&core, Actor::Anonymous, portal.id, id).await), Problem::Unauthenticated);
    assert_eq!(applications::list_own(&core, ada, portal.id, &PageRequest::first()).await.unwrap().total, 1);
}

#[tokio::test]
async fn deleting_an_application_deletes_its_keys_and_registrations() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    for name in ["one", "two"] {
        let id = an_application(&core, ada, &portal, name, strategy).await;
        a_key(&core, ada, &portal, id).await;
        an_approved_registration(&core, ada, &portal, id, version).await;
        if name == "one" {
            applications::delete(&core, ada, portal.id, id).await.unwrap();
        } else {
            applications::delete_as_admin(&core, Actor::System, id).await.unwrap();
        }
    }
    let left: (i64, i64) = sqlx::query_as("select (select count(*) from credential), (select count(*) from registration)")
        .fetch_one(&core.pool)
        .await
        .unwrap();
    assert_eq!(left, (0, 0));
    assert_eq!(registrations::waiting(&core, Actor::System).await.unwrap(), (0, 0));
}
