//! Where Postgres's programs are.

use anyhow::{Context, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A directory with `postgres`, `initdb` and `pg_ctl`.
#[derive(Clone, Debug)]
pub struct Binaries(PathBuf);

impl Binaries {
    /// The named directory, else `pg_config --bindir`, else the newest of `/usr/lib/postgresql/*/bin`.
    ///
    /// # Errors
    ///
    /// Names the package to install.
    pub fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(named) = named {
            return Self::at(named)
                .with_context(|| format!("PORTICO_PG_BIN is {}, which lacks one of postgres, initdb, pg_ctl", named.display()));
        }
        let installed = Self::from_pg_config().or_else(Self::from_debian);
        installed.context(
            "there is no Postgres on this machine. Install one (on Debian: apt-get install postgresql), \
             name the directory of its programs in PORTICO_PG_BIN, or give DATABASE_URL",
        )
    }

    /// The programs in a directory, if all are there.
    pub fn at(directory: &Path) -> Option<Self> {
        let all_there = ["postgres", "initdb", "pg_ctl"].iter().all(|program| directory.join(program).is_file());
        all_there.then(|| Self(directory.to_owned()))
    }

    fn from_pg_config() -> Option<Self> {
        let said = Command::new("pg_config").arg("--bindir").output().ok()?;
        Self::at(Path::new(String::from_utf8(said.stdout).ok()?.trim()))
    }

    fn from_debian() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
        let mut found: Vec<(u32, Self)> = versions
            .filter_map(|version| {
                let number = version.file_name().to_str()?.parse().ok()?;
                Some((number, Self::at(&version.path().join("bin"))?))
            })
            .collect();
        found.sort_by_key(|(number, _)| *number);
        found.pop().map(|(_, binaries)| binaries)
    }

    pub fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub(crate) fn pg_ctl(&self) -> PathBuf {
        self.0.join("pg_ctl")
    }

    /// `15` of `postgres (PostgreSQL) 15.18 (Debian …)`.
    pub(crate) fn major(&self) -> anyhow::Result<String> {
        let said = Command::new(self.postgres()).arg("--version").output()?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        match number.and_then(|number| number.split(|c: char| !c.is_ascii_digit()).next()) {
            Some(major) => Ok(major.to_owned()),
            None => bail!("{} does not tell its version: {text}", self.postgres().display()),
        }
    }
}
