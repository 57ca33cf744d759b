//! The API's own description.

use super::Client;
use crate::browser::TestServer;

/// `portico openapi > docs/openapi.json` writes it anew.
#[tokio::test]
async fn the_description_that_is_served_is_the_one_in_the_documentation() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let served = client.get("/v2/openapi.json").await.is(200);
    assert_eq!(served, portico::api::description());
    let kept: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    assert_eq!(served, kept, "it has changed: write it anew, and read what changed");
}

/// Uploaded as the specification of a version, it is read in a portal like any other.
#[test]
fn the_description_can_be_browsed_in_a_portal() {
    let description = portico::api::description();
    let operations: usize = description["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    let read = portico_core::products::Specification::read(description.to_string()).unwrap();
    assert_eq!(read.operations.len(), operations);
}
