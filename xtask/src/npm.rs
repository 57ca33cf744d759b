//! npm packages, installed as their lock files say.

use crate::workspace::{root, run};
use std::{fs, path::PathBuf, process::Command};

/// Installs a folder's packages unless they are there; the folder of their programs.
pub fn install(folder: &str) -> anyhow::Result<PathBuf> {
    let directory = root().join(folder);
    let modules = directory.join("node_modules");
    let stamp = modules.join(".portico-lock");
    let lock = fs::read_to_string(directory.join("package-lock.json"))?;
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&lock) {
        let mut npm = Command::new("npm");
        run(npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&directory))?;
        fs::write(&stamp, lock)?;
    }
    Ok(modules.join(".bin"))
}
