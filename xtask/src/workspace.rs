//! Where things are, and how programs are run.

use anyhow::{Context, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The top of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

pub fn target() -> PathBuf {
    root().join("target")
}

/// Where Postgres's data and programs are for development: under target/, or where root works in a directory
/// that is closed to others, such as /root, in one that the user who runs Postgres can reach.
pub fn reachable() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let target = target();
    fs::create_dir_all(&target)?;
    let is_root = fs::metadata("/proc/self")?.uid() == 0;
    let is_closed = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 == 0);
    if !is_root || !target.ancestors().any(is_closed) {
        return Ok(target);
    }
    let name = target.to_string_lossy().replace('/', "-");
    let elsewhere = Path::new("/var/tmp").join(format!("portico{name}"));
    fs::create_dir_all(&elsewhere)?;
    Ok(elsewhere)
}

/// The built server.
pub fn portico() -> PathBuf {
    target().join("debug/portico")
}

/// A cargo command in the workspace, by the toolchain that runs this.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command; its failure is an error that names it.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}

/// Runs a command quietly; what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed ({}):\n{said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
