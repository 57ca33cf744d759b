//! A Portico described by files.

use crate::browser::TestServer;
use portico::declarative::{self, client::Client};
use portico_core::{Actor, access_tokens, portals, products::versions, publications};
use portico_testing::{SPECIFICATION, a_developer, an_admin, an_application, an_approved_registration};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const FILE: &str = r##"
gateways:
  - name: Edge
    labels: {env: test}
    services:
      - {name: weather, url: "http://127.0.0.1:9000/api", route_paths: [/weather]}
dcr_providers:
  - name: okta
    provider_type: okta
    issuer: https://okta.example.com
    dcr_config: {dcr_token: {env: OKTA_TOKEN}}
auth_strategies:
  - name: keys
    display_name: API key
    strategy_type: key_auth
    configs: {key-auth: {key_names: [apikey, x-api-key]}}
  - name: other
    display_name: Other key
    strategy_type: key_auth
    configs: {key-auth: {key_names: [apikey]}}
products:
  - name: Weather
    description: Of cities.
    labels: {env: test, team: a}
    portals: [Developers]
    versions:
      - {name: v1, gateway_service: Edge/weather, specification: specifications/api.yaml}
    documents:
      - {name: start, title: Start, content: "# Hello"}
      - {name: more, title: More, file: more.md, parent: start, status: unpublished}
portals:
  - name: Developers
    default_auth_strategy: keys
    auto_approve_applications: true
    publications:
      - {name: Weather/v1, auth_strategy: keys, application_registration_enabled: true}
    teams:
      - name: Robots
        roles: [{role: API Viewer, product: Weather}]
"##;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portico-{}/{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> &Path {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn client_of(server: &TestServer) -> Client {
    let admin = an_admin(&server.core).await;
    let input = portico_testing::access_token_input("files", 1);
    let token = access_tokens::create(&server.core, admin, &input).await.unwrap();
    Client::new(&server.listen().await, token.expose()).unwrap()
}

fn variables() -> BTreeMap<String, String> {
    BTreeMap::from([("OKTA_TOKEN".to_owned(), "a-token".to_owned())])
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("portico.yaml", FILE);
    folder.write("specifications/api.yaml", SPECIFICATION);
    folder.write("more.md", "More\r\ntext.\n");
    folder
}

#[tokio::test]
async fn applying_twice_changes_nothing_and_an_export_is_the_same_again() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let folder = folder("twice");
    let planned = declarative::plan(&client, &folder.0).await.unwrap();
    assert!(
        planned.contains("+ portal Developers") && planned.ends_with("14 to make, 0 to change, 0 as they should be."),
        "{planned}"
    );
    assert!(portals::choices(&server.core, Actor::System).await.unwrap().is_empty(), "a plan changes nothing");
    declarative::apply(&client, &folder.0, &variables()).await.unwrap();
    let again = declarative::apply(&client, &folder.0, &variables()).await.unwrap();
    assert_eq!(again, "0 to make, 0 to change, 14 as they should be.");

    let (first, second) = (Folder::new("first"), Folder::new("second"));
    declarative::export(&client, &first.0).await.unwrap();
    let same = declarative::plan(&client, &first.0).await.unwrap();
    assert_eq!(same, "0 to make, 0 to change, 14 as they should be.", "what is written can be read");

    let elsewhere = TestServer::new().await;
    let other = client_of(&elsewhere).await;
    let file = fs::read_to_string(first.0.join("portico.yaml")).unwrap();
    assert!(file.contains("OKTA_SECRET"), "{file}");
    first.write("portico.yaml", &file.replace("OKTA_SECRET", "OKTA_TOKEN"));
    declarative::apply(&other, &first.0, &variables()).await.unwrap();
    declarative::export(&other, &second.0).await.unwrap();
    assert_eq!(fs::read_to_string(second.0.join("portico.yaml")).unwrap(), file);
    let specification = "specifications/Weather/v1/api.yaml";
    assert_eq!(fs::read_to_string(second.0.join(specification)).unwrap(), SPECIFICATION);
}

#[tokio::test]
async fn a_change_is_shown_with_whom_it_stops() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let folder = folder("stops");
    declarative::apply(&client, &folder.0, &variables()).await.unwrap();
    let core = &server.core;
    let portal = portals::choices(core, Actor::System).await.unwrap().remove(0);
    let ada = a_developer(core, &portal, "ada").await;
    let application = an_application(core, ada, &portal, "Robot", portal.default_auth_strategy_id.unwrap()).await;
    let published = publications::in_portal(core, Actor::System, portal.id).await.unwrap().remove(0);
    an_approved_registration(core, ada, &portal, application, published.version_id).await;

    for (from, to, expected) in [
        (
            "auth_strategy: keys,",
            "auth_strategy: other,",
            "    auth_strategy: \"keys\" -> \"other\"\n    ! stops: Robot of ada, in Developers",
        ),
        ("gateway_service: Edge/weather,", "gateway_service: ~,", "    ! stops: Robot of ada, in Developers"),
        ("[apikey, x-api-key]", "[apikey]", "    ! stops: Robot of ada, in Developers"),
        (
            "labels: {env: test, team: a}",
            "labels: {env: prod}",
            "    labels.env: \"test\" -> \"prod\"\n    labels.team: \"a\" -> null\n",
        ),
        ("route_paths: [/weather]", "route_paths: [/w]", "    ! stops: Robot of ada, in Developers"),
        ("route_paths: [/weather]", "route_paths: [/weather, /w]", "    route_paths: [\"/weather\"] -> [\"/weather\",\"/w\"]\n"),
        (
            "issuer: https://okta.example.com",
            "issuer: https://id.example.com",
            "    dcr_config.dcr_token: sent from the variable OKTA_TOKEN",
        ),
        ("content: \"# Hello\"", "content: \"# Bye\"", "    content: \"# Hello\" -> \"# Bye\""),
    ] {
        let changed = FILE.replace(from, to);
        assert_ne!(changed, FILE, "{from}");
        let planned = declarative::plan(&client, folder.write("portico.yaml", &changed)).await.unwrap();
        assert!(planned.contains(expected) && planned.contains("0 to make, 1 to change, 13"), "{to}: {planned}");
        assert_eq!(planned.contains("would stop working"), expected.contains("stops"), "{planned}");
    }
    let longer = folder.write("specifications/api.yaml", &SPECIFICATION.replace("title: ", "title: A new "));
    let planned = declarative::plan(&client, longer).await.unwrap();
    assert!(planned.contains("    content, from line ") && planned.contains("A new "), "{planned}");
    folder.write("specifications/api.yaml", SPECIFICATION);
    let changed = FILE
        .replace("issuer: https://okta.example.com", "issuer: https://id.example.com")
        .replace("labels: {env: test, team: a}", "labels: {env: prod}")
        .replace("Edge/weather,", "Edge/weather, labels: {a: b},");
    declarative::apply(&client, folder.write("portico.yaml", &changed), &variables()).await.unwrap();
    let again = declarative::plan(&client, &folder.0).await.unwrap();
    assert_eq!(again, "0 to make, 0 to change, 14 as they should be.");
    assert_eq!(versions::get(core, Actor::System, published.version_id).await.unwrap().labels.0["a"], "b");
}

#[tokio::test]
async fn what_the_files_say_wrongly_is_named_before_anything_is_done() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let folder = folder("wrong");
    for (from, to, expected) in [
        ("default_auth_strategy: keys", "default_strategy: keys", "default_strategy"),
        ("{name: more,", "{name: start,", "is there twice"),
        ("specifications/api.yaml", "specifications/none.yaml", "none.yaml"),
        ("file: more.md", "file: more.md, content: x", "a file and a content"),
        ("{env: OKTA_TOKEN}", "a-token", "dcr_token is a secret: write {env: NAME}"),
        ("{env: OKTA_TOKEN}", "{env: NO_SUCH_VARIABLE}", "NO_SUCH_VARIABLE, which is not set"),
        ("auth_strategy: keys,", "auth_strategy: nobodys,", "there is no auth strategy \"nobodys\""),
        ("gateway_service: Edge/weather", "gateway_service: Edge/none", "there is no gateway service \"Edge/none\""),
        ("product: Weather}]", "product: None}]", "there is no API product \"None\""),
        ("- name: Robots", "- name: Robots/EU", "the team \"Robots/EU\" has a / in its name"),
        (
            "portals: [Developers]",
            "portals: []",
            "Weather/v1 is published in Developers, which is not among the portals of Weather",
        ),
    ] {
        let changed = FILE.replace(from, to);
        let refused = declarative::apply(&client, folder.write("portico.yaml", &changed), &variables()).await;
        assert_ne!(changed, FILE, "{from}");
        let refused = format!("{:#}", refused.unwrap_err());
        assert!(refused.contains(expected), "{refused}");
        assert!(portals::choices(&server.core, Actor::System).await.unwrap().is_empty());
    }
    // What only Portico can tell is refused by it, with what was done before.
    let unnamed = FILE.replace("route_paths: [/weather]", "route_paths: [weather]");
    let refused = declarative::apply(&client, folder.write("portico.yaml", &unnamed), &variables()).await.unwrap_err();
    let refused = format!("{refused:#}");
    assert!(refused.contains("the gateway service \"Edge/weather\"; done before it: the gateway \"Edge\""), "{refused}");
    declarative::apply(&client, folder.write("portico.yaml", FILE), &variables()).await.unwrap();
    let typed = FILE.replace("provider_type: okta", "provider_type: curity");
    let refused = declarative::plan(&client, folder.write("portico.yaml", &typed)).await.unwrap_err();
    assert!(format!("{refused:#}").contains("its provider_type stays okta"), "{refused:#}");
}

#[tokio::test]
async fn what_portico_writes_otherwise_is_no_change() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let folder = folder("written");
    let written = FILE
        .replace("http://127.0.0.1:9000/api", "http://LOCALHOST:80/api/")
        .replace("route_paths: [/weather]", "route_paths: [/weather/], route_hosts: [API.example.com]")
        .replace("description: Of cities.", "description: |\n      Of cities.\n")
        .replace("default_auth_strategy: keys", "custom_domain: Dev.Example.com");
    assert_ne!(written, FILE);
    declarative::apply(&client, folder.write("portico.yaml", &written), &variables()).await.unwrap();
    let again = declarative::plan(&client, &folder.0).await.unwrap();
    assert_eq!(again, "0 to make, 0 to change, 14 as they should be.");
}

#[tokio::test]
async fn two_versions_can_swap_their_services() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let folder = Folder::new("swap");
    let file = |blue: &str, green: &str| {
        format!(
            "gateways: [{{name: Edge, services: [{{name: a, url: 'http://127.0.0.1:1', route_paths: [/a]}},
                {{name: b, url: 'http://127.0.0.1:1', route_paths: [/b]}}]}}]
products: [{{name: P, versions: [{{name: blue, gateway_service: {blue}}}, {{name: green, gateway_service: {green}}}]}}]
"
        )
    };
    for (blue, green) in [("Edge/a", "Edge/b"), ("Edge/b", "Edge/a"), ("~", "Edge/b")] {
        declarative::apply(&client, folder.write("portico.yaml", &file(blue, green)), &variables()).await.unwrap();
        let again = declarative::plan(&client, &folder.0).await.unwrap();
        assert_eq!(again, "0 to make, 0 to change, 6 as they should be.");
    }
}

/// Whatever things are called, the files of an export stay in their directory, each with its own.
#[tokio::test]
async fn an_export_writes_each_specification_to_a_file_of_its_own() {
    let server = TestServer::new().await;
    let client = client_of(&server).await;
    let (folder, exported) = (Folder::new("names"), Folder::new("exported/inner"));
    let mut file = "products:\n".to_owned();
    for (index, name) in ["Pay & Go", "Pay + Go", ".."].iter().enumerate() {
        let specification = format!("{index}/api.yaml");
        folder.write(&specification, &SPECIFICATION.replace("title: ", &format!("title: {index} ")));
        file += &format!("  - {{name: '{name}', versions: [{{name: '..', specification: {specification}}}]}}\n");
    }
    declarative::apply(&client, folder.write("portico.yaml", &file), &variables()).await.unwrap();
    declarative::export(&client, &exported.0).await.unwrap();
    let same = declarative::plan(&client, &exported.0).await.unwrap();
    assert_eq!(same, "0 to make, 0 to change, 9 as they should be.");
    let around: Vec<_> = fs::read_dir(exported.0.parent().unwrap()).unwrap().collect();
    assert_eq!(around.len(), 1, "{around:?}");
}
