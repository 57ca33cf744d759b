use super::{Answered, Client, has_exactly};
use crate::browser::TestServer;
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use portico_core::{Actor, auth_strategies, dcr_providers, portals::Portal, publications};
use portico_model::{
    ids::{AuthStrategyId, VersionId},
    states::ProviderType,
};
use portico_testing::{
    a_developer, a_portal, a_strategy, a_version, an_application, an_approved_registration, openid_connect_input, portal_input,
    providers::Provider,
};
use serde_json::{Value, json};

struct World {
    portal: Portal,
    version: VersionId,
    strategy: AuthStrategyId,
}

impl World {
    async fn new(server: &TestServer) -> Self {
        let portal = a_portal(&server.core, portal_input("weather")).await;
        let (_, version) = a_version(&server.core, "Weather").await;
        let strategy = a_strategy(&server.core, "keys").await;
        Self { portal, version, strategy }
    }

    fn all(&self) -> String {
        format!("/v2/portals/{}/product-versions", self.portal.id)
    }

    fn one(&self) -> String {
        format!("{}/{}", self.all(), self.version)
    }

    /// As the product's own automation guide prints it.
    fn body(&self) -> Value {
        json!({
            "product_version_id": self.version,
            "auth_strategy_ids": [self.strategy],
            "publish_status": "published",
            "application_registration_enabled": true,
            "auto_approve_registration": true,
            "deprecated": false,
        })
    }
}

#[track_caller]
fn is_publication(view: &Value) {
    let fields = [
        "id",
        "product_version_id",
        "publish_status",
        "auth_strategies",
        "application_registration_enabled",
        "auto_approve_registration",
        "deprecated",
        "created_at",
        "updated_at",
    ];
    has_exactly(view, &fields);
    for strategy in view["auth_strategies"].as_array().unwrap() {
        match strategy["credential_type"].as_str().unwrap() {
            "key_auth" => has_exactly(strategy, &["id", "name", "credential_type", "key_names"]),
            _ if strategy.get("available_scopes").is_some() => {
                has_exactly(strategy, &["id", "name", "credential_type", "auth_methods", "available_scopes"]);
            }
            _ => has_exactly(strategy, &["id", "name", "credential_type", "auth_methods"]),
        }
    }
}

/// With and without a final slash, the token bare and not.
#[tokio::test]
async fn the_guides_instruction_works_as_printed() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let bare = client.with(client.authorization.trim_start_matches("Bearer "));
    let world = World::new(&server).await;
    for (client, slash) in [(&client, ""), (&client, "/"), (&bare, ""), (&bare, "/")] {
        let answer = client.call(Method::POST, &format!("{}{slash}", world.all()), &world.body()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        is_publication(&answer.body);
        assert_eq!(answer.body["product_version_id"], world.version.to_string());
        assert_eq!(answer.body["auth_strategies"][0]["key_names"], json!(["apikey"]));
        let again = client.call(Method::POST, &world.all(), &world.body()).await;
        assert_eq!(again.wrong(), ("product_version_id".to_owned(), "invalid".to_owned(), "body".to_owned()));
        assert_eq!(client.get(&format!("{}{slash}", world.one())).await.body, answer.body);
        let deleted = client.send(Method::DELETE, &format!("{}{slash}", world.one()), Body::empty()).await;
        assert_eq!((deleted.status, deleted.body), (StatusCode::NO_CONTENT, Value::Null));
        client.get(&world.one()).await.refusal(StatusCode::NOT_FOUND);
    }
    let seen = publications::of_version(&server.core, Actor::System, world.version).await.unwrap();
    assert!(seen.is_empty());
}

#[tokio::test]
async fn replacing_and_changing_are_told_apart() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    let mut whole = world.body();
    whole.as_object_mut().unwrap().remove("product_version_id");
    client.call(Method::PUT, &world.one(), &whole).await.refusal(StatusCode::NOT_FOUND);
    client.call(Method::PATCH, &world.one(), &json!({"deprecated": true})).await.refusal(StatusCode::NOT_FOUND);
    client.call(Method::POST, &world.all(), &world.body()).await;

    let changed = client.call(Method::PATCH, &world.one(), &json!({"auto_approve_registration": false})).await;
    assert_eq!(changed.status, StatusCode::OK);
    is_publication(&changed.body);
    assert_eq!(
        (&changed.body["auto_approve_registration"], &changed.body["publish_status"]),
        (&json!(false), &json!("published"))
    );
    assert_eq!(changed.body["auth_strategies"][0]["id"], world.strategy.to_string(), "what is not named stays");
    let unchanged = client.call(Method::PATCH, &world.one(), &json!({})).await;
    assert_eq!(without_time(&unchanged), without_time(&changed));

    let twice = [client.call(Method::PUT, &world.one(), &whole).await, client.call(Method::PUT, &world.one(), &whole).await];
    assert_eq!(without_time(&twice[0]), without_time(&twice[1]), "the same state twice changes nothing");
    assert_eq!(twice[0].body["auto_approve_registration"], json!(true));
    // Without a strategy a version is closed, and nobody can register.
    let closed = json!({"auth_strategy_ids": [], "application_registration_enabled": false});
    let closed = client.call(Method::PATCH, &world.one(), &closed).await;
    assert_eq!(closed.body["auth_strategies"], json!([]));
    let seen = publications::of_version(&server.core, Actor::System, world.version).await.unwrap();
    assert!(!seen[0].no_authentication);
}

fn without_time(answer: &Answered) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("updated_at");
    body
}

#[tokio::test]
async fn bodies_are_closed_and_every_wrong_property_is_named() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    let nothing = "00000000-0000-4000-8000-000000000000";
    let cases = [
        ("publish_status", json!(null), "enum"),
        ("publish_status", json!("visible"), "enum"),
        ("auth_strategy_ids", json!("x"), "is_array"),
        ("auth_strategy_ids", json!(["x"]), "is_uuid"),
        ("auth_strategy_ids", json!([nothing, nothing]), "max_items"),
        ("auth_strategy_ids", json!([nothing]), "missing_reference"),
        ("auth_strategy_ids", json!([]), "required"),
        ("application_registration_enabled", json!("true"), "is_boolean"),
        ("auto_approve_registration", json!(1), "is_boolean"),
        ("deprecated", json!(null), "is_boolean"),
        ("product_version_id", json!(7), "is_uuid"),
        ("product_version_id", json!(nothing), "missing_reference"),
        ("notify_developers", json!(true), "unknown_property"),
        ("no_authentication", json!(true), "unknown_property"),
    ];
    for (field, value, rule) in cases {
        let mut body = world.body();
        body[field] = value.clone();
        let answer = client.call(Method::POST, &world.all(), &body).await;
        assert_eq!(answer.wrong(), (field.to_owned(), rule.to_owned(), "body".to_owned()), "{field}: {value}");
    }
    let empty = client.call(Method::POST, &world.all(), &json!({})).await.refusal(StatusCode::BAD_REQUEST);
    assert_eq!(empty.len(), 6, "all that is missing at once: {empty:?}");
    for body in ["", "[]", "{", "\"x\"", "{\"a\":1e999}"] {
        let answer = client.send(Method::POST, &world.all(), Body::from(body)).await;
        assert_eq!(answer.wrong().1, "is_object", "{body}");
    }
    assert!(publications::of_version(&server.core, Actor::System, world.version).await.unwrap().is_empty());
}

#[tokio::test]
async fn lists_are_paged_ordered_and_filtered() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    let mut versions = Vec::new();
    for index in 0..5 {
        let (_, version) = a_version(&server.core, &format!("Product {index}")).await;
        let mut body = world.body();
        body["product_version_id"] = json!(version);
        body["deprecated"] = json!(index % 2 == 0);
        assert_eq!(client.call(Method::POST, &world.all(), &body).await.status, StatusCode::CREATED);
        versions.push(version.to_string());
    }
    let list = async |query: &str| {
        let answer = client.get(&format!("{}?{query}", world.all())).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        has_exactly(&answer.body, &["data", "meta"]);
        has_exactly(&answer.body["meta"]["page"], &["number", "size", "total"]);
        answer.body["data"].as_array().unwrap().iter().for_each(is_publication);
        let ids =
            answer.body["data"].as_array().unwrap().iter().map(|view| view["product_version_id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), answer.body["meta"]["page"].clone())
    };
    assert_eq!(list("sort=created_at").await, (versions.clone(), json!({"number": 1, "size": 10, "total": 5})));
    let (second, page) = list("page[size]=2&page[number]=2&sort=created_at%20desc").await;
    assert_eq!((second, page), (vec![versions[2].clone(), versions[1].clone()], json!({"number": 2, "size": 2, "total": 5})));
    assert_eq!(list("page%5Bsize%5D=2&page%5Bnumber%5D=9").await.0, Vec::<String>::new());
    let filtered = list("filter[deprecated]=true&filter[publish_status][eq]=published").await;
    assert_eq!(filtered.1["total"], 3);
    assert_eq!(list(&format!("filter[product_version_id][oeq]={},{}", versions[0], versions[4])).await.1["total"], 2);
    assert_eq!(list(&format!("filter[auth_strategy_ids][neq]={}", world.strategy)).await.1["total"], 0);
    let closed = json!({"auth_strategy_ids": [], "application_registration_enabled": false});
    client.patch(&format!("{}/{}", world.all(), versions[0]), closed).await.is(200);
    assert_eq!(list(&format!("filter[auth_strategy_ids][neq]={}", world.strategy)).await.1["total"], 1, "none is another one");
    for (query, field, rule) in [
        ("filter[created_at][lte]=9999-12-31T23:59:59-01:00", "filter[created_at][lte]", "is_date_time"),
        ("filter[deprecated]=%00", "filter[deprecated]", "invalid"),
        ("sort=name", "sort", "enum"),
        ("filter[my_attribute]=x", "filter[my_attribute]", "unknown_property"),
        ("page[size]=ten", "page[size]", "is_integer"),
        ("limit=1", "limit", "unknown_property"),
    ] {
        let answer = client.get(&format!("{}?{query}", world.all())).await;
        assert_eq!(answer.wrong(), (field.to_owned(), rule.to_owned(), "query".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_strategy_says_what_kind_of_credential_it_takes() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    let provider = Provider::start(ProviderType::Auth0).await;
    let mut input = provider.input("dcr");
    input.config.use_developer_managed_scopes = true;
    let dcr = dcr_providers::create(&server.core, Actor::System, input).await.unwrap();
    let mut input = openid_connect_input("oidc", &provider.url);
    input.scopes = vec!["read".to_owned()];
    let own = auth_strategies::create_openid_connect(&server.core, Actor::System, input.clone()).await.unwrap();
    input.name = "dcr".to_owned();
    input.dcr_provider = Some(dcr);
    let registered = auth_strategies::create_openid_connect(&server.core, Actor::System, input).await.unwrap();
    client.call(Method::POST, &world.all(), &world.body()).await;
    let with = async |strategy: AuthStrategyId| {
        let answer = client.call(Method::PATCH, &world.one(), &json!({"auth_strategy_ids": [strategy]})).await;
        is_publication(&answer.body);
        answer.body["auth_strategies"][0].clone()
    };
    let view = with(own).await;
    assert_eq!(
        (&view["credential_type"], &view["auth_methods"]),
        (&json!("self_managed_client_credentials"), &json!(["bearer"]))
    );
    let view = with(registered).await;
    assert_eq!((&view["credential_type"], &view["available_scopes"]), (&json!("client_credentials"), &json!(["read"])));
}

#[tokio::test]
async fn whoever_has_no_token_learns_nothing() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    for authorization in ["", "Bearer", "Bearer ", "nonsense", "Basic YTpi", "Bearer portico_unknown"] {
        for target in [world.all(), world.one(), "/v2/nothing".to_owned()] {
            client.with(authorization).get(&target).await.refusal(StatusCode::UNAUTHORIZED);
        }
    }
    client.get("/v2/nothing").await.refusal(StatusCode::NOT_FOUND);
    client.get(&format!("/v2/portals/{}/product-versions", world.version)).await.refusal(StatusCode::NOT_FOUND);
    client.get("/v2/portals/x/product-versions").await.refusal(StatusCode::NOT_FOUND);
    client.send(Method::PUT, &world.all(), Body::empty()).await.refusal(StatusCode::METHOD_NOT_ALLOWED);
    let at_the_portal = Client { host: "weather.localhost", ..client.unchecked() };
    at_the_portal.get(&world.all()).await.refusal(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_somebody_registered_through_is_not_removed() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    client.call(Method::POST, &world.all(), &world.body()).await;
    let ada = a_developer(&server.core, &world.portal, "ada").await;
    let application = an_application(&server.core, ada, &world.portal, "app", world.strategy).await;
    an_approved_registration(&server.core, ada, &world.portal, application, world.version).await;
    client.send(Method::DELETE, &world.one(), Body::empty()).await.refusal(StatusCode::CONFLICT);
}

/// Everybody changes something else, and nobody undoes what another has changed.
#[tokio::test]
async fn changes_at_the_same_time_do_not_undo_each_other() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&server).await;
    client.call(Method::POST, &world.all(), &world.body()).await;
    let changes =
        [json!({"deprecated": true}), json!({"auto_approve_registration": false}), json!({"publish_status": "unpublished"})];
    let all = (0..20).map(|index| {
        let (client, change, one) = (&client, &changes[index % 3], world.one());
        async move { client.call(Method::PATCH, &one, change).await.status }
    });
    for status in futures_util::future::join_all(all).await {
        assert_eq!(status, StatusCode::OK);
    }
    let seen = client.get(&world.one()).await.body;
    let state = (&seen["deprecated"], &seen["auto_approve_registration"], &seen["publish_status"]);
    assert_eq!(state, (&json!(true), &json!(false), &json!("unpublished")));
}
