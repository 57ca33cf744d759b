use crate::problem;
use portico_core::{
    Actor,
    portals::{self, PortalInput},
    products::catalogue,
    registrations, search,
    teams::{self, TeamGroups, TeamInput},
};
use portico_model::{
    ids::ProductId,
    paging::PageRequest,
    problem::{Conflict, Problem},
    states::Role,
};
use portico_testing::{TestCore, a_developer, a_portal, a_strategy, a_version, an_application, portal_input, publish};

/// Ada has no team; what of the catalogue she sees.
async fn seen(core: &TestCore, portal: &portals::Portal, actor: Actor) -> Vec<ProductId> {
    let page = catalogue::products(core, actor, portal, &PageRequest::first()).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
    let found =
        search::search(core, actor, portal, &PageRequest { search: "weather".into(), ..PageRequest::first() }).await.unwrap();
    assert_eq!(found.items.is_empty(), page.items.is_empty(), "a search finds no more than the catalogue");
    page.items.into_iter().map(|product| product.id).collect()
}

#[tokio::test]
async fn where_roles_are_asked_for_nothing_is_seen_without_one() {
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "keys").await;
    let portal =
        a_portal(&core, PortalInput { rbac_enabled: true, default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let (product, version) = a_version(&core, "Weather").await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "Robot", strategy).await;
    let register = || registrations::create(&core, ada, &portal, application, version);
    assert_eq!(seen(&core, &portal, ada).await, []);
    assert_eq!(problem(catalogue::version(&core, ada, &portal, version).await), Problem::NotFound);
    assert_eq!(problem(catalogue::versions(&core, ada, &portal, product).await), Problem::NotFound);
    assert_eq!(problem(register().await), Problem::NotFound);

    let input = TeamInput { name: "Robots".into(), ..TeamInput::default() };
    let team = teams::create(&core, Actor::System, portal.id, input).await.unwrap();
    teams::add_developer(&core, Actor::System, portal.id, team, ada.id().unwrap().into()).await.unwrap();
    let assign = async |role| teams::assign_role(&core, Actor::System, portal.id, team, product, role, "*").await.unwrap();
    let viewer = assign(Role::Viewer).await;
    assert_eq!(seen(&core, &portal, ada).await, [product]);
    assert!(!catalogue::version(&core, ada, &portal, version).await.unwrap().registration_enabled);
    assert_eq!(problem(register().await), Problem::Conflict(Conflict::RegistrationClosed), "seeing is not calling");
    assign(Role::Consumer).await;
    teams::remove_role(&core, Actor::System, portal.id, team, viewer).await.unwrap();
    assert!(catalogue::version(&core, ada, &portal, version).await.unwrap().registration_enabled);
    register().await.unwrap();
    teams::delete(&core, Actor::System, portal.id, team).await.unwrap();
    assert_eq!(seen(&core, &portal, ada).await, [], "a team takes its roles along");

    portals::update(&core, Actor::System, portal.id, |portal| PortalInput { rbac_enabled: false, ..portal.into() })
        .await
        .unwrap();
    let portal = portals::get(&core, Actor::System, portal.id).await.unwrap();
    assert_eq!(seen(&core, &portal, ada).await, [product]);
}

#[tokio::test]
async fn groups_of_the_same_teams_in_another_order_at_once_wait_for_each_other() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let mut mapped = Vec::new();
    for name in ["A", "B"] {
        let input = TeamInput { name: name.into(), ..TeamInput::default() };
        let team_id = teams::create(&core, Actor::System, portal.id, input).await.unwrap();
        mapped.push(TeamGroups { team_id, groups: vec!["g".into()] });
    }
    let turned: Vec<TeamGroups> = mapped.iter().rev().cloned().collect();
    for _ in 0..20 {
        let (one, other) = tokio::join!(
            teams::map(&core, Actor::System, portal.id, &mapped),
            teams::map(&core, Actor::System, portal.id, &turned)
        );
        one.unwrap();
        other.unwrap();
    }
}

#[tokio::test]
async fn a_team_has_developers_of_its_own_portal_only() {
    let core = TestCore::new().await;
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let bob = a_developer(&core, &there, "bob").await.id().unwrap().into();
    let team =
        teams::create(&core, Actor::System, here.id, TeamInput { name: "T".into(), ..TeamInput::default() }).await.unwrap();
    assert!(matches!(problem(teams::add_developer(&core, Actor::System, here.id, team, bob).await), Problem::Invalid(_)));
    assert_eq!(problem(teams::add_developer(&core, Actor::System, there.id, team, bob).await), Problem::NotFound);
    assert_eq!(problem(teams::delete(&core, Actor::System, there.id, team).await), Problem::NotFound);
    assert_eq!(problem(teams::get(&core, Actor::Anonymous, here.id, team).await), Problem::Unauthenticated);
}
