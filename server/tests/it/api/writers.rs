//! Many at once on the same things: everybody's change is there in the end.

use super::{Client, world::World};
use crate::browser::TestServer;
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn twenty_writers_on_the_same_object_lose_nothing() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let world = World::new(&client, &server).await;
    for template in [
        "/portals/{portalId}",
        "/api-products/{id}",
        "/api-products/{apiProductId}/product-versions/{id}",
        "/application-auth-strategies/{authStrategyId}",
        "/dcr-providers/{dcrProviderId}",
        "/control-planes/{controlPlaneId}",
    ] {
        let target = format!("/v2{}", world.path(template, &world.portal));
        let writers = (0..20).map(|writer| {
            let (client, target) = (&client, &target);
            async move { client.patch(target, json!({"labels": {format!("w{writer}"): "x"}})).await.is(200) }
        });
        join_all(writers).await;
        let labels = client.get(&target).await.is(200)["labels"].as_object().unwrap().len();
        assert_eq!(labels, 20, "{template}");
    }
}
