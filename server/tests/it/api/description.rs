//! The API's own description.

use super::Client;
use crate::browser::TestServer;
use axum::http::StatusCode;
use portico_core::products::{Specification, specification::ReadOperation};
use portico_testing::an_admin;
use std::collections::BTreeSet;

/// `portico openapi > docs/openapi.json` writes it anew.
#[tokio::test]
async fn the_description_that_is_served_is_the_one_in_the_documentation() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let served = client.get("/v2/openapi.json").await.is(200);
    assert_eq!(served, portico::api::description());
    let kept: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    assert!(served == kept, "it has changed: write it anew, and read what changed");
}

/// Every operation has its page, and whatever a page refers to has one too.
#[tokio::test]
async fn the_description_can_be_browsed_in_the_console() {
    let server = TestServer::new().await;
    an_admin(&server.core).await;
    let admin = server.idle_admin().await;
    let list = admin.get("/admin/management-api").await;
    let description = Specification::read(portico::api::description().to_string()).unwrap();
    let mut linked = BTreeSet::new();
    for ReadOperation { operation, .. } in &description.operations {
        let path = format!("/admin/management-api/operations/{}", operation.slug);
        list.shows(&format!("href=\"{path}\""));
        let page = admin.get(&path).await;
        page.shows(&operation.summary);
        page.shows("Authorization: Bearer $ACCESS_TOKEN");
        linked.extend(schema_links(&page.body));
    }
    assert!(!linked.is_empty());
    for path in linked {
        assert_eq!(admin.get(&path).await.status, StatusCode::OK, "{path}");
    }
    for missing in ["operations/none", "schemas/none"] {
        assert_eq!(admin.get(&format!("/admin/management-api/{missing}")).await.status, StatusCode::NOT_FOUND);
    }
}

fn schema_links(page: &str) -> impl Iterator<Item = String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.contains("/schemas/")).map(str::to_owned)
}
