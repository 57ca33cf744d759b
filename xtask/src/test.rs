//! Every test, on a Postgres and in a browser that are there for it alone.

use crate::{
    chromium, gateways, npm, postgres, site,
    workspace::{cargo, portico, reachable, root, run},
};
use std::process::Command;

/// Runs the tests; `filter` narrows them.
pub fn test(filter: Option<&str>, rust: bool, browser: bool) -> anyhow::Result<()> {
    // First: a server that is compiled before there is a site does not look for one later.
    site::build()?;
    if rust {
        let server = postgres::for_tests()?;
        let embedded = postgres::embedded()?;
        let mut tests = cargo(&["test", "--quiet"]);
        tests.envs(gateways::programs()?);
        tests.env("PORTICO_TEST_DATABASE_URL", server.url("postgres")).env("PORTICO_TEST_EMBEDDED_PG_BIN", embedded.directory());
        run(tests.arg("--no-fail-fast").args(filter))?;
    }
    if browser {
        run(&mut cargo(&["build"]))?;
        let mut tests = playwright()?;
        if let Some(filter) = filter {
            tests.args(["--grep", filter]);
        }
        run(tests.arg("--project=flows"))?;
    }
    Ok(())
}

/// Takes the pictures.
pub fn screenshots() -> anyhow::Result<()> {
    site::build()?;
    run(&mut cargo(&["build"]))?;
    run(playwright()?.arg("--project=screenshots"))
}

/// Each browser test starts a Portico of its own, which runs a Postgres of its own.
fn playwright() -> anyhow::Result<Command> {
    let mut playwright = Command::new(npm::install("end2end")?.join("playwright"));
    playwright
        .arg("test")
        .current_dir(root().join("end2end"))
        .env("CHROME", chromium::find()?)
        .env("PORTICO_BINARY", portico())
        .env("PORTICO_PG_BIN", postgres::binaries()?.directory())
        .env("PORTICO_TEST_DIRECTORY", reachable()?.join("end2end-data"));
    Ok(playwright)
}
