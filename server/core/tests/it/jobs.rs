use portico_core::{
    Actor, Core, developers,
    jobs::{self, Job, Lane},
    mail::{self, Delivery, SmtpSettings},
};
use portico_model::{paging::PageRequest, states::MailState};
use portico_testing::{TestCore, a_portal, portal_input};
use time::Duration;

/// A core whose SMTP server is not there.
fn with_dead_smtp(core: &TestCore) -> Core {
    let settings = SmtpSettings { url: "smtp://127.0.0.1:1".to_owned(), from: "Portal <portal@example.com>".to_owned() };
    Core { delivery: Delivery::smtp(&settings).unwrap(), ..core.core.clone() }
}

async fn mails(core: &Core) -> Vec<mail::Mail> {
    mail::list(core, Actor::System, &PageRequest::first()).await.unwrap().items
}

#[tokio::test]
async fn without_an_smtp_server_mails_are_kept_and_readable() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    developers::sign_up(&core, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    assert!(!jobs::run_next(&core, Lane::Main).await.unwrap(), "there is nothing to send");
    let [kept] = &mails(&core).await[..] else { panic!("one mail") };
    assert_eq!(kept.state, MailState::Kept);
    assert!(
        mail::get(&core, Actor::System, kept.id)
            .await
            .unwrap()
            .text
            .unwrap()
            .contains("http://a.localhost:3000/set-password?token=")
    );
}

#[tokio::test]
async fn a_mail_that_is_not_taken_is_tried_again_later_and_given_up_in_the_end() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let sending = with_dead_smtp(&core);
    developers::sign_up(&sending, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    assert!(jobs::run_next(&sending, Lane::Main).await.unwrap());
    let [queued] = &mails(&core).await[..] else { panic!("one mail") };
    assert_eq!((queued.state, queued.attempts), (MailState::Queued, 1));
    assert!(queued.last_error.contains("SMTP"), "{}", queued.last_error);
    assert!(!jobs::run_next(&sending, Lane::Main).await.unwrap(), "not before its time");
    for _ in 1..jobs::MAX_ATTEMPTS {
        core.clock.advance(Duration::hours(2));
        assert!(jobs::run_next(&sending, Lane::Main).await.unwrap());
    }
    assert_eq!(mails(&core).await[0].state, MailState::Failed);
    core.clock.advance(Duration::hours(2));
    assert!(!jobs::run_next(&sending, Lane::Main).await.unwrap(), "a dead job stays dead");
}

#[tokio::test]
async fn audit_logs_that_nobody_takes_hold_up_no_mail() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let sending = with_dead_smtp(&core);
    let mut connection = core.pool.acquire().await.unwrap();
    let entry = Job::DeliverAuditEntry { portal: portal.id, entry: core.new_id() };
    jobs::enqueue(&core, &mut connection, &[entry]).await.unwrap();
    assert!(!jobs::run_next(&sending, Lane::Main).await.unwrap());
    developers::sign_up(&sending, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    assert!(jobs::run_next(&sending, Lane::Main).await.unwrap());
    assert!(jobs::run_next(&sending, Lane::AuditLogs).await.unwrap());
    assert!(!jobs::run_next(&sending, Lane::AuditLogs).await.unwrap());
}

#[tokio::test]
async fn a_job_whose_worker_died_is_taken_over_and_no_job_is_run_twice_at_once() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let sending = with_dead_smtp(&core);
    developers::sign_up(&sending, &portal, "ada@example.com", "Ada", "10.0.0.1").await.unwrap();
    // As a worker leaves it that was killed in the middle.
    sqlx::query("update job set attempts = 1, lease_until = $1")
        .bind(core.now() + Duration::minutes(2))
        .execute(&core.pool)
        .await
        .unwrap();
    assert!(!jobs::run_next(&sending, Lane::Main).await.unwrap());
    core.clock.advance(Duration::minutes(3));
    let (one, two) = tokio::join!(jobs::run_next(&sending, Lane::Main), jobs::run_next(&sending, Lane::Main));
    assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|ran| **ran).count(), 1);
}
