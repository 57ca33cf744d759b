//! Whether the time of a refused sign-in tells if an address has an account.

use crate::Row;
use portico_core::{Core, developers, passwords::Passwords, secrets::Plain};
use portico_testing::{TestCore, a_developer, a_portal, portal_input};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 20;

pub async fn measure() -> Vec<Row> {
    let test = TestCore::new().await;
    // As expensive as in service.
    let core = Core { passwords: Passwords::default(), ..test.core.clone() };
    let portal = a_portal(&core, portal_input("a")).await;
    a_developer(&core, &portal, "ada").await;
    let mut took = [Duration::ZERO; 2];
    for round in 0..ROUNDS {
        for (index, email) in ["ada@example.com", "nobody@example.com"].into_iter().enumerate() {
            // Each attempt is the first: the limits are not what is measured.
            test.clock.advance(time::Duration::hours(1));
            let begun = Instant::now();
            let refused = developers::sign_in(&core, &portal, email, Plain::new("wrong"), &format!("10.0.0.{round}")).await;
            took[index] += begun.elapsed();
            assert!(refused.is_err());
        }
    }
    let [wrong, unknown] = took.map(|took| took.as_secs_f64() * 1000.0 / f64::from(ROUNDS));
    vec![
        Row::new(
            "a refused sign-in with an unknown address, against a wrong password",
            format!("{unknown:.1} ms against {wrong:.1} ms: {:.2}", unknown / wrong),
            "0.9 to 1.1",
        )
        .holding((0.9..=1.1).contains(&(unknown / wrong))),
    ]
}
