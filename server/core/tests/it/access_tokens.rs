use crate::{conflict, invalid, problem};
use portico_core::{Actor, access_tokens, admins, secrets::Plain};
use portico_model::{
    access::Permissions,
    problem::{Conflict, Problem, Rule},
};
use portico_testing::{PASSWORD, TestCore, a_developer, a_portal, access_token_input, an_admin, portal_input};
use time::Duration;

const ADMIN: &str = "admin@example.com";

#[tokio::test]
async fn access_tokens_are_few_named_and_expire() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let create = async |name: &str, days| access_tokens::create(&core, admin, &access_token_input(name, days)).await;
    let token = create("ci", 30).await.unwrap();
    assert!(token.expose().starts_with("pta_"));
    assert_eq!(access_tokens::actor_of(&core, &token).await.unwrap(), admin);
    assert_eq!(problem(access_tokens::actor_of(&core, &Plain::new("pta_wrong")).await), Problem::Unauthenticated);
    assert_eq!(problem(create("ci", 30).await), invalid("name", Rule::Taken));
    assert_eq!(problem(create("", 30).await), invalid("name", Rule::Required));
    for days in [0, 366] {
        assert_eq!(problem(create("other", days).await), invalid("lifetime_days", Rule::Number(1, 365)));
    }
    for i in 1..access_tokens::MAX_PER_OWNER {
        create(&format!("t{i}"), 365).await.unwrap();
    }
    assert_eq!(problem(create("one more", 1).await), conflict(Conflict::TooManyAccessTokens));
    core.clock.advance(Duration::days(31));
    assert_eq!(problem(access_tokens::actor_of(&core, &token).await), Problem::Unauthenticated);
    create("one more", 1).await.unwrap();
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute_and_a_revocation_holds_at_once() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let token = access_tokens::create(&core, admin, &access_token_input("ci", 30)).await.unwrap();
    let listed = async || access_tokens::list(&core, admin).await.unwrap().remove(0);
    assert_eq!(listed().await.last_used_at, None);
    access_tokens::actor_of(&core, &token).await.unwrap();
    let first = listed().await.last_used_at.unwrap();
    access_tokens::actor_of(&core, &token).await.unwrap();
    assert_eq!(listed().await.last_used_at, Some(first), "not each use is written");
    core.clock.advance(Duration::minutes(2));
    access_tokens::actor_of(&core, &token).await.unwrap();
    assert!(listed().await.last_used_at > Some(first));
    access_tokens::revoke(&core, admin, listed().await.id).await.unwrap();
    assert_eq!(problem(access_tokens::actor_of(&core, &token).await), Problem::Unauthenticated);
}

#[tokio::test]
async fn a_token_is_its_admins_alone() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let other = admins::create(&core, Actor::System, "b@example.com", Plain::new(PASSWORD)).await.unwrap();
    let other = Actor::Admin { id: other, permissions: Permissions::ALL };
    access_tokens::create(&core, admin, &access_token_input("ci", 30)).await.unwrap();
    let id = access_tokens::list(&core, admin).await.unwrap()[0].id;
    assert!(access_tokens::list(&core, other).await.unwrap().is_empty());
    assert_eq!(problem(access_tokens::revoke(&core, other, id).await), Problem::NotFound);
    let portal = a_portal(&core, portal_input("a")).await;
    let ada = a_developer(&core, &portal, "ada").await;
    for (actor, expected) in
        [(Actor::Anonymous, Problem::Unauthenticated), (ada, Problem::NotFound), (Actor::System, Problem::NotFound)]
    {
        assert_eq!(problem(access_tokens::create(&core, actor, &access_token_input("x", 1)).await), expected);
        assert_eq!(problem(access_tokens::list(&core, actor).await), expected);
        assert_eq!(problem(access_tokens::revoke(&core, actor, id).await), expected);
    }
}

#[tokio::test]
async fn the_operator_makes_one_for_an_admin_by_address() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    let token = access_tokens::create_for(&core, Actor::System, ADMIN, "ci").await.unwrap();
    assert_eq!(access_tokens::actor_of(&core, &token).await.unwrap(), admin);
    let nobody = access_tokens::create_for(&core, Actor::System, "nobody@example.com", "x").await;
    assert_eq!(problem(nobody), invalid("admin", Rule::NotOffered));
    assert_eq!(problem(access_tokens::create_for(&core, admin, ADMIN, "x").await), Problem::NotFound);
}
