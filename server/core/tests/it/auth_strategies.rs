use crate::{conflict, invalid, problem};
use portico_core::{
    Actor, applications,
    auth_strategies::{self, KeyAuthInput},
    portals::{self, PortalInput},
    publications,
};
use portico_model::{
    paging::PageRequest,
    problem::{Conflict, Problem, Rule},
};
use portico_testing::{
    TestCore, a_developer, a_portal, a_strategy, a_version, an_application, portal_input, publication_input, publish,
};

pub fn key_auth_input(name: &str, key_names: &[&str]) -> KeyAuthInput {
    KeyAuthInput {
        name: name.to_owned(),
        display_name: name.to_owned(),
        key_names: key_names.iter().map(|&n| n.to_owned()).collect(),
        ..KeyAuthInput::default()
    }
}

#[tokio::test]
async fn key_names_are_at_most_ten_well_formed_and_apikey_by_default() {
    let core = TestCore::new().await;
    let key_names = async |names: &[&str]| {
        let id = auth_strategies::create_key_auth(&core, Actor::System, key_auth_input(&format!("{names:?}"), names)).await?;
        Ok(auth_strategies::get(&core, Actor::System, id).await?.key_names)
    };
    assert_eq!(key_names(&[]).await.unwrap(), ["apikey"]);
    assert_eq!(key_names(&[" X-Api-Key ", "", "x-api-key", "key"]).await.unwrap(), ["X-Api-Key", "key"]);
    let many: Vec<String> = (0..11).map(|i| format!("k{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(key_names(&many[..10]).await.unwrap().len(), 10);
    assert_eq!(problem(key_names(&many).await), invalid("key_names", Rule::MaxItems(10)));
    assert_eq!(problem(key_names(&["a key"]).await), invalid("key_names", Rule::KeyName));
}

#[tokio::test]
async fn a_strategy_in_use_cannot_be_deleted_whatever_uses_it() {
    let core = TestCore::new().await;
    let used = |result| assert_eq!(problem::<()>(result), conflict(Conflict::StrategyInUse));
    let strategy = a_strategy(&core, "s").await;
    let delete = || auth_strategies::delete(&core, Actor::System, strategy);

    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    used(delete().await);
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    portals::update(&core, Actor::System, portal.id, |_| portal_input("a")).await.unwrap();
    used(delete().await);
    applications::delete(&core, ada, portal.id, application).await.unwrap();
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    used(delete().await);
    assert_eq!(auth_strategies::uses(&core, Actor::System, strategy).await.unwrap()[0].version_id, version);
    publications::put(&core, Actor::System, version, portal.id, &publication_input(None)).await.unwrap();
    delete().await.unwrap();
    assert_eq!(problem(delete().await), Problem::NotFound);
}

#[tokio::test]
async fn names_are_unique_and_the_list_searches_and_sorts() {
    let core = TestCore::new().await;
    for name in ["beta", "Alpha", "gamma"] {
        a_strategy(&core, name).await;
    }
    let again = auth_strategies::create_key_auth(&core, Actor::System, key_auth_input("ALPHA", &[])).await;
    assert_eq!(problem(again), invalid("name", Rule::Taken));
    let names = async |search: &str, sort: &str| {
        let request = PageRequest { search: search.to_owned(), sort: sort.to_owned(), ..PageRequest::default() };
        let page = auth_strategies::list(&core, Actor::System, &request).await.unwrap();
        page.items.into_iter().map(|strategy| strategy.name).collect::<Vec<_>>()
    };
    assert_eq!(names("", "").await, ["Alpha", "beta", "gamma"]);
    assert_eq!(names("", "-name").await, ["gamma", "beta", "Alpha"]);
    assert_eq!(names("am", "created_at").await, ["gamma"]);
    assert_eq!(names("", "id; drop table portal").await, ["Alpha", "beta", "gamma"]);
}
