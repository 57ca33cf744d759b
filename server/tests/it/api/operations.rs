//! Every operation of the contracts, driven once with success; each answer is compared with its contract on the way.

use super::{Client, contract};
use crate::browser::TestServer;
use axum::{
    Router,
    http::{HeaderMap, Method},
    routing,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::{Actor, dcr_clients, jobs, portals};
use portico_model::states::ProviderType;
use portico_testing::{SPECIFICATION, a_developer, an_application, an_approved_registration, providers::Provider};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use time::format_description::well_known::Rfc3339;

#[tokio::test]
async fn every_operation_of_the_contracts_answers_as_they_say() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let keys = strategies(&client).await;
    providers(&client, &server).await;
    let portal = some_portals(&client, &keys).await;
    let (product, version) = products(&client, &portal).await;
    publications(&client, &portal, &product, &version, &keys).await;
    teams(&client, &server, &portal, &product).await;
    signing_in(&client, &portal).await;
    appearance(&client, &portal).await;
    audit_logs(&client, &server, &portal).await;
    people(&client, &server, &portal, &version, &keys).await;
    let missing: Vec<String> = contract::operations().difference(&client.driven.lock().unwrap()).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

async fn strategies(client: &Client<'_>) -> String {
    let all = "/v2/application-auth-strategies";
    let body = json!({"name": "keys", "display_name": "API key", "strategy_type": "key_auth",
        "configs": {"key-auth": {"key_names": ["apikey", "x-api-key"]}}, "labels": {"env": "test"}});
    let keys = client.post(all, body.clone()).await.id();
    let one = format!("{all}/{keys}");
    assert_eq!(client.get(&one).await.is(200)["configs"], json!({"key-auth": {"key_names": ["apikey", "x-api-key"]}}));
    let changed = client.patch(&one, json!({"display_name": "Key", "labels": {"env": null, "team": "a"}})).await.is(200);
    assert_eq!((&changed["display_name"], &changed["labels"]), (&json!("Key"), &json!({"team": "a"})));
    assert_eq!(client.call(Method::PUT, &one, &body).await.is(201)["labels"], json!({"env": "test"}));
    let provider = Provider::start(ProviderType::Curity).await;
    let body = json!({"name": "oidc", "display_name": "OIDC", "strategy_type": "openid_connect", "configs": {"openid-connect": {
        "issuer": provider.url, "scopes": [], "credential_claim": ["sub"], "auth_methods": ["bearer"], "cache_tokens": false}}});
    let oidc = client.post(all, body).await.id();
    let one = format!("{all}/{oidc}");
    let changed = client.patch(&one, json!({"configs": {"openid-connect": {"scopes": ["read"]}}})).await.is(200);
    let config = &changed["configs"]["openid-connect"];
    assert_eq!((&config["scopes"], &config["cache_tokens"]), (&json!(["read"]), &json!(false)), "what is not named stays");
    let listed = client.get(&format!("{all}?sort=name&filter[strategy_type]=key_auth")).await.is(200);
    assert_eq!(listed["data"][0]["id"], keys);
    client.delete(&one).await.is(204);
    keys
}

async fn providers(client: &Client<'_>, server: &TestServer) {
    let all = "/v2/dcr-providers";
    for kind in [ProviderType::Okta, ProviderType::Auth0, ProviderType::AzureAd, ProviderType::Curity, ProviderType::Http] {
        let provider = Provider::start(kind).await;
        let input = provider.input(kind.as_str());
        let secret = input.secret.as_ref().unwrap().expose();
        let config = &input.config;
        let config = match kind {
            ProviderType::Okta => json!({"dcr_token": secret}),
            ProviderType::Http => json!({"dcr_base_url": config.dcr_base_url, "api_key": secret}),
            _ => json!({"initial_client_id": config.initial_client_id, "initial_client_secret": secret}),
        };
        let body = json!({"name": input.name, "provider_type": kind.as_str(), "issuer": input.issuer, "dcr_config": config});
        let created = client.post(all, body).await;
        let told = created.body.to_string();
        assert!(!told.contains(secret), "{told}");
        let one = format!("{all}/{}", created.id());
        client.get(&one).await.is(200);
        let changed = client.patch(&one, json!({"display_name": "Ours", "labels": {"a": "b"}})).await.is(200);
        assert_eq!(changed["display_name"], "Ours");
        if kind == ProviderType::Okta {
            let worker = async {
                while !dcr_clients::run_next(&server.core).await.unwrap() {}
                while dcr_clients::run_next(&server.core).await.unwrap() {}
            };
            let verify = format!("{one}/verify");
            let (verified, ()) = tokio::join!(client.post(&verify, Value::Null), worker);
            assert_eq!(verified.is(200), json!({"status": "success", "errors": []}));
        }
        assert_eq!(
            client.get(&format!("{all}?filter[provider_type]={}", kind.as_str())).await.is(200)["meta"]["page"]["total"],
            1
        );
        if kind != ProviderType::Okta {
            client.delete(&one).await.is(204);
        }
    }
}

async fn some_portals(client: &Client<'_>, keys: &str) -> String {
    let body = json!({"name": "My portal", "description": "For all", "default_application_auth_strategy_id": keys});
    let portal = client.post("/v2/portals", body).await.id();
    let one = format!("/v2/portals/{portal}");
    let seen = client.get(&one).await.is(200);
    assert_eq!((&seen["default_domain"], &seen["display_name"]), (&json!("my-portal.localhost"), &json!("My portal")));
    let change = json!({"description": null, "custom_domain": "developers.example.com", "labels": {"env": "test"}});
    let changed = client.patch(&one, change.clone()).await.is(200);
    assert_eq!((&changed["description"], &changed["custom_domain"]), (&Value::Null, &json!("developers.example.com")));
    let mut again = client.patch(&one, change).await.is(200);
    again["updated_at"] = changed["updated_at"].clone();
    assert_eq!(again, changed, "the same state twice changes nothing");
    for query in [
        "filter[default_domain]=my-portal.localhost",
        "filter[name][contains]=PORTAL&sort=created_at desc",
        "filter[is_public]=false",
    ] {
        assert_eq!(client.get(&format!("/v2/portals?{}", query.replace(' ', "%20"))).await.is(200)["data"][0]["id"], portal);
    }
    let other = client.post("/v2/portals", json!({"name": "Other"})).await.id();
    client.delete(&format!("/v2/portals/{other}?force=false")).await.is(204);
    portal
}

async fn products(client: &Client<'_>, portal: &str) -> (String, String) {
    let body = json!({"name": "Weather", "labels": {"env": "test"}, "public_labels": {"kind": "rest"}, "portal_ids": [portal]});
    let product = client.post("/v2/api-products", body).await.id();
    let one = format!("/v2/api-products/{product}");
    let seen = client.get(&one).await.is(200);
    assert_eq!((&seen["portal_ids"], &seen["description"]), (&json!([portal]), &Value::Null));
    let changed = client.patch(&one, json!({"description": "Of cities", "portal_ids": []})).await.is(200);
    assert_eq!((&changed["portals"], &changed["public_labels"]), (&json!([]), &json!({"kind": "rest"})));
    assert_eq!(client.get("/v2/api-products?labels=env:test&public_labels=kind").await.is(200)["data"][0]["id"], product);
    assert_eq!(client.get("/v2/api-products?labels=env:prod").await.is(200)["data"], json!([]));
    let publish = |status: Value| json!({"api_products": {product.as_str(): status}});
    client.post(&format!("/v2/portals/{portal}/publish"), publish(Value::Null)).await.is(204);
    client.post(&format!("/v2/portals/{portal}/publish"), publish(json!({"publish_status": "published"}))).await.is(204);
    let listed = client.get(&format!("/v2/portals/{portal}/products?filter[name]=Weather&sort=name")).await.is(200);
    assert_eq!(listed["data"][0]["portal_ids"], json!([portal]));

    documents(client, &one).await;

    let plane = client.post("/v2/control-planes", json!({"name": "Edge"})).await.id();
    let services = format!("/v2/control-planes/{plane}/core-entities/services");
    let service = client.post(&services, json!({"name": "weather", "url": "http://127.0.0.1:9000/api"})).await.id();
    let all = format!("{one}/product-versions");
    let gateway_service = json!({"id": service, "control_plane_id": plane});
    let version =
        client.post(&all, json!({"name": "v1", "gateway_service": gateway_service, "publish_status": "published"})).await.id();
    let seen = client.get(&format!("{all}/{version}")).await.is(200);
    assert_eq!((&seen["publish_status"], &seen["portals"][0]["auth_strategies"]), (&json!("published"), &json!([])));
    assert_eq!(seen["gateway_service"]["id"], service);
    let changed = client.patch(&format!("{all}/{version}"), json!({"deprecated": true, "gateway_service": null})).await.is(200);
    assert_eq!((&changed["deprecated"], &changed["gateway_service"]), (&json!(true), &Value::Null));
    assert_eq!(client.post(&all, json!({"name": "V1"})).await.status.as_u16(), 409);
    let back = json!({"deprecated": false, "publish_status": "unpublished", "gateway_service": gateway_service});
    client.patch(&format!("{all}/{version}"), back).await.is(200);
    let query = format!("{all}?filter[gateway_service_id]={service}&filter[publish_status]=unpublished&sort=name");
    assert_eq!(client.get(&query).await.is(200)["meta"]["page"]["total"], 1);
    let other = client.post(&all, json!({"name": "v2"})).await.id();
    client.delete(&format!("{all}/{other}")).await.is(204);
    specifications(client, &format!("{all}/{version}/specifications")).await;

    let other = client.post("/v2/api-products", json!({"name": "Maps"})).await.id();
    client.delete(&format!("/v2/api-products/{other}")).await.is(204);
    (product, version)
}

async fn documents(client: &Client<'_>, product: &str) {
    let all = format!("{product}/documents");
    let body = |slug: &str, parent: Value| json!({"slug": slug, "title": slug, "status": "published", "content": "# *Hi*", "metadata": {"a": 1}, "parent_document_id": parent});
    let start = client.post(&all, body("start", Value::Null)).await.id();
    let inside = client.post(&all, body("inside", json!(start))).await.id();
    assert_eq!(client.post(&all, body("START", Value::Null)).await.status.as_u16(), 409);
    for metadata in [json!({"a": ["x\0"]}), json!({"a": {"\0": 1}})] {
        let wrong = client.patch(&format!("{all}/{inside}"), json!({"metadata": metadata})).await.wrong();
        assert_eq!((wrong.0.as_str(), wrong.1.as_str()), ("metadata.a", "invalid"), "no NUL is kept");
    }
    let seen = client.get(&format!("{all}/{inside}")).await.is(200);
    assert_eq!((&seen["ast"][0]["type"], &seen["metadata"]), (&json!("heading"), &json!({"a": 1})));
    let base64 = STANDARD.encode("## Ünïcode");
    let change = json!({"content": base64, "parent_document_id": null, "status": "unpublished"});
    assert_eq!(client.patch(&format!("{all}/{inside}"), change).await.is(200)["content"], "## Ünïcode");
    assert_eq!(client.patch(&format!("{all}/{inside}"), json!({"slug": "start"})).await.status.as_u16(), 409);
    client.patch(&format!("{all}/{inside}"), json!({"parent_document_id": start})).await.is(200);
    assert_eq!(client.get(&format!("{all}?page[size]=1")).await.is(200)["meta"]["page"]["total"], 2);
    let tree = client.accepting("application/vnd.konnect.document-tree+json", &all).await.is(200);
    assert_eq!((&tree["data"][0]["id"], &tree["data"][0]["children"][0]["id"]), (&json!(start), &json!(inside)));
    client.delete(&format!("{all}/{inside}")).await.is(204);
}

async fn specifications(client: &Client<'_>, all: &str) {
    let body = json!({"name": "api.yaml", "content": STANDARD.encode(SPECIFICATION)});
    let specification = client.post(all, body.clone()).await.id();
    assert_eq!(client.post(all, body).await.status.as_u16(), 409);
    let one = format!("{all}/{specification}");
    assert_eq!(client.get(&one).await.is(200)["content"], SPECIFICATION);
    assert_eq!(client.patch(&one, json!({"name": "other.yml"})).await.is(200)["name"], "other.yml");
    assert_eq!(client.get(all).await.is(200)["data"][0]["name"], "other.yml");
    for (field, value, rule) in [("name", "x.txt", "matches_regex"), ("content", "%", "is_base64")] {
        assert_eq!(client.patch(&one, json!({field: value})).await.wrong().1, rule, "{field}");
    }
    client.delete(&one).await.is(204);
    client.get(&one).await.is(404);
}

async fn publications(client: &Client<'_>, portal: &str, product: &str, version: &str, keys: &str) {
    let all = format!("/v2/portals/{portal}/product-versions");
    let one = format!("{all}/{version}");
    client.delete(&one).await.is(204);
    let mut body = json!({"product_version_id": version, "publish_status": "published", "auth_strategy_ids": [keys],
        "application_registration_enabled": true, "auto_approve_registration": true, "deprecated": false});
    client.post(&all, body.clone()).await.is(201);
    client.get(&one).await.is(200);
    body.as_object_mut().unwrap().remove("product_version_id");
    client.call(Method::PUT, &one, &body).await.is(200);
    client.patch(&one, json!({"auto_approve_registration": false})).await.is(200);
    client.get(&format!("{all}?sort=created_at")).await.is(200);
    assert_eq!(client.get(&format!("/v2/application-auth-strategies/{keys}")).await.is(200)["active"], true);
    assert_eq!(client.delete(&format!("/v2/application-auth-strategies/{keys}")).await.status.as_u16(), 409);
    client.delete(&format!("/v2/api-products/{product}")).await.is(409);
    client.delete(&format!("/v2/api-products/{product}/product-versions/{version}")).await.is(409);
}

async fn people(client: &Client<'_>, server: &TestServer, portal: &str, version: &str, keys: &str) {
    let core = &server.core;
    let found = portals::get(core, Actor::System, portal.parse().unwrap()).await.unwrap();
    let ada = a_developer(core, &found, "ada").await;
    let (keys, version) = (keys.parse().unwrap(), version.parse().unwrap());
    let application = an_application(core, ada, &found, "Robot", keys).await;
    an_approved_registration(core, ada, &found, application, version).await;
    let base = format!("/v2/portals/{portal}");
    let developer = ada.id().unwrap();
    let one = format!("{base}/developers/{developer}");
    assert_eq!(client.get(&one).await.is(200)["application_count"], 1);
    assert_eq!(
        client.get(&format!("{base}/developers?filter[status]=approved&filter[email][contains]=ada&sort=email")).await.is(200)["meta"]
            ["page"]["total"],
        1
    );
    assert_eq!(client.patch(&one, json!({"status": "revoked"})).await.is(200)["status"], "revoked");
    assert_eq!(client.patch(&one, json!({"status": "pending"})).await.wrong().0, "status");
    client.patch(&one, json!({"status": "approved"})).await.is(200);

    let applications = format!("{base}/applications");
    let listed = client
        .get(&format!("{applications}?filter[developer_email][contains]=ada&filter[developer_id]={developer}&sort=name"))
        .await
        .is(200);
    assert_eq!(listed["data"][0]["auth_strategy"]["credential_type"], "key_auth");
    let one = format!("{applications}/{application}");
    assert_eq!(client.get(&one).await.is(200), client.get(&format!("/v2/applications/{application}")).await.is(200));

    let listed = client
        .get(&format!(
            "{base}/application-registrations?filter[application_name]=Robot&filter[status]=approved&sort=developer_id"
        ))
        .await
        .is(200);
    let registration = listed["data"][0]["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("{one}/registrations?sort=status")).await.is(200)["data"][0]["id"], registration);
    let registration = format!("{one}/registrations/{registration}");
    client.get(&registration).await.is(200);
    assert_eq!(client.patch(&registration, json!({"status": "revoked"})).await.is(200)["status"], "revoked");
    assert_eq!(client.get(&format!("{registration}/granted-scopes")).await.is(200)["data"], json!([]));
    client.delete(&registration).await.is(204);
    client.delete(&one).await.is(204);
    client.delete(&format!("{base}/developers/{developer}")).await.is(204);
}

async fn teams(client: &Client<'_>, server: &TestServer, portal: &str, product: &str) {
    let found = portals::get(&server.core, Actor::System, portal.parse().unwrap()).await.unwrap();
    let grace = a_developer(&server.core, &found, "grace").await.id().unwrap();
    let base = format!("/v2/portals/{portal}");
    let all = format!("{base}/teams");
    let team = client.post(&all, json!({"name": "Robots"})).await.id();
    let one = format!("{all}/{team}");
    assert_eq!(client.post(&all, json!({"name": "robots"})).await.wrong().0, "name");
    client.get(&one).await.is(200);
    assert_eq!(client.patch(&one, json!({"description": "Machines"})).await.is(200)["name"], "Robots");
    assert_eq!(client.get(&format!("{all}?filter[name][contains]=bot")).await.is(200)["meta"]["page"]["total"], 1);

    client.post(&format!("{one}/developers"), json!({"id": grace})).await.is(201);
    client.post(&format!("{one}/developers"), json!({"id": grace})).await.is(409);
    assert_eq!(client.post(&format!("{one}/developers"), json!({"id": product})).await.wrong().1, "missing_reference");
    let listed = client.get(&format!("{one}/developers?filter[active]=true&filter[email]=grace@example.com")).await.is(200);
    assert_eq!(listed["data"][0]["id"], grace.to_string());
    assert_eq!(client.get(&format!("{base}/developers/{grace}/teams")).await.is(200)["data"][0]["id"], team);
    client.delete(&format!("{one}/developers/{grace}")).await.is(204);

    let role = json!({"role_name": "API Consumer", "entity_id": product, "entity_type_name": "Services", "entity_region": "*"});
    let assigned = client.post(&format!("{one}/assigned-roles"), role.clone()).await.id();
    client.post(&format!("{one}/assigned-roles"), role).await.is(409);
    assert_eq!(client.get(&format!("{one}/assigned-roles")).await.is(200)["data"][0]["id"], assigned);
    client.delete(&format!("{one}/assigned-roles/{assigned}")).await.is(204);
    client.get("/v2/portal-roles").await.is(200);

    let mappings = format!("{base}/identity-provider/team-group-mappings");
    let map = |groups: Value| json!({"data": [{"team_id": team, "groups": groups}]});
    assert_eq!(client.patch(&mappings, map(json!(["a"]))).await.wrong().0, "data", "no identity provider, no groups");
    let provider = json!({"type": "oidc", "config": {"issuer_url": "https://id.example.com", "client_id": "portico"}});
    let provider = client.post(&format!("{base}/identity-providers"), provider).await.id();
    assert_eq!(
        client.patch(&mappings, map(json!(["b", "a"]))).await.is(200)["data"],
        json!([{"team_id": team, "groups": ["a", "b"]}])
    );
    assert_eq!(client.patch(&mappings, map(json!([]))).await.is(200)["data"], json!([]));
    client.get(&mappings).await.is(200);
    client.delete(&format!("{base}/identity-providers/{provider}")).await.is(204);
    client.delete(&one).await.is(204);
}

async fn signing_in(client: &Client<'_>, portal: &str) {
    let all = format!("/v2/portals/{portal}/identity-providers");
    let config = json!({"issuer_url": "https://id.example.com", "client_id": "portico", "client_secret": "a-secret"});
    let created = client.post(&all, json!({"type": "oidc", "enabled": true, "config": config})).await;
    assert!(!created.body.to_string().contains("a-secret"));
    assert_eq!(created.body["config"]["scopes"], json!(["email", "openid", "profile"]));
    let oidc = created.id();
    assert_eq!(client.post(&all, json!({"type": "oidc", "config": config})).await.wrong().0, "type");
    let saml = json!({"type": "saml", "config": {"idp_metadata_url": "https://id.example.com/metadata"}});
    let saml = client.post(&all, saml).await.id();
    let one = format!("{all}/{saml}");
    assert_eq!(client.patch(&one, json!({"enabled": true})).await.wrong().0, "enabled", "at most one is");
    assert_eq!(client.get(&format!("{all}?filter[type]=saml")).await.is(200)[0]["id"], saml);
    let told = client.get(&one).await.is(200)["config"].clone();
    assert_eq!(client.patch(&one, json!({"config": told})).await.is(200)["config"], told, "what is told can be sent back");
    let federation = json!({"idp_metadata_url": "https://id.example.com/metadata.xml?appid=1"});
    client.patch(&one, json!({"config": federation})).await.is(200);
    assert_eq!(client.patch(&one, json!({"config": {"idp_metadata_url": ""}})).await.wrong().1, "required");

    let settings = format!("/v2/portals/{portal}/authentication-settings");
    for (oidc, saml) in [(false, true), (true, false)] {
        let changed = client.patch(&settings, json!({"oidc_auth_enabled": oidc, "saml_auth_enabled": saml})).await.is(200);
        assert_eq!((&changed["oidc_auth_enabled"], &changed["saml_auth_enabled"]), (&json!(oidc), &json!(saml)));
    }
    client.delete(&one).await.is(204);
    let seen = client.get(&settings).await.is(200);
    assert_eq!((&seen["oidc_auth_enabled"], &seen["oidc_config"]["client_id"]), (&json!(true), &json!("portico")));
    let change = json!({"basic_auth_enabled": false, "oidc_client_id": "other", "oidc_team_mapping_enabled": true});
    let changed = client.patch(&settings, change).await.is(200);
    assert_eq!((&changed["idp_mapping_enabled"], &changed["oidc_config"]["client_id"]), (&json!(true), &json!("other")));
    for page in ["/sign-in", "/sign-up", "/forgot-password"] {
        client.server.browser("my-portal.localhost").get(page).await.shows("with a password is switched off");
    }
    assert_eq!(
        client.patch(&settings, json!({"oidc_auth_enabled": false})).await.wrong().0,
        "basic_auth_enabled",
        "a way in stays"
    );
    assert_eq!(client.delete(&format!("{all}/{oidc}")).await.wrong().0, "basic_auth_enabled");
    client.patch(&settings, json!({"basic_auth_enabled": true, "oidc_scopes": ["openid"]})).await.is(200);
    client.delete(&format!("{all}/{oidc}")).await.is(204);
    client.patch(&settings, json!({"oidc_scopes": ["openid"]})).await.is(200);
    assert_eq!(client.get(&all).await.is(200), json!([]), "scopes alone are no provider");
}

async fn appearance(client: &Client<'_>, portal: &str) {
    const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let one = format!("/v2/portals/{portal}/appearance");
    let defaults = client.get("/v2/portals/appearance-defaults").await.is(200);
    assert_eq!(client.get(&one).await.is(200)["theme_name"], "mint_rocket");
    let images = json!({"logo": {"data": format!("data:image/png;base64,{PIXEL}"), "filename": "logo.png"},
        "catalog_cover": {"data": format!("data:image/png;base64,{PIXEL}")}});
    let change = json!({"theme_name": "custom", "custom_theme": defaults["themes"]["dark_mode"], "images": images});
    let changed = client.patch(&one, change.clone()).await.is(200);
    assert_eq!((&changed["custom_theme"], &changed["images"]["logo"]), (&change["custom_theme"], &images["logo"]));
    for image in ["logo", "catalog-cover"] {
        let served = client.get(&format!("{one}/{image}")).await;
        assert_eq!((served.status.as_u16(), &served.headers["content-type"]), (200, &"image/png".parse().unwrap()));
    }
    client.patch(&one, json!({"images": {"logo": null}})).await.is(200);
    client.get(&format!("{one}/logo")).await.is(404);
    let mut evil = change["custom_theme"].clone();
    evil["colors"]["text"]["link"]["value"] = json!("red;} body{display:none");
    let script = json!({"logo": {"data": "data:image/png;base64,PHNjcmlwdD4="}});
    for (body, field) in [
        (json!({"custom_theme": evil}), "custom_theme.colors"),
        (json!({"custom_theme": null}), "custom_theme"),
        (json!({"images": script}), "images.logo.data"),
        (json!({"custom_fonts": {"base": "Comic Sans", "code": "Lato", "headings": "Lato"}}), "custom_fonts.base"),
    ] {
        assert_eq!(client.patch(&one, body).await.wrong().0, field);
    }
    let verify = format!("/v2/portals/{portal}/verify-domain");
    let seen = client.post(&verify, Value::Null).await.is(200);
    assert_eq!(seen, json!({"is_cname_verified": false, "is_ssl_issued": false}), "nobody has developers.example.com lead here");
    client.patch(&format!("/v2/portals/{portal}"), json!({"custom_domain": null})).await.is(200);
    assert_eq!(client.post(&verify, Value::Null).await.wrong().0, "custom_domain");
}

/// What somebody who collects audit logs gets: the Authorization header and the lines.
async fn collector() -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let received: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let kept = received.clone();
    let take = async move |headers: HeaderMap, body: String| {
        let authorization = headers.get("authorization").map_or("", |value| value.to_str().unwrap()).to_owned();
        kept.lock().unwrap().push((authorization, body));
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/logs", listener.local_addr().unwrap());
    let router = Router::new().route("/logs", routing::post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

async fn audit_logs(client: &Client<'_>, server: &TestServer, portal: &str) {
    let (url, received) = collector().await;
    let base = format!("/v2/portals/{portal}");
    let (webhook, replay) = (format!("{base}/audit-log-webhook"), format!("{base}/audit-log-replay-job"));
    assert_eq!(client.get(&webhook).await.is(200), json!({"enabled": false}));
    assert_eq!(client.get(&replay).await.is(200), json!({"status": "unconfigured"}));
    assert_eq!(client.patch(&webhook, json!({"enabled": true})).await.wrong().0, "audit_log_destination_id");
    let all = "/v2/audit-log-destinations";
    let destination = json!({"name": "siem", "endpoint": url, "authorization": "a secret", "log_format": "json"});
    let created = client.post(all, destination).await;
    assert!(!created.body.to_string().contains("a secret"));
    let destination = created.id();
    let one = format!("{all}/{destination}");
    assert_eq!(client.patch(&one, json!({"skip_ssl_verification": true})).await.wrong().0, "skip_ssl_verification");
    assert_eq!(client.patch(&one, json!({"endpoint": "https://a/#b"})).await.wrong().0, "endpoint");
    assert_eq!(client.get(&format!("{all}?filter[name]=SIEM")).await.is(200)["data"], json!([]));
    assert_eq!(client.get(&format!("{all}?filter[name][contains]=SIE")).await.is(200)["data"][0]["id"], destination);
    assert_eq!(client.get(&format!("{all}?page[after]=x")).await.wrong().0, "page[after]");
    let change = json!({"enabled": true, "audit_log_destination_id": destination});
    assert_eq!(client.patch(&webhook, change.clone()).await.is(200), change);
    client.delete(&one).await.is(409);

    // `grace` was made before, and signs in now.
    server.developer("my-portal.localhost", "grace").await;
    let work = async || while jobs::run_next(&server.core, jobs::Lane::AuditLogs).await.unwrap() {};
    work().await;
    let (authorization, line) = received.lock().unwrap().pop().unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((authorization.as_str(), &line["event_class_id"]), ("a secret", &json!("AUTHENTICATION_TYPE_BASIC")));
    assert_eq!(line["portal_id"], portal);
    let status = client.get(&format!("{webhook}/status")).await.is(200);
    assert_eq!((&status["webhook_status"], &status["last_response_code"]), (&json!("active"), &json!(200)));

    client.patch(&one, json!({"log_format": "cef"})).await.is(200);
    let now = server.core.now();
    let time = |at: time::OffsetDateTime| at.format(&Rfc3339).unwrap();
    let span = |days| json!({"start_at": time(now - time::Duration::days(days)), "end_at": time(now + time::Duration::hours(1))});
    assert_eq!(client.call(Method::PUT, &replay, &span(8)).await.wrong().0, "start_at");
    let endless = json!({"start_at": span(6)["start_at"], "end_at": "9999-12-31T23:59:59-01:00"});
    assert_eq!(client.call(Method::PUT, &replay, &endless).await.wrong().0, "end_at");
    assert_eq!(client.call(Method::PUT, &replay, &span(6)).await.is(202)["status"], "accepted");
    client.call(Method::PUT, &replay, &span(6)).await.is(409);
    work().await;
    assert_eq!(client.get(&replay).await.is(200)["status"], "completed");
    let (_, line) = received.lock().unwrap().pop().unwrap();
    assert!(line.contains("CEF:0|Portico|Dev-Portal|1.0|AUTHENTICATION_TYPE_BASIC|AUTHENTICATION_OUTCOME_SUCCESS|0|"), "{line}");

    // Where it is not taken it is tried again, and the status says so.
    client.patch(&one, json!({"endpoint": "http://127.0.0.1:1", "authorization": "x"})).await.is(200);
    server.developer("my-portal.localhost", "grace").await;
    work().await;
    assert_eq!(client.get(&format!("{webhook}/status")).await.is(200)["webhook_status"], "inactive");
    client.patch(&one, json!({"endpoint": url})).await.is(200);
    server.core.clock.advance(time::Duration::minutes(1));
    work().await;
    assert_eq!(received.lock().unwrap().pop().unwrap().0, "", "a secret does not follow to another place");

    for (authorization, sent) in [("another", "another"), ("", "")] {
        let change = json!({"endpoint": format!("{url}?source=portico"), "authorization": authorization});
        client.patch(&one, change).await.is(200);
        server.developer("my-portal.localhost", "grace").await;
        work().await;
        assert_eq!(received.lock().unwrap().pop().unwrap().0, sent);
    }
    assert_eq!(client.get(&format!("{webhook}/status")).await.is(200)["webhook_status"], "active");
}
