use portico_core::{
    Actor, developers,
    portals::{self, PortalInput},
    sessions,
};
use portico_model::states::DeveloperStatus;
use portico_testing::{TestCore, a_developer, a_portal, portal_input};
use time::Duration;

fn session(core: &TestCore, actor: Actor) -> sessions::Session {
    let developer = match actor {
        Actor::Developer { id, .. } => Some(id),
        _ => None,
    };
    sessions::Session { admin: None, developer, data: serde_json::json!({}), expires_at: core.now() + Duration::hours(1) }
}

#[tokio::test]
async fn a_session_ends_by_time_by_revocation_and_with_its_developer() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (ada, grace) = (a_developer(&core, &portal, "ada").await, a_developer(&core, &portal, "grace").await);
    assert!(sessions::create(&core, b"ada", &session(&core, ada)).await.unwrap());
    assert!(!sessions::create(&core, b"ada", &session(&core, grace)).await.unwrap(), "an id is used once");
    assert!(sessions::create(&core, b"grace", &session(&core, grace)).await.unwrap());

    let Actor::Developer { id, .. } = ada else { panic!("a developer") };
    assert_eq!(sessions::developer_actor(&core, id).await.unwrap(), ada);
    developers::decide(&core, Actor::System, id, DeveloperStatus::Revoked, "").await.unwrap();
    assert_eq!(sessions::developer_actor(&core, id).await.unwrap(), Actor::Anonymous);
    assert!(sessions::load(&core, b"ada").await.unwrap().is_none());
    sessions::save(&core, b"ada", &session(&core, ada)).await.unwrap();
    assert!(sessions::load(&core, b"ada").await.unwrap().is_none(), "an ended session stays ended");

    let Actor::Developer { id: grace, .. } = grace else { panic!("a developer") };
    let public = PortalInput { is_public: true, ..portal_input("a") };
    portals::update(&core, Actor::System, portal.id, |_| public).await.unwrap();
    assert_eq!(sessions::developer_actor(&core, grace).await.unwrap(), Actor::Anonymous, "a public portal has no accounts");
    portals::update(&core, Actor::System, portal.id, |_| portal_input("a")).await.unwrap();
    assert!(matches!(sessions::developer_actor(&core, grace).await.unwrap(), Actor::Developer { .. }));

    assert!(sessions::load(&core, b"grace").await.unwrap().is_some());
    core.clock.advance(Duration::hours(2));
    assert!(sessions::load(&core, b"grace").await.unwrap().is_none());
}
