use crate::{conflict, invalid, problem};
use portico_core::{
    Actor,
    gateways::{self, ServiceInput, changes, tokens},
};
use portico_model::{
    ids::GatewayId,
    paging::PageRequest,
    problem::{Conflict, Problem, Rule},
};
use portico_testing::{
    TestCore, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    link, portal_input, publish,
};

#[tokio::test]
async fn a_linked_service_and_a_gateway_with_services_stay() {
    let core = TestCore::new().await;
    let (_, version) = a_version(&core, "Weather").await;
    let service = a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    let gateway = gateways::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    assert_eq!(problem(gateways::delete_service(&core, Actor::System, service).await), conflict(Conflict::ServiceInUse));
    link(&core, version, None).await.unwrap();
    assert_eq!(problem(gateways::delete(&core, Actor::System, gateway).await), conflict(Conflict::GatewayInUse));
    gateways::delete_service(&core, Actor::System, service).await.unwrap();
    gateways::delete(&core, Actor::System, gateway).await.unwrap();
}

#[tokio::test]
async fn what_a_service_matches_is_unique_and_a_service_serves_one_version() {
    let core = TestCore::new().await;
    let (_, version) = a_version(&core, "Weather").await;
    let (_, other) = a_version(&core, "Maps").await;
    let service = a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    let gateway = gateways::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    let input = |name: &str, path_prefix: &str, upstream_url: &str| ServiceInput {
        name: name.to_owned(),
        path_prefix: path_prefix.to_owned(),
        upstream_url: upstream_url.to_owned(),
        ..ServiceInput::default()
    };
    let create = async |input: ServiceInput| problem(gateways::create_service(&core, Actor::System, gateway, &input).await);
    assert_eq!(create(input("b", "/weather/", "http://a")).await, invalid("path_prefix", Rule::Taken));
    assert_eq!(create(input("/Weather", "/b", "http://a")).await, invalid("name", Rule::Taken));
    for own in ["/gateway", "/gateway/authorize"] {
        assert_eq!(create(input("b", own, "http://a")).await, invalid("path_prefix", Rule::ReservedPath));
    }
    assert_eq!(create(input("b", "/b", "file:///etc/passwd")).await, invalid("upstream_url", Rule::Url));
    let linked = link(&core, other, Some(service)).await;
    assert_eq!(problem(linked), invalid("gateway_service", Rule::Taken));
}

#[tokio::test]
async fn gateways_hear_of_every_change_that_matters_to_them() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    let ada = a_developer(&core, &portal, "ada").await;
    let mut position = changes::position(&core).await.unwrap();
    // A change may be told twice, while other transactions of the server run, but it is told.
    let mut heard = async |core: &TestCore| {
        let (changes, next) = changes::since(core, &position).await.unwrap();
        position = next;
        changes
    };
    a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    assert!(heard(&core).await.routing);
    publish(&core, version, &portal, strategy).await;
    assert!(heard(&core).await.routing);
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    assert!(heard(&core).await.applications.contains(&application));
    a_key(&core, ada, &portal, application).await;
    assert!(heard(&core).await.applications.contains(&application));
    an_approved_registration(&core, ada, &portal, application, version).await;
    assert!(heard(&core).await.applications.contains(&application));
    let Actor::Developer { id, .. } = ada else { panic!("a developer") };
    portico_core::developers::delete(&core, Actor::System, id).await.unwrap();
    assert!(heard(&core).await.applications.contains(&application));
}

#[tokio::test]
async fn a_change_that_commits_late_is_not_missed() {
    let core = TestCore::new().await;
    let position = changes::position(&core).await.unwrap();
    let mut late = core.begin().await.unwrap();
    sqlx::query("insert into gateway_change (application_id) values (null)").execute(&mut *late).await.unwrap();
    // Another transaction begins later, commits earlier, and is read.
    a_linked_service(&core, a_version(&core, "Weather").await.1, "/weather", "http://127.0.0.1:1").await;
    let (_, position) = changes::since(&core, &position).await.unwrap();
    late.commit().await.unwrap();
    let (changes, position) = changes::since(&core, &position).await.unwrap();
    assert!(changes.routing);
    // Once nothing runs any more it is told no longer.
    let mut position = position;
    loop {
        let (changes, next) = changes::since(&core, &position).await.unwrap();
        position = next;
        if !changes.routing {
            break;
        }
    }
}

#[tokio::test]
async fn gateways_and_services_are_searched() {
    let core = TestCore::new().await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    let request = |search: &str| PageRequest { search: search.to_owned(), sort: "-name".to_owned(), ..PageRequest::default() };
    let found = gateways::list(&core, Actor::System, &request("WEATH")).await.unwrap();
    assert_eq!((found.total, found.items[0].service_count), (1, 1));
    assert_eq!(gateways::list(&core, Actor::System, &request("maps")).await.unwrap().total, 0);
    let services =
        async |search: &str| gateways::services(&core, Actor::System, found.items[0].id, &request(search)).await.unwrap();
    assert_eq!(services("127.0.0.1").await.items[0].version_id, Some(version));
    assert_eq!(services("nothing").await.total, 0);
}

#[tokio::test]
async fn a_gateway_has_ten_tokens_at_most_each_shown_once_and_kept_as_a_digest() {
    let core = TestCore::new().await;
    let gateway = gateways::create(&core, Actor::System, "Edge").await.unwrap();
    let create = async |name: &str| tokens::create_token(&core, Actor::System, gateway, name).await;
    let first = create("token 0").await.unwrap();
    assert!(first.expose().starts_with("pgt_"));
    let kept: Vec<u8> = sqlx::query_scalar("select token_digest from gateway_token").fetch_one(&core.pool).await.unwrap();
    assert_eq!(kept, tokens::digest(first.expose()));
    assert_eq!(problem(create("").await), invalid("name", Rule::Required));
    assert_eq!(problem(create("Token 0").await), invalid("name", Rule::Taken));
    for index in 1..10 {
        create(&format!("token {index}")).await.unwrap();
    }
    assert_eq!(problem(create("one more").await), conflict(Conflict::TooManyGatewayTokens));
    let listed = tokens::tokens(&core, Actor::System, gateway).await.unwrap();
    assert_eq!(listed.len(), 10);
    tokens::revoke_token(&core, Actor::System, listed[0].id).await.unwrap();
    assert_eq!(problem(tokens::revoke_token(&core, Actor::System, listed[0].id).await), Problem::NotFound);
    create("one more").await.unwrap();
    let nowhere = tokens::create_token(&core, Actor::System, GatewayId(uuid::Uuid::nil()), "x").await;
    assert_eq!(problem(nowhere), Problem::NotFound);
}
