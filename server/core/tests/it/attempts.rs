use crate::problem;
use portico_core::{attempts, developers, secrets::Plain};
use portico_model::problem::Problem;
use portico_testing::{PASSWORD, TestCore, a_developer, a_portal, portal_input};
use time::Duration;

#[tokio::test]
async fn attempts_are_limited_across_processes_until_the_window_ends() {
    let core = TestCore::new().await;
    // As another process on the same database would be.
    let other = portico_core::Core { pool: portico_core::database::pool(&core.database_url, 2).unwrap(), ..core.core.clone() };
    for attempt in 0..attempts::SIGN_IN_PER_ACCOUNT.attempts {
        let process = if attempt % 2 == 0 { &core.core } else { &other };
        attempts::count(process, &attempts::SIGN_IN_PER_ACCOUNT, "ada").await.unwrap();
    }
    for process in [&core.core, &other] {
        let refused = attempts::count(process, &attempts::SIGN_IN_PER_ACCOUNT, "ADA").await;
        assert_eq!(problem(refused), Problem::RateLimited { retry_after_seconds: 900 });
    }
    attempts::count(&core, &attempts::SIGN_IN_PER_ACCOUNT, "grace").await.unwrap();
    core.clock.advance(Duration::minutes(15));
    attempts::count(&core, &attempts::SIGN_IN_PER_ACCOUNT, "ada").await.unwrap();
}

#[tokio::test]
async fn the_right_password_does_not_help_against_the_limit() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    a_developer(&core, &portal, "ada").await;
    let sign_in = |password: &str| developers::sign_in(&core, &portal, "ada@example.com", Plain::new(password), "10.0.0.1");
    for _ in 0..attempts::SIGN_IN_PER_ACCOUNT.attempts {
        assert_eq!(problem(sign_in("wrong").await), Problem::WrongPassword);
    }
    assert!(matches!(problem(sign_in(PASSWORD).await), Problem::RateLimited { .. }));
}

#[tokio::test]
async fn strangers_can_cause_only_so_many_mails() {
    let core = TestCore::new().await;
    let portal = a_portal(&core, portal_input("a")).await;
    let sign_up = || developers::sign_up(&core, &portal, "ada@example.com", "Ada", "10.0.0.1");
    for _ in 0..attempts::MAIL_PER_ACCOUNT.attempts {
        sign_up().await.unwrap();
    }
    assert!(matches!(problem(sign_up().await), Problem::RateLimited { .. }));
}
