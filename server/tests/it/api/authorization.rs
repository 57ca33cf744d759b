//! Every operation of the API, tried with every role, and with what belongs to another portal.

use super::{Client, world::World};
use crate::browser::TestServer;
use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use portico_core::{
    Actor, access_tokens,
    system_accounts::{self, SystemAccountInput},
};
use portico_model::{access::Permission, states::AdminRole};
use portico_testing::access_token_input;
use serde_json::{Map, Value, json};

/// One operation, as the API describes it.
struct Operation {
    id: String,
    tag: String,
    method: Method,
    path: String,
    body: Option<Value>,
}

fn operations() -> Vec<Operation> {
    let description = portico::api::description();
    let mut operations = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = operation.pointer("/requestBody/content/application~1json/schema");
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                tag: operation["tags"][0].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.map(|schema| example(schema, &description)),
            });
        }
    }
    // What a config has depends on the type beside it, which the description cannot say.
    let identity = operations.iter_mut().find(|operation| operation.id == "create-portal-identity-provider").unwrap();
    identity.body = Some(json!({"type": "oidc", "config": {"issuer_url": "https://id.example.com", "client_id": "portico"}}));
    operations
}

/// The least that a schema takes.
fn example(schema: &Value, description: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(description.pointer(&reference[1..]).unwrap(), description);
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        return example(alternatives.iter().find(|alternative| alternative["type"] != "null").unwrap(), description);
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match (schema["type"].as_str().unwrap_or("object"), schema["format"].as_str()) {
        ("string", Some("date-time")) => json!("2026-01-01T00:00:00Z"),
        ("string", Some("uuid")) => json!(uuid::Uuid::nil()),
        ("string", Some("byte")) => json!("eA=="),
        ("string", _) if schema["pattern"].is_string() => json!("x.yaml"),
        ("string", _) => json!("x"),
        ("boolean", _) => json!(false),
        ("integer", _) => json!(1),
        ("array", _) => json!([]),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let of = |name: &Value| {
                (name.as_str().unwrap().to_owned(), example(&schema["properties"][name.as_str().unwrap()], description))
            };
            Value::Object(required.iter().map(of).collect::<Map<_, _>>())
        }
    }
}

/// What an operation takes besides what its answer is made of; none for any admin.
fn permission(operation: &Operation) -> Option<Permission> {
    use Permission::*;
    let reads = operation.method == Method::GET;
    Some(match (operation.tag.as_str(), operation.id.as_str()) {
        ("description", _) | (_, "list-portal-roles" | "get-portal-appearance-defaults") => return None,
        ("portals", "create-portal" | "delete-portal") => AdministerPortals,
        ("portals", "publish-api-products") => Publish,
        ("portals", "list-portal-products") => ReadProducts,
        ("appearance", "verify-portal-domains") => ReadPortals,
        ("teams", "list-portal-team-developers") => ReadPeople,
        ("portals" | "teams" | "identity-providers" | "appearance", _) => {
            if reads {
                ReadPortals
            } else {
                MaintainPortals
            }
        }
        ("portal-product-versions", _) => {
            if reads {
                ReadProducts
            } else {
                Publish
            }
        }
        ("api-products" | "product-versions" | "specifications" | "documents", _) => {
            if reads {
                ReadProducts
            } else {
                MaintainProducts
            }
        }
        ("application-auth-strategies", "create-app-auth-strategy") => CreateStrategies,
        ("application-auth-strategies", _) => {
            if reads {
                ReadStrategies
            } else {
                MaintainStrategies
            }
        }
        ("dcr-providers", "create-dcr-provider") => CreateProviders,
        ("dcr-providers", _) => {
            if reads {
                ReadProviders
            } else {
                MaintainProviders
            }
        }
        ("developers" | "applications", _) => {
            if reads {
                ReadPeople
            } else {
                MaintainPortals
            }
        }
        ("registrations", _) => {
            if reads {
                ReadPeople
            } else {
                DecideRegistrations
            }
        }
        ("audit-logs", _) => {
            if reads {
                ReadPortals
            } else {
                MaintainPortals
            }
        }
        ("audit-log-destinations", _) => Operate,
        ("control-planes", _) => {
            if reads {
                ReadGateways
            } else {
                MaintainGateways
            }
        }
        other => panic!("an operation that nobody decided about: {other:?}"),
    })
}

async fn token_of(server: &TestServer, role: AdminRole) -> String {
    let input = SystemAccountInput { name: role.as_str().to_owned(), description: String::new(), roles: vec![role] };
    let account = system_accounts::create(&server.core, Actor::System, input).await.unwrap();
    let token = access_tokens::create_of(&server.core, Actor::System, account, &access_token_input("t", 1)).await.unwrap();
    format!("Bearer {}", token.expose())
}

async fn call(client: &Client<'_>, operation: &Operation, path: &str) -> StatusCode {
    let target = format!("/v2{path}");
    match &operation.body {
        Some(body) => client.call(operation.method.clone(), &target, body).await.status,
        None => client.send(operation.method.clone(), &target, Body::empty()).await.status,
    }
}

#[tokio::test]
async fn every_operation_asks_for_its_permission_and_for_nothing_else() {
    let server = TestServer::new().await;
    let admin = Client::of_an_admin(&server).await;
    let world = World::new(&admin, &server).await;
    let nobody = admin.with("Bearer pta_nobody").unchecked();
    for role in AdminRole::ALL {
        let client = admin.with(&token_of(&server, *role).await).unchecked();
        for operation in operations() {
            let real = world.path(&operation.path, &world.portal);
            assert_eq!(call(&nobody, &operation, &real).await, StatusCode::UNAUTHORIZED, "{}", operation.id);
            if permission(&operation).is_none_or(|permission| role.permissions().contains(permission)) {
                // Of what is not there, so that nothing changes for those that come after.
                let status = call(&client, &operation, &world.nowhere(&operation.path)).await;
                let is_served = !matches!(status.as_u16(), 401 | 403 | 405 | 500..);
                assert!(is_served, "{} as {role:?}: {status}", operation.id);
            } else {
                assert_eq!(call(&client, &operation, &real).await, StatusCode::FORBIDDEN, "{} as {role:?}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn what_is_another_portals_or_products_is_not_found() {
    let server = TestServer::new().await;
    let admin = Client::of_an_admin(&server).await;
    let world = World::new(&admin, &server).await;
    let client = admin.unchecked();
    for operation in operations() {
        if operation.path.matches('{').count() < 2 {
            continue;
        }
        for elsewhere in [world.path(&operation.path, &world.other_portal), world.of_another_product(&operation.path)] {
            if elsewhere == world.path(&operation.path, &world.portal) {
                continue;
            }
            let status = call(&client, &operation, &elsewhere).await;
            // Where a portal has none of it there is an empty list, and something new is its own.
            let is_closed = match operation.method {
                Method::GET => status == StatusCode::NOT_FOUND,
                _ => matches!(status.as_u16(), 400 | 404),
            };
            assert!(is_closed, "{} {elsewhere}: {status}", operation.id);
        }
    }
    assert_eq!(
        admin.get(&format!("/v2{}", world.path("/portals/{portalId}/teams/{teamId}", &world.portal))).await.status,
        StatusCode::OK
    );
}
