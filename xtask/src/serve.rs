//! Builds everything and serves it with demo data.

use crate::{
    postgres, site,
    workspace::{cargo, portico, reachable, run},
};
use std::{os::unix::process::CommandExt, process::Command};

/// Becomes the server, so that Ctrl+C and signals reach it.
pub fn serve() -> anyhow::Result<()> {
    site::build()?;
    run(&mut cargo(&["build"]))?;
    let mut server = Command::new(portico());
    server.arg("demo");
    #[expect(clippy::disallowed_methods, reason = "what is set already is left alone")]
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !is_set("DATABASE_URL") && !is_set("PORTICO_PG_BIN") {
        server.env("PORTICO_PG_BIN", postgres::binaries()?.directory());
    }
    if !is_set("PORTICO_DATA_DIR") {
        server.env("PORTICO_DATA_DIR", reachable()?.join("portico-data"));
    }
    Err(server.exec().into())
}
