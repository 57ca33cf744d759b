//! How the gateway follows what changes, and what it writes.

use crate::scene::{Scene, router, scene};
use axum::{body::Body, extract::Request, http::StatusCode};
use portico_core::{Actor, applications, credentials, registrations};
use portico_gateway::Gateway;
use portico_model::states::RegistrationStatus;
use portico_testing::{TestCore, link};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

#[tokio::test]
async fn unlinking_a_service_closes_it_and_linking_opens_it_again() {
    let scene = scene().await;
    let service = portico_core::gateways::service_choices(&scene.core, Actor::System).await.unwrap().remove(0).id;
    link(&scene.core, scene.version, None).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::FORBIDDEN);
    link(&scene.core, scene.version, Some(service)).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::OK);
}

#[tokio::test]
async fn before_its_view_is_loaded_a_gateway_refuses_everything() {
    let core = TestCore::new().await;
    let router = router(&Gateway::new(core.core.clone()));
    let response = router.oneshot(Request::builder().uri("/weather").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// Until a call is answered like this; how long that took.
async fn until(scene: &Scene, expected: StatusCode) -> Duration {
    let begun = tokio::time::Instant::now();
    while scene.status("/weather/x", &scene.key).await != expected {
        assert!(begun.elapsed() < Duration::from_secs(10), "never {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn changes_take_effect_at_once_and_even_when_their_announcement_is_lost() {
    let scene = scene().await;
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (gateway, stop) = (scene.gateway.clone(), stop.clone());
        async move { gateway.keep_current(stop).await }
    });
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    assert!(until(&scene, StatusCode::FORBIDDEN).await < Duration::from_secs(1));
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Approved, "").await.unwrap();
    assert!(until(&scene, StatusCode::OK).await < Duration::from_secs(1));
    // The listening connection dies; what happens meanwhile is found all the same.
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'LISTEN%'",
    )
    .execute(&scene.core.pool)
    .await
    .unwrap();
    let credential = credentials::list(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap().remove(0);
    credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.application, credential.id).await.unwrap();
    until(&scene, StatusCode::UNAUTHORIZED).await;
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn an_applications_end_is_the_end_of_its_keys() {
    let scene = scene().await;
    let position = scene.gateway.load().await.unwrap();
    applications::delete(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap();
    scene.gateway.load_changes(&position).await.unwrap();
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_last_use_is_written_behind() {
    let scene = scene().await;
    let last_used = async || {
        credentials::list(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap().remove(0).last_used_at
    };
    scene.status("/weather/x", "wrong").await;
    scene.gateway.flush_uses().await;
    assert_eq!(last_used().await, None);
    scene.status("/weather/x", &scene.key).await;
    scene.gateway.flush_uses().await;
    assert!(last_used().await.is_some());
}
