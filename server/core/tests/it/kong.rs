use crate::problem;
use portico_core::{
    Actor, auth_strategies,
    auth_strategies::OpenidConnectInput,
    gateways::{self, kong},
    publications::{self, PublicationInput},
    secrets::Plain,
};
use portico_model::{paging::PageRequest, problem::Problem};
use portico_testing::{
    TestCore, a_client, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application,
    an_approved_registration, issuer::Issuer, openid_connect_input, portal_input, publication_input, publish,
};
use serde_json::{Value, json};

#[tokio::test]
async fn plugins_say_what_the_built_in_gateway_does_and_hold_no_secret() {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[]).await;
    let keys = a_strategy(&core, "keys").await;
    let okta = OpenidConnectInput {
        auth_methods: vec!["introspection".to_owned()],
        client_id: "gateway".to_owned(),
        client_secret: Some(Plain::new("hush")),
        further: r#"{"audience_required": ["a"]}"#.to_owned(),
        ..openid_connect_input("okta", &issuer.url)
    };
    let okta = auth_strategies::create_openid_connect(&core, Actor::System, okta).await.unwrap();
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", "http://10.0.0.5:8080").await;
    let gateway = gateways::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    let plugins = async || kong::plugins(&core, Actor::System, gateway).await.unwrap().remove(0);
    let names = |plugins: &[Value]| plugins.iter().map(|plugin| plugin["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();

    let closed = plugins().await;
    assert_eq!(names(&closed.legacy), ["request-termination"], "nothing opens it");
    assert!(closed.current.is_none());
    publish(&core, version, &here, keys).await;
    publish(&core, version, &there, okta).await;
    let both = plugins().await;
    assert_eq!(names(&both.legacy), ["key-auth", "openid-connect", "acl"]);
    assert_eq!(both.legacy[1]["config"]["consumer_claim"], json!(["client_id"]));
    assert_eq!(both.legacy[2]["config"]["allow"], json!([version]));
    let current = both.current.unwrap();
    assert_eq!(current["name"], "konnect-application-auth");
    let strategies = &current["config"]["v2_strategies"];
    assert_eq!(strategies["key_auth"], json!([{ "strategy_id": keys, "config": { "key_names": ["apikey"] } }]));
    let config = &strategies["openid_connect"][0]["config"];
    assert_eq!((&config["credential_claim"], &config["audience_required"]), (&json!(["client_id"]), &json!(["a"])));
    assert!(!current.to_string().contains("hush") && !both.legacy[1].to_string().contains("hush"));

    let ada = a_developer(&core, &here, "ada").await;
    let app = an_application(&core, ada, &here, "App", keys).await;
    an_application(&core, ada, &here, "Unregistered", keys).await;
    an_approved_registration(&core, ada, &here, app, version).await;
    let key = a_key(&core, ada, &here, app).await;
    let bob = a_developer(&core, &there, "bob").await;
    let client = a_client(&core, bob, &there, okta, "bobs-client").await;
    an_approved_registration(&core, bob, &there, client, version).await;
    let written = kong::declarative(&core, Some("/WEATHER")).await.unwrap();
    assert_eq!(written["services"][0]["url"], "http://10.0.0.5:8080");
    assert_eq!(written["services"][0]["routes"][0]["paths"], json!(["/weather"]));
    let consumers = written["consumers"].as_array().unwrap();
    assert_eq!(consumers.len(), 2, "whoever may call nothing is none");
    let of = |id: String| consumers.iter().find(|consumer| consumer["username"] == id).unwrap();
    assert_eq!(of(client.to_string())["custom_id"], "bobs-client");
    assert_eq!(of(app.to_string())["acls"], json!([{ "group": version }]));
    assert!(!written.to_string().contains(&key.expose()[30..]));
    assert_eq!(problem(kong::declarative(&core, Some("nothing")).await), Problem::NotFound);

    let open = PublicationInput { no_authentication: true, ..publication_input(None) };
    publications::put(&core, Actor::System, version, here.id, &open).await.unwrap();
    let open = plugins().await;
    assert!(open.legacy.is_empty() && open.current.is_none());
}
