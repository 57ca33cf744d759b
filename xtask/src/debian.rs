//! Programs from Debian's packages.

use crate::workspace::run;
use std::process::Command;

/// Installs a package, as root.
///
/// # Errors
///
/// When apt-get is missing, refuses, or is not run by root.
pub fn install(package: &str) -> anyhow::Result<()> {
    println!("No {package} here: trying apt-get install {package}");
    let apt = |arguments: &[&str]| run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "--quiet"])?;
    apt(&["install", "--yes", "--quiet", "--no-install-recommends", package])
}
