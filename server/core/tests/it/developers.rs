use crate::{conflict, invalid, problem};
use portico_core::{Actor, developers, portals::PortalInput, secrets::Plain};
use portico_model::{
    ids::DeveloperId,
    paging::PageRequest,
    problem::{Conflict, Problem, Rule},
    states::DeveloperStatus::{self, Approved, Pending, Rejected, Revoked},
};
use portico_testing::{PASSWORD, TestCore, a_developer, a_portal, portal_input};
use time::Duration;

const ADA: &str = "ada@example.com";

fn plain(text: &str) -> Plain {
    Plain::new(text)
}

async fn signed_up(core: &TestCore, input: PortalInput) -> (portico_core::portals::Portal, developers::Developer) {
    let portal = a_portal(core, input).await;
    developers::sign_up(core, &portal, ADA, "Ada", "10.0.0.1").await.unwrap();
    let token = core.mailed_token(ADA).await;
    let developer = developers::set_password(core, &portal, &plain(&token), plain(PASSWORD), &plain(PASSWORD)).await.unwrap();
    (portal, developer)
}

#[tokio::test]
async fn signing_up_needs_a_confirmed_address_and_then_an_admin() {
    let core = TestCore::new().await;
    let (portal, developer) = signed_up(&core, portal_input("a")).await;
    assert_eq!(developer.status, Pending);
    let sign_in = || developers::sign_in(&core, &portal, ADA, plain(PASSWORD), "10.0.0.1");
    assert_eq!(problem(sign_in().await), Problem::AwaitingApproval);
    developers::decide(&core, Actor::System, developer.id, Approved, "").await.unwrap();
    assert_eq!(sign_in().await.unwrap(), developer.id);
    assert!(core.last_mail(ADA).await.contains("is approved"));
    developers::decide(&core, Actor::System, developer.id, Revoked, "").await.unwrap();
    assert_eq!(problem(sign_in().await), Problem::AwaitingApproval);
    developers::sign_up(&core, &portal, ADA, "Ada", "10.0.0.1").await.unwrap();
    assert!(core.last_mail(ADA).await.contains("It is revoked."), "no way around");
    developers::decide(&core, Actor::System, developer.id, Approved, "").await.unwrap();
    sign_in().await.unwrap();
}

#[tokio::test]
async fn automatic_approval_lets_confirmed_developers_in_at_once_but_not_those_who_wait() {
    let core = TestCore::new().await;
    let (portal, waiting) = signed_up(&core, portal_input("a")).await;
    let input = PortalInput { auto_approve_developers: true, ..portal_input("a") };
    portico_core::portals::update(&core, Actor::System, portal.id, |_| input).await.unwrap();
    assert_eq!(developers::get(&core, Actor::System, waiting.id).await.unwrap().status, Pending);
    let (_, at_once) = signed_up(&core, PortalInput { auto_approve_developers: true, ..portal_input("b") }).await;
    assert_eq!(at_once.status, Approved);
}

#[tokio::test]
async fn nobody_waits_for_an_admin_before_confirming_their_address() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    developers::sign_up(&core, &portal, ADA, "Ada", "10.0.0.1").await.unwrap();
    let listed = developers::list(&core, Actor::System, None, &PageRequest::first()).await.unwrap();
    assert_eq!(listed.total, 0);
}

#[tokio::test]
async fn every_step_between_states_is_as_documented() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    for (index, &from) in DeveloperStatus::ALL.iter().enumerate() {
        for &to in DeveloperStatus::ALL {
            let name = format!("d{index}{}", to.as_str());
            let id = in_state(&core, &portal, &name, from).await;
            let decided = developers::decide(&core, Actor::System, id, to, "").await;
            if from.change_to(to).is_ok() {
                decided.unwrap();
                assert_eq!(developers::get(&core, Actor::System, id).await.unwrap().status, to);
            } else {
                assert_eq!(problem(decided), conflict(Conflict::StatusChange), "{from:?} to {to:?}");
            }
        }
    }
}

async fn in_state(core: &TestCore, portal: &portico_core::portals::Portal, name: &str, state: DeveloperStatus) -> DeveloperId {
    let email = format!("{name}@example.com");
    developers::sign_up(core, portal, &email, name, &email).await.unwrap();
    let token = core.mailed_token(&email).await;
    let developer = developers::set_password(core, portal, &plain(&token), plain(PASSWORD), &plain(PASSWORD)).await.unwrap();
    let steps: &[DeveloperStatus] = match state {
        Pending => &[],
        Approved => &[Approved],
        Revoked => &[Approved, Revoked],
        Rejected => &[Rejected],
    };
    for step in steps {
        developers::decide(core, Actor::System, developer.id, *step, "").await.unwrap();
    }
    developer.id
}

#[tokio::test]
async fn a_refusal_carries_its_reason_and_blocks_the_address_until_the_account_is_deleted() {
    let core = TestCore::new().await;
    let (portal, developer) = signed_up(&core, portal_input("a")).await;
    developers::decide(&core, Actor::System, developer.id, Rejected, "Use your work address.").await.unwrap();
    assert!(core.last_mail(ADA).await.contains("Use your work address."));
    assert_eq!(developers::get(&core, Actor::System, developer.id).await.unwrap().status_reason, "Use your work address.");

    developers::sign_up(&core, &portal, ADA, "Ada again", "10.0.0.1").await.unwrap();
    assert!(core.last_mail(ADA).await.contains("has an account already"));
    assert_eq!(developers::get(&core, Actor::System, developer.id).await.unwrap().status, Rejected);

    developers::delete(&core, Actor::System, developer.id).await.unwrap();
    developers::sign_up(&core, &portal, ADA, "Ada", "10.0.0.1").await.unwrap();
    assert!(core.last_mail(ADA).await.contains("choose a password"));
}

#[tokio::test]
async fn an_address_has_one_account_in_a_portal_and_others_elsewhere() {
    let core = TestCore::new().await;
    let (first, one) = signed_up(&core, portal_input("a")).await;
    let (second, other) = signed_up(&core, portal_input("b")).await;
    assert_ne!(one.id, other.id);
    developers::sign_up(&core, &first, "ADA@example.com", "Ada", "10.0.0.1").await.unwrap();
    let listed = developers::list(&core, Actor::System, Some(first.id), &PageRequest::first()).await.unwrap();
    assert_eq!(listed.total, 1);
    assert_eq!(developers::list(&core, Actor::System, Some(second.id), &PageRequest::first()).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_link_works_once_in_its_portal_until_it_expires() {
    let core = TestCore::new().await;
    let (portal, _) = signed_up(&core, portal_input("a")).await;
    let elsewhere = a_portal(&core, portal_input("b")).await;
    let used = plain(&core.mailed_token(ADA).await);
    let link = invalid("token", Rule::Link);
    assert_eq!(problem(developers::check_password_link(&core, &portal, &used).await), link);
    let again = developers::set_password(&core, &portal, &used, plain("another password"), &plain("another password")).await;
    assert_eq!(problem(again), link);

    developers::forgot_password(&core, &portal, ADA, "10.0.0.1").await.unwrap();
    let token = plain(&core.mailed_token(ADA).await);
    assert_eq!(problem(developers::check_password_link(&core, &elsewhere, &token).await), link);
    developers::check_password_link(&core, &portal, &token).await.unwrap();
    core.clock.advance(Duration::minutes(61));
    let late = developers::set_password(&core, &portal, &token, plain(PASSWORD), &plain(PASSWORD)).await;
    assert_eq!(problem(late), link);
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_every_other_link() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    a_developer(&core, &portal, "ada").await;
    developers::forgot_password(&core, &portal, ADA, "10.0.0.1").await.unwrap();
    let first = plain(&core.mailed_token(ADA).await);
    core.clock.advance(Duration::seconds(1));
    developers::forgot_password(&core, &portal, ADA, "10.0.0.1").await.unwrap();
    let second = plain(&core.mailed_token(ADA).await);
    developers::set_password(&core, &portal, &second, plain("another password"), &plain("another password")).await.unwrap();
    assert_eq!(problem(developers::check_password_link(&core, &portal, &first).await), invalid("token", Rule::Link));
    let with = |password: &str| developers::sign_in(&core, &portal, ADA, plain(password), "10.0.0.1");
    assert_eq!(problem(with(PASSWORD).await), Problem::WrongPassword);
    with("another password").await.unwrap();
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    a_developer(&core, &portal, "ada").await;
    for (email, password) in [(ADA, "wrong"), ("eve@example.com", PASSWORD), (ADA, "")] {
        let refused = developers::sign_in(&core, &portal, email, plain(password), "10.0.0.1").await;
        assert_eq!(problem(refused), Problem::WrongPassword, "{email}");
    }
    let before = mails(&core).await;
    developers::forgot_password(&core, &portal, "eve@example.com", "10.0.0.1").await.unwrap();
    assert_eq!(mails(&core).await, before);
}

async fn mails(core: &TestCore) -> i64 {
    portico_core::mail::list(core, Actor::System, &PageRequest::first()).await.unwrap().total
}

#[tokio::test]
async fn a_public_portal_has_no_accounts() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, PortalInput { is_public: true, ..portal_input("a") }).await;
    assert_eq!(problem(developers::sign_up(&core, &portal, ADA, "Ada", "10.0.0.1").await), Problem::NotFound);
    assert_eq!(problem(developers::forgot_password(&core, &portal, ADA, "10.0.0.1").await), Problem::NotFound);
    assert_eq!(problem(developers::sign_in(&core, &portal, ADA, plain(PASSWORD), "10.0.0.1").await), Problem::NotFound);
}

#[tokio::test]
async fn accounts_that_nobody_confirms_are_forgotten() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    developers::sign_up(&core, &portal, ADA, "Ada", "10.0.0.1").await.unwrap();
    a_developer(&core, &portal, "grace").await;
    core.clock.advance(Duration::days(8));
    portico_core::jobs::sweep(&core).await.unwrap();
    let left: i64 = sqlx::query_scalar("select count(*) from developer").fetch_one(&core.pool).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn two_admins_who_decide_at_once_decide_once() {
    let core = TestCore::new().await;
    let (_, developer) = signed_up(&core, portal_input("a")).await;
    let approve = developers::decide(&core, Actor::System, developer.id, Approved, "");
    let reject = developers::decide(&core, Actor::System, developer.id, Rejected, "");
    let (approved, rejected) = tokio::join!(approve, reject);
    let status = developers::get(&core, Actor::System, developer.id).await.unwrap().status;
    match status {
        // Approved first: the rejection has no such step. Rejected first: an approval may follow.
        Approved => assert!(approved.is_ok()),
        Rejected => assert!(rejected.is_ok() && approved.is_err()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn lists_page_search_sort_and_filter_in_a_stable_order() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    for i in 0..30 {
        a_developer(&core, &portal, &format!("dev{i:02}")).await;
    }
    let emails = async |request: PageRequest| {
        let page = developers::list(&core, Actor::System, None, &request).await.unwrap();
        (page.items.into_iter().map(|developer| developer.email).collect::<Vec<_>>(), page.total)
    };
    let by = |sort: &str, index| PageRequest { sort: sort.to_owned(), index, ..PageRequest::default() };
    for (sort, first) in [
        ("email", "dev00"),
        ("-email", "dev29"),
        ("full_name", "dev00"),
        ("-full_name", "dev29"),
        ("created_at", "dev00"),
        ("", "dev29"),
    ] {
        let (one, total) = emails(by(sort, 0)).await;
        let (two, _) = emails(by(sort, 1)).await;
        assert_eq!((one.len(), two.len(), total), (25, 5, 30), "{sort}");
        assert!(one[0].starts_with(first), "{sort}: {}", one[0]);
        assert!(two.iter().all(|email| !one.contains(email)), "{sort}: a row is on two pages");
    }
    assert_eq!(emails(by("", 9)).await.0.len(), 0);
    let found = emails(PageRequest { search: "DEV1".to_owned(), status: "approved".to_owned(), ..PageRequest::default() }).await;
    assert_eq!(found.1, 10);
    assert_eq!(emails(PageRequest { status: "pending".to_owned(), ..PageRequest::default() }).await.1, 0);
}
