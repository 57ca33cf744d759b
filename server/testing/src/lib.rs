//! What tests on a real Postgres need: a database each, a fixed clock, seeded randomness, builders.
//!
//! `cargo xtask test` starts the Postgres and names it in `PORTICO_TEST_DATABASE_URL`.
#![expect(clippy::panic, clippy::expect_used, reason = "a test that cannot be set up should say so and stop")]

mod builders;
mod clock;
pub mod issuer;
pub mod providers;

pub use builders::*;
pub use clock::TestClock;

use portico_core::{
    Core, MIGRATOR, Site,
    clock::Random,
    database,
    dcr_providers::connectors::AdminTokens,
    mail::Delivery,
    outgoing::{AllowedNetworks, Outgoing},
    passwords::Passwords,
    secrets::Secrets,
};
use sqlx::{Connection, Executor, PgConnection};
use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::sync::OnceCell;

/// Requests to this machine alone.
fn loopback() -> Outgoing {
    let networks = ["127.0.0.0/8".parse().expect("a network")];
    Outgoing::new(AllowedNetworks::new(&networks)).expect("certificate authorities")
}

/// A core on a database of its own.
pub struct TestCore {
    pub core: Core,
    pub clock: Arc<TestClock>,
    /// How other processes reach the same database.
    pub database_url: String,
}

impl Deref for TestCore {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl TestCore {
    /// A migrated, empty database.
    pub async fn new() -> Self {
        let database_url = fresh_database().await;
        let clock = Arc::new(TestClock::default());
        let core = Core {
            pool: database::pool(&database_url, 10).expect("the URL was made here"),
            clock: Arc::clone(&clock) as Arc<_>,
            random: Random::from_seed(42),
            secrets: Arc::new(Secrets::from_master_key(&[7; 32]).expect("32 bytes")),
            passwords: Passwords::with_cost(64, 1),
            delivery: Delivery::none(),
            outgoing: loopback(),
            admin_tokens: AdminTokens::default(),
            site: Arc::new(Site {
                scheme: "http".to_owned(),
                host: "localhost".to_owned(),
                port_suffix: ":3000".to_owned(),
                region: "test".to_owned(),
            }),
        };
        Self { core, clock, database_url }
    }

    /// The text of the newest mail to an address.
    pub async fn last_mail(&self, recipient: &str) -> String {
        sqlx::query_scalar("select body from mail where recipient = $1 order by created_at desc, id desc limit 1")
            .bind(recipient)
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("no mail to {recipient}: {error}"))
    }

    /// The token of the link in the newest mail to an address.
    pub async fn mailed_token(&self, recipient: &str) -> String {
        let mail = self.last_mail(recipient).await;
        let (_, rest) = mail.split_once("token=").unwrap_or_else(|| panic!("no link in: {mail}"));
        rest.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A copy of a migrated template: far faster than migrating each time.
async fn fresh_database() -> String {
    let server = server_url();
    let template = TEMPLATE.get_or_init(|| make_template(server.clone())).await;
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&server).await.expect("the test Postgres answers");
    let create = format!("create database {name} template {template}");
    connection.execute(sqlx::AssertSqlSafe(create)).await.expect("a database can be made");
    with_database(&server, &name)
}

/// One template for each process: processes of one run do not wait for each other.
async fn make_template(server: String) -> String {
    let name = format!("template_{}", std::process::id());
    let mut connection = PgConnection::connect(&server).await.expect("the test Postgres answers");
    connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.expect("a database can be made");
    let pool = database::pool(&with_database(&server, &name), 2).expect("the URL was made here");
    MIGRATOR.run(&pool).await.expect("the migrations run");
    pool.close().await;
    name
}

/// The Postgres for tests.
pub fn server_url() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests are told where their Postgres is")]
    std::env::var("PORTICO_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!(
            "run the tests by `cargo xtask test`, or name an empty Postgres in PORTICO_TEST_DATABASE_URL (postgres://…/postgres)"
        )
    })
}

fn with_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, ""), |(base, query)| (base, query));
    let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
    format!("{base}/{name}?{query}")
}
