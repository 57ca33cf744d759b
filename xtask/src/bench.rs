//! How fast it is: a release build, on a Postgres that is there for it alone.

use crate::{
    gateways, postgres, site,
    workspace::{cargo, reachable, run},
};

/// Measures and prints a table; `filter` narrows it.
pub fn bench(filter: Option<&str>) -> anyhow::Result<()> {
    site::build()?;
    let server = postgres::for_tests()?;
    let mut bench = cargo(&["bench", "--quiet", "--package", "portico", "--bench", "portico", "--"]);
    bench
        .env("PORTICO_TEST_DATABASE_URL", server.url("postgres"))
        .envs(gateways::programs()?)
        .env("PORTICO_PG_BIN", postgres::binaries()?.directory())
        .env("PORTICO_BENCH_DIRECTORY", reachable()?.join("bench-data"));
    run(bench.args(filter))
}
