use crate::{invalid, problem};
use portico_core::{Actor, admins, secrets::Plain};
use portico_model::problem::{Problem, Rule};
use portico_testing::{PASSWORD, TestCore, an_admin};

const ADMIN: &str = "admin@example.com";

fn plain(text: &str) -> Plain {
    Plain::new(text)
}

fn token(link: &Plain) -> Plain {
    plain(link.expose().split_once("token=").unwrap().1)
}

#[tokio::test]
async fn the_first_admin_is_made_by_a_link_that_works_once() {
    let core = TestCore::new().await;
    let lost = token(&admins::offer_set_up(&core, Actor::System).await.unwrap().unwrap());
    let link = token(&admins::offer_set_up(&core, Actor::System).await.unwrap().unwrap());
    let set_up = |token: &Plain| {
        let token = token.clone();
        let core = core.core.clone();
        async move { admins::set_up(&core, &token, ADMIN, plain(PASSWORD), &plain(PASSWORD)).await }
    };
    assert_eq!(problem(set_up(&lost).await), invalid("token", Rule::Link));
    assert_eq!(problem(set_up(&plain("made up")).await), invalid("token", Rule::Link));
    let id = set_up(&link).await.unwrap();
    assert_eq!(problem(set_up(&link).await), invalid("token", Rule::Link));
    assert!(admins::offer_set_up(&core, Actor::System).await.unwrap().is_none());
    assert_eq!(admins::sign_in(&core, "Admin@example.com", plain(PASSWORD), "10.0.0.1").await.unwrap(), id);
    assert_eq!(problem(admins::sign_in(&core, ADMIN, plain("wrong"), "10.0.0.1").await), Problem::WrongPassword);
}

#[tokio::test]
async fn an_admin_made_at_the_command_line_voids_the_link() {
    let core = TestCore::new().await;
    let link = token(&admins::offer_set_up(&core, Actor::System).await.unwrap().unwrap());
    an_admin(&core).await;
    assert_eq!(problem(admins::check_set_up(&core, &link).await), invalid("token", Rule::Link));
    let again = admins::create(&core, Actor::System, "ADMIN@example.com", plain(PASSWORD)).await;
    assert_eq!(problem(again), invalid("email", Rule::Taken));
}

#[tokio::test]
async fn only_the_operator_makes_admins() {
    let core = TestCore::new().await;
    let admin = an_admin(&core).await;
    for actor in [Actor::Anonymous, admin] {
        assert_eq!(problem(admins::create(&core, actor, "b@example.com", plain(PASSWORD)).await), Problem::NotFound);
        assert_eq!(problem(admins::offer_set_up(&core, actor).await), Problem::NotFound);
    }
}
