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
        let path = std::env::temp_dir().join(format!("portico-{name}-{}", std::process::id()));
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
            "    labels: {\"env\":\"test\",\"team\":\"a\"} -> {\"env\":\"prod\"}",
        ),
        ("content: \"# Hello\"", "content: \"# Bye\"", "    content: \"# Hello\" -> \"# Bye\""),
    ] {
        let changed = FILE.replace(from, to);
        assert_ne!(changed, FILE, "{from}");
        let planned = declarative::plan(&client, folder.write("portico.yaml", &changed)).await.unwrap();
        assert!(planned.contains(expected) && planned.contains("0 to make, 1 to change, 13"), "{to}: {planned}");
        assert_eq!(planned.contains("would stop working"), expected.contains("stops"), "{planned}");
    }
    let changed = FILE
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
    ] {
        let changed = FILE.replace(from, to);
        let refused = declarative::apply(&client, folder.write("portico.yaml", &changed), &variables()).await;
        assert_ne!(changed, FILE, "{from}");
        let refused = format!("{:#}", refused.unwrap_err());
        assert!(refused.contains(expected), "{refused}");
        assert!(portals::choices(&server.core, Actor::System).await.unwrap().is_empty());
    }
    let secret = FILE.replace("{env: OKTA_TOKEN}", "{env: NO_SUCH_VARIABLE}");
    let refused = declarative::apply(&client, folder.write("portico.yaml", &secret), &variables()).await.unwrap_err();
    assert!(format!("{refused:#}").contains("NO_SUCH_VARIABLE, which is not set"), "{refused:#}");
    let unknown = FILE.replace("auth_strategy: keys,", "auth_strategy: nobodys,");
    let refused = declarative::apply(&client, folder.write("portico.yaml", &unknown), &variables()).await.unwrap_err();
    assert!(format!("{refused:#}").contains("there is no auth strategy \"nobodys\""), "{refused:#}");
}
