use crate::{conflict, problem};
use portico_core::{
    Actor, access_tokens,
    access_tokens::AccessTokenInput,
    admins, portals,
    secrets::Plain,
    sessions,
    system_accounts::{self, SystemAccountInput},
};
use portico_model::{
    access::Permission,
    ids::AdminId,
    problem::{Conflict, Problem},
    states::AdminRole,
};
use portico_testing::{PASSWORD, TestCore, access_token_input, an_admin, portal_input};

async fn with_roles(core: &TestCore, email: &str, roles: &[AdminRole]) -> AdminId {
    let id = admins::create(core, Actor::System, email, Plain::new(PASSWORD)).await.unwrap();
    admins::set_roles(core, Actor::System, id, roles).await.unwrap();
    id
}

#[tokio::test]
async fn a_role_holds_at_once_in_a_session_and_for_a_token() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let viewer = with_roles(&core, "v@example.com", &[AdminRole::PortalViewer]).await;
    let session = sessions::admin_actor(&core, viewer).await.unwrap();
    portals::choices(&core, session).await.unwrap();
    assert_eq!(problem(portals::create(&core, session, portal_input("a")).await), Problem::Forbidden);
    let token = access_tokens::create(&core, session, &access_token_input("t", 1)).await.unwrap();
    assert_eq!(access_tokens::actor_of(&core, &token).await.unwrap(), session);

    admins::set_roles(&core, admin, viewer, &[AdminRole::PortalAdmin]).await.unwrap();
    for actor in [sessions::admin_actor(&core, viewer).await.unwrap(), access_tokens::actor_of(&core, &token).await.unwrap()] {
        actor.require(Permission::AdministerPortals).unwrap();
    }
    admins::set_roles(&core, admin, viewer, &[]).await.unwrap();
    let stopped = access_tokens::actor_of(&core, &token).await.unwrap();
    assert_eq!(problem(portals::choices(&core, stopped).await), Problem::Forbidden);
}

#[tokio::test]
async fn two_admins_who_take_each_others_role_at_once_do_not_both() {
    let core = TestCore::new().await;
    an_admin(&core).await;
    for round in 0..10 {
        let [one, other] = ["a", "b"].map(|name| format!("{name}{round}@example.com"));
        let (one, other) =
            (with_roles(&core, &one, &[AdminRole::Admin]).await, with_roles(&core, &other, &[AdminRole::Admin]).await);
        let (first, second) =
            tokio::join!(admins::set_roles(&core, Actor::System, one, &[]), admins::set_roles(&core, Actor::System, other, &[]));
        first.unwrap();
        second.unwrap();
    }
}

#[tokio::test]
async fn a_token_may_be_less_than_its_owner_and_never_more() {
    let core = TestCore::new().await;
    an_admin(&core).await;
    let viewer = with_roles(&core, "v@example.com", &[AdminRole::PortalViewer]).await;
    let session = sessions::admin_actor(&core, viewer).await.unwrap();
    for (roles, may) in
        [(vec![AdminRole::Admin], Permission::ReadPortals), (vec![AdminRole::DcrProviderViewer], Permission::ReadProviders)]
    {
        let input = AccessTokenInput { name: format!("{roles:?}"), lifetime_days: 1, roles: Some(roles) };
        let token = access_tokens::create(&core, session, &input).await.unwrap();
        let actor = access_tokens::actor_of(&core, &token).await.unwrap();
        actor.require(may).unwrap();
        assert_eq!(problem(actor.require(Permission::MaintainPortals)), Problem::Forbidden, "{}", input.name);
    }
}

#[tokio::test]
async fn a_system_account_outlives_people_and_takes_its_tokens_along() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let input = SystemAccountInput { name: "ci".into(), description: String::new(), roles: vec![AdminRole::PortalAdmin] };
    let account = system_accounts::create(&core, admin, input.clone()).await.unwrap();
    assert!(
        matches!(problem(system_accounts::create(&core, admin, input.clone()).await), Problem::Invalid(_)),
        "names are unique"
    );
    let create = async || access_tokens::create_of(&core, admin, account, &access_token_input("t", 1)).await;
    let token = create().await.unwrap();
    assert!(matches!(problem(create().await), Problem::Invalid(_)), "in an account, too");
    let actor = access_tokens::actor_of(&core, &token).await.unwrap();
    portals::create(&core, actor, portal_input("a")).await.unwrap();
    assert_eq!(problem(system_accounts::list(&core, actor).await), Problem::Forbidden);
    assert_eq!(problem(access_tokens::create(&core, actor, &access_token_input("more", 1)).await), Problem::NotFound);
    system_accounts::update(&core, admin, account, SystemAccountInput { roles: Vec::new(), ..input }).await.unwrap();
    let stopped = access_tokens::actor_of(&core, &token).await.unwrap();
    assert_eq!(problem(portals::choices(&core, stopped).await), Problem::Forbidden);
    system_accounts::delete(&core, admin, account).await.unwrap();
    assert_eq!(problem(access_tokens::actor_of(&core, &token).await), Problem::Unauthenticated);
}

#[tokio::test]
async fn somebody_always_may_do_everything() {
    let core = TestCore::new().await;
    let first = an_admin(&core).await;
    let Actor::Admin { id, .. } = first else { panic!("an admin") };
    let refused = admins::set_roles(&core, first, id, &[AdminRole::PortalAdmin]).await;
    assert_eq!(problem(refused), conflict(Conflict::LastAdmin));
    let second = admins::create(&core, Actor::System, "b@example.com", Plain::new(PASSWORD)).await.unwrap();
    // Both at once: one of them stays.
    let (a, b) = tokio::join!(admins::set_roles(&core, first, id, &[]), admins::set_roles(&core, first, second, &[]));
    assert_ne!(a.is_ok(), b.is_ok());
    let left = admins::list(&core, Actor::System).await.unwrap();
    assert_eq!(left.iter().filter(|admin| admin.roles.0.contains(&AdminRole::Admin)).count(), 1);
    assert_eq!(problem(admins::list(&core, Actor::Anonymous).await), Problem::Unauthenticated);
}
