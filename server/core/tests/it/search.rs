use crate::problem;
use portico_core::{
    Actor,
    documents::{self, DocumentInput},
    portals::{Portal, PortalInput},
    products, publications,
    publications::PublicationInput,
    search::{self, FoundKind, MATCH_BEGINS, MATCH_ENDS},
};
use portico_model::{paging::PageRequest, problem::Problem, states::PublishStatus};
use portico_testing::{
    TestCore, a_developer, a_portal, a_strategy, a_version, document_input, portal_input, publication_input, publish,
};

async fn found(core: &TestCore, reader: Actor, portal: &Portal, text: &str) -> Vec<(FoundKind, String)> {
    let request = PageRequest { search: text.to_owned(), ..PageRequest::default() };
    let page = search::search(core, reader, portal, &request).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
    page.items.into_iter().map(|found| (found.kind, found.title)).collect()
}

#[tokio::test]
async fn everything_that_a_reader_may_see_is_found_and_nothing_else() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let (product, version) = a_version(&core, "Weather").await;
    let (hidden, hidden_version) = a_version(&core, "Hidden weather").await;
    let content = "openapi: 3.1.0\ninfo: {title: T}\npaths:\n  /cities/{city}/current:\n    get: {operationId: getCurrentWeather, summary: How it is now, description: Rainy days.}\n";
    for id in [version, hidden_version] {
        products::specifications::put(&core, Actor::System, id, "", content.to_owned()).await.unwrap();
    }
    publish(&core, version, &here, strategy).await;
    let unpublished = PublicationInput { publish_status: PublishStatus::Unpublished, ..publication_input(Some(strategy)) };
    publications::put(&core, Actor::System, hidden_version, here.id, &unpublished).await.unwrap();
    for (product, status) in [(product, PublishStatus::Published), (hidden, PublishStatus::Published)] {
        let input = DocumentInput {
            status,
            content: "When it rains, forecasts <b>matter</b>.".into(),
            ..document_input("Reading forecasts")
        };
        documents::create(&core, Actor::System, product, input).await.unwrap();
    }
    let draft = DocumentInput { status: PublishStatus::Unpublished, content: "rain".into(), ..document_input("Draft") };
    documents::create(&core, Actor::System, product, draft).await.unwrap();
    let ada = a_developer(&core, &here, "ada").await;
    let mallory = a_developer(&core, &there, "mallory").await;

    use FoundKind::{Document, Operation, Product, Version};
    let operation = || (Operation, "GET /cities/{city}/current".to_owned());
    assert_eq!(found(&core, ada, &here, "weather").await, [(Product, "Weather".to_owned()), operation()]);
    assert_eq!(found(&core, ada, &here, "rain").await, [(Document, "Reading forecasts".to_owned()), operation()]);
    assert_eq!(found(&core, ada, &here, "forecast read").await, [(Document, "Reading forecasts".to_owned())]);
    assert_eq!(found(&core, ada, &here, "CITY current").await, [operation()]);
    assert_eq!(found(&core, ada, &here, "v1").await, [(Version, "Weather v1".to_owned())]);
    for nothing in ["", "  ", "&|!:*()'\\", "the", "snow", "weather snow"] {
        assert!(found(&core, ada, &here, nothing).await.is_empty(), "{nothing}");
    }
    assert!(found(&core, mallory, &there, "weather").await.is_empty());
    let request = PageRequest { search: "weather".to_owned(), ..PageRequest::default() };
    assert_eq!(problem(search::search(&core, mallory, &here, &request).await), Problem::NotFound);
    assert_eq!(problem(search::search(&core, Actor::Anonymous, &here, &request).await), Problem::Unauthenticated);
    let rain = PageRequest { search: "rain".to_owned(), ..PageRequest::default() };
    let snippet = search::search(&core, ada, &here, &rain).await.unwrap().items[0].snippet.clone();
    // Postgres leaves tags out of what it shows.
    assert_eq!(snippet, format!("When it {MATCH_BEGINS}rains{MATCH_ENDS}, forecasts  matter ."));
}

#[tokio::test]
async fn a_public_portal_is_searched_by_anyone_and_results_come_in_pages() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { is_public: true, ..portal_input("a") }).await;
    let (_, version) = a_version(&core, "Weather").await;
    let paths: String = (0..30).map(|i| format!("  /rain/{i}: {{get: {{}}}}\n")).collect();
    let content = format!("openapi: 3.1.0\ninfo: {{title: T}}\npaths:\n{paths}");
    products::specifications::put(&core, Actor::System, version, "", content).await.unwrap();
    publish(&core, version, &portal, strategy).await;
    let mut seen = Vec::new();
    for index in 0..2 {
        let request = PageRequest { search: "rain".to_owned(), index, ..PageRequest::default() };
        let page = search::search(&core, Actor::Anonymous, &portal, &request).await.unwrap();
        assert_eq!(page.total, 30);
        seen.extend(page.items.into_iter().map(|found| found.title));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 30);
}
