//! The gateway under load, in a program of its own: cargo runs it when no other test runs, so that what it finds is the
//! gateway's doing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say so and stop")]

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../it/scene.rs"]
mod scene;

use axum::http::{HeaderMap, StatusCode};
use portico_core::{Actor, registrations, secrets::ApiKey};
use portico_gateway::Call;
use portico_model::{ids::ApplicationId, states::RegistrationStatus};
use scene::{Scene, scene};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A registration's last change, as the test made it: what it is, and since when nobody touches it.
#[derive(Clone, Copy)]
struct Known {
    is_approved: bool,
    since: tokio::time::Instant,
}

/// Ten thousand applications that may call, each with a key; their ids and keys.
async fn a_crowd(scene: &Scene) -> (Vec<ApplicationId>, Vec<String>) {
    let core = &scene.core.core;
    let Actor::Developer { id: developer, .. } = scene.ada else { panic!("a developer") };
    let keys: Vec<ApiKey> = (0..10_000).map(|_| ApiKey::generate("test", &core.random)).collect();
    let ids: Vec<ApplicationId> = keys.iter().map(|_| core.new_id()).collect();
    let prefixes: Vec<&str> = keys.iter().map(|key| key.prefix.as_str()).collect();
    let digests: Vec<Vec<u8>> = keys.iter().map(|key| core.secrets.digest(key.key.expose())).collect();
    sqlx::query(
        "insert into application (id, portal_id, developer_id, auth_strategy_id, name, description, created_at, updated_at)
         select id, $2, $3, $4, id::text, '', now(), now() from unnest($1::uuid[]) as new (id)",
    )
    .bind(&ids)
    .bind(scene.portal.id)
    .bind(developer)
    .bind(scene.strategy)
    .execute(&core.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into registration (id, portal_id, application_id, version_id, status, status_reason, created_at, updated_at)
         select gen_random_uuid(), $2, id, $3, 'approved', '', now(), now() from unnest($1::uuid[]) as new (id)",
    )
    .bind(&ids)
    .bind(scene.portal.id)
    .bind(scene.version)
    .execute(&core.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into credential (id, application_id, display_name, key_id, secret_digest, created_at)
         select gen_random_uuid(), id, 'key', key_id, digest, now()
         from unnest($1::uuid[], $2::text[], $3::bytea[]) as new (id, key_id, digest)",
    )
    .bind(&ids)
    .bind(prefixes)
    .bind(digests)
    .execute(&core.pool)
    .await
    .unwrap();
    (ids, keys.iter().map(|key| key.key.expose().to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_ten_thousand_registrations_change_no_decision_is_wrong_for_a_second() {
    /// 5,000 changes a second, as when somebody revokes whatever they find.
    const BATCH: usize = 100;
    const PACE: Duration = Duration::from_millis(20);
    let scene = scene().await;
    let (ids, keys) = a_crowd(&scene).await;
    scene.reload().await;
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (gateway, stop) = (scene.gateway.clone(), stop.clone());
        async move { gateway.keep_current(stop).await }
    });
    // It follows once it has heard of a change.
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    while scene.status("/weather/x", &scene.key).await != StatusCode::FORBIDDEN {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = tokio::time::Instant::now();
    let known: Arc<Vec<Mutex<Known>>> =
        Arc::new(ids.iter().map(|_| Mutex::new(Known { is_approved: true, since: begun })).collect());
    let keys = Arc::new(keys);

    let callers: Vec<_> = (0..4_usize)
        .map(|caller| {
            let (gateway, known, keys, stop) = (scene.gateway.clone(), Arc::clone(&known), Arc::clone(&keys), stop.clone());
            tokio::spawn(async move {
                let (mut judged, mut index) = (0_usize, caller * 2_500);
                while !stop.is_cancelled() {
                    // Every application in turn, in an order that has nothing to do with that of the changes.
                    index = (index + 7_919) % keys.len();
                    let mut headers = HeaderMap::new();
                    headers.insert("apikey", keys[index].parse().unwrap());
                    let asked = tokio::time::Instant::now();
                    let call = Call { host: "", path: "/weather/x", query: None, headers: &headers, gateway: None };
                    let is_allowed = gateway.decide(&call).await.is_ok();
                    let Known { is_approved, since } = *known[index].lock().unwrap();
                    if since + Duration::from_secs(1) < asked {
                        assert_eq!(is_allowed, is_approved, "a second after the change");
                        judged += 1;
                    }
                    tokio::task::yield_now().await;
                }
                judged
            })
        })
        .collect();

    let mut pace = tokio::time::interval(PACE);
    for status in ["revoked", "approved", "revoked"] {
        for (batch, changed) in ids.chunks(BATCH).zip(known.chunks(BATCH)) {
            let touch = |is_approved: Option<bool>| {
                for known in changed {
                    let mut known = known.lock().unwrap();
                    let is_approved = is_approved.unwrap_or(known.is_approved);
                    *known = Known { is_approved, since: tokio::time::Instant::now() };
                }
            };
            pace.tick().await;
            // Until the change is committed, either answer is right.
            touch(None);
            sqlx::query("update registration set status = $1 where application_id = any($2)")
                .bind(status)
                .bind(batch)
                .execute(&scene.core.pool)
                .await
                .unwrap();
            touch(Some(status == "approved"));
        }
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop.cancel();
    let mut judged = 0;
    for caller in callers {
        judged += caller.await.unwrap();
    }
    assert!(judged > 10_000, "{judged} decisions were old enough to judge");
    following.await.unwrap();
}
