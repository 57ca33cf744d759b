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
