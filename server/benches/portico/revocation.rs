//! How long a revoked key still passes, with the gateway following the database as it does in service.

use crate::Row;
use http::HeaderMap;
use portico_core::credentials;
use portico_gateway::{Call, Gateway};
use portico_testing::{
    TestCore, a_developer, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publish,
};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 50;

pub async fn measure() -> Vec<Row> {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", "http://127.0.0.1:1").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    an_approved_registration(&core, ada, &portal, application, version).await;
    let gateway = Gateway::new(core.core.clone());
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (gateway, stop) = (gateway.clone(), stop.clone());
        async move { gateway.keep_current(stop).await }
    });
    gateway.wait_until_loaded().await;
    let mut delays: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS {
        let (id, key) = credentials::create(&core, ada, portal.id, application, "key", None).await.unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("apikey", key.expose().parse().unwrap());
        let passes = async || {
            gateway.decide(&Call { host: "", path: "/weather", query: None, headers: &headers, gateway: None }).await.is_ok()
        };
        while !passes().await {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        credentials::revoke(&core, ada, portal.id, application, id).await.unwrap();
        let revoked = Instant::now();
        while passes().await {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        delays.push(revoked.elapsed());
    }
    stop.cancel();
    following.await.unwrap();
    delays.sort_unstable();
    let told = |delay: Duration| format!("{:.1} ms", delay.as_secs_f64() * 1000.0);
    vec![
        Row::new(
            "delay of a revocation",
            format!("{} in the middle, {} at most, of {ROUNDS}", told(delays[ROUNDS / 2]), told(delays[ROUNDS - 1])),
            "1 s",
        )
        .holding(delays[ROUNDS - 1] < Duration::from_secs(1)),
    ]
}
