use crate::{conflict, invalid, problem};
use portico_core::{
    Actor,
    portals::PortalInput,
    products::{
        self, catalogue,
        specifications::{self, SpecificationChange},
    },
    publications::{self, PublicationChange},
};
use portico_model::{
    paging::PageRequest,
    problem::{Conflict, Problem, Rule},
    states::PublishStatus,
};
use portico_testing::{
    TestCore, a_developer, a_portal, a_strategy, a_version, portal_input, product_input, publication_input, publish,
};

#[tokio::test]
async fn a_version_is_seen_once_it_and_its_product_are_in_the_portal() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let (here, elsewhere) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let (ada, grace) = (a_developer(&core, &here, "ada").await, a_developer(&core, &elsewhere, "grace").await);
    let (product, version) = a_version(&core, "Weather").await;
    let seen = async || catalogue::products(&core, ada, &here, &PageRequest::first()).await.unwrap().total;
    assert_eq!(seen().await, 0);
    publish(&core, version, &here, strategy).await;
    assert_eq!(seen().await, 1);
    assert_eq!(catalogue::products(&core, grace, &elsewhere, &PageRequest::first()).await.unwrap().total, 0);
    assert_eq!(problem(catalogue::version(&core, grace, &elsewhere, version).await), Problem::NotFound);
    let found = catalogue::version(&core, ada, &here, version).await.unwrap();
    assert!(catalogue::specification(&core, &found).await.unwrap().content.contains("/things"));

    let hidden =
        publications::PublicationInput { publish_status: PublishStatus::Unpublished, ..publication_input(Some(strategy)) };
    publications::put(&core, Actor::System, version, here.id, &hidden).await.unwrap();
    assert_eq!(seen().await, 0);
    assert_eq!(problem(catalogue::version(&core, ada, &here, version).await), Problem::NotFound);

    publish(&core, version, &here, strategy).await;
    products::unpublish(&core, Actor::System, product, here.id).await.unwrap();
    assert_eq!(seen().await, 0);
    assert_eq!(problem(catalogue::versions(&core, ada, &here, product).await), Problem::NotFound);
    let deprecated = PublicationChange { deprecated: Some(true), ..PublicationChange::default() };
    publications::update(&core, Actor::System, version, here.id, &deprecated).await.unwrap();
    assert_eq!(seen().await, 0, "what was taken out stays out");
    let published = PublicationChange { publish_status: Some(PublishStatus::Published), ..PublicationChange::default() };
    publications::update(&core, Actor::System, version, here.id, &published).await.unwrap();
    assert_eq!(seen().await, 1);
}

#[tokio::test]
async fn a_specification_has_the_name_of_a_file_and_keeps_what_is_in_it_under_another() {
    let core = TestCore::new().await;
    let (_, version) = a_version(&core, "Weather").await;
    let uploaded = async || specifications::of_version(&core, Actor::System, version).await.unwrap().unwrap();
    let before = uploaded().await;
    let rename = async |name: &str| {
        let change = SpecificationChange { name: Some(name.to_owned()), content: None };
        specifications::update(&core, Actor::System, version, before.id, change).await
    };
    for wrong in ["../api.yaml", "a/b.json", "a\\b.json", ".yaml"] {
        assert_eq!(problem(rename(wrong).await), invalid("file", Rule::FileName), "{wrong}");
    }
    for (given, name) in [("weather.json", "weather.json"), ("weather.txt", "weather.txt.json"), ("", "weather.txt.json")] {
        rename(given).await.unwrap();
        let after = uploaded().await;
        assert_eq!((after.name.as_str(), &after.content), (name, &before.content));
    }
    assert_eq!(products::versions::get(&core, Actor::System, version).await.unwrap().operation_count, 2);
}

#[tokio::test]
async fn a_public_portal_is_open_and_a_private_one_is_for_its_developers() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let private = a_portal(&core, portal_input("a")).await;
    let public = a_portal(&core, PortalInput { is_public: true, ..portal_input("b") }).await;
    let (_, version) = a_version(&core, "Weather").await;
    publish(&core, version, &private, strategy).await;
    publish(&core, version, &public, strategy).await;
    catalogue::version(&core, Actor::Anonymous, &public, version).await.unwrap();
    assert_eq!(problem(catalogue::version(&core, Actor::Anonymous, &private, version).await), Problem::Unauthenticated);
    let stranger = a_developer(&core, &a_portal(&core, portal_input("c")).await, "eve").await;
    assert_eq!(problem(catalogue::version(&core, stranger, &private, version).await), Problem::NotFound);
}

#[tokio::test]
async fn a_used_version_and_a_product_with_versions_stay() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (product, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    assert_eq!(problem(products::versions::delete(&core, Actor::System, version).await), conflict(Conflict::VersionInUse));
    assert_eq!(problem(products::delete(&core, Actor::System, product).await), conflict(Conflict::ProductInUse));
    publications::delete(&core, Actor::System, version, portal.id).await.unwrap();
    products::versions::delete(&core, Actor::System, version).await.unwrap();
    products::delete(&core, Actor::System, product).await.unwrap();
}

#[tokio::test]
async fn names_of_products_and_their_versions_are_unique() {
    let core = TestCore::new().await;
    let (product, _) = a_version(&core, "Weather").await;
    let (other, _) = a_version(&core, "Maps").await;
    assert_eq!(problem(products::create(&core, Actor::System, product_input("WEATHER")).await), invalid("name", Rule::Taken));
    assert_eq!(
        problem(products::update(&core, Actor::System, other, |_| product_input("weather")).await),
        invalid("name", Rule::Taken)
    );
    assert_eq!(problem(products::versions::create(&core, Actor::System, product, "V1").await), invalid("name", Rule::Taken));
}

#[tokio::test]
async fn a_wrong_specification_changes_nothing() {
    let core = TestCore::new().await;
    let (_, version) = a_version(&core, "Weather").await;
    let put = async |content: &str| specifications::put(&core, Actor::System, version, "", content.to_owned()).await;
    assert_eq!(problem(put("openapi: 3.1.0\ninfo:\n  title: [").await), invalid("content", Rule::Syntax { line: 3, column: 10 }));
    assert!(matches!(problem(put("a: b\0").await), Problem::Invalid(_)));
    assert_eq!(products::versions::get(&core, Actor::System, version).await.unwrap().operation_count, 2);
    put(r#"{"swagger": "2.0", "info": {"title": "Old"}, "paths": {"/\u0000a": {"get": {"summary": "\u0000"}}}}"#).await.unwrap();
    assert_eq!(products::versions::get(&core, Actor::System, version).await.unwrap().operation_count, 1);
}

#[tokio::test]
async fn registrations_need_a_strategy_to_be_accepted() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    let input = publications::PublicationInput { application_registration_enabled: true, ..publication_input(None) };
    let saved = publications::put(&core, Actor::System, version, portal.id, &input).await;
    assert_eq!(problem(saved), invalid("auth_strategy", Rule::Required));
}
