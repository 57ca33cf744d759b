//! The standard library for wasm32-unknown-unknown: from rustup, or built from the toolchain's own sources.

use crate::workspace::{output, run, target};
use anyhow::{Context, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that the target can be built for.
pub fn ensure_installed() -> anyhow::Result<()> {
    let sysroot = PathBuf::from(output(Command::new("rustc").args(["--print", "sysroot"]))?.trim());
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if has_core(&library) {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).output();
    if added.is_ok_and(|added| added.status.success()) && has_core(&library) {
        return Ok(());
    }
    println!("rustup cannot download {TARGET}: building its standard library from source");
    let sources = sources(&sysroot)?;
    build(&sources, &sysroot, &library).context("the standard library for wasm cannot be built")
}

fn has_core(library: &Path) -> bool {
    let Ok(files) = fs::read_dir(library) else { return false };
    files.filter_map(Result::ok).any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

/// The standard library's sources, of exactly this compiler.
fn sources(sysroot: &Path) -> anyhow::Result<PathBuf> {
    let installed = sysroot.join("lib/rustlib/src/rust");
    if installed.join("library/std").is_dir() {
        return Ok(installed);
    }
    let version = output(Command::new("rustc").arg("--version"))?;
    let version = version.split_whitespace().nth(1).context("rustc does not tell its version")?.to_owned();
    let unpacked = target().join("rust-src");
    let sources = unpacked.join("usr/src").join(format!("rustc-{version}"));
    if !sources.join("library/std").is_dir() {
        fetch_debian_package(&version, &unpacked)?;
    }
    ensure!(sources.join("library/std").is_dir(), "Debian's rust-src has no {}", sources.display());
    Ok(sources)
}

/// Fetches Debian's package `rust-src` of a version and unpacks it here. Nothing is installed on the system;
/// apt checks the signatures.
fn fetch_debian_package(version: &str, unpacked: &Path) -> anyhow::Result<()> {
    let work = target().join("rust-src-apt");
    for directory in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(work.join(directory))?;
    }
    let mirror = debian_mirror()?;
    let suites = ["sid", "testing", "trixie-backports", "stable-backports", "stable"];
    let list: Vec<String> = suites
        .iter()
        .map(|suite| format!("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} {suite} main\n"))
        .collect();
    fs::write(work.join("sources.list"), list.concat())?;
    fs::write(work.join("status"), "")?;
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.current_dir(&work).arg("--quiet");
        for (option, value) in [
            ("Dir::Etc::SourceList", work.join("sources.list")),
            ("Dir::Etc::SourceParts", PathBuf::from("/dev/null")),
            ("Dir::State", work.clone()),
            ("Dir::State::Lists", work.join("lists")),
            ("Dir::State::Status", work.join("status")),
            ("Dir::Cache", work.join("cache")),
            ("APT::Sandbox::User", PathBuf::from("root")),
        ] {
            apt.arg("-o").arg(format!("{option}={}", value.display()));
        }
        apt
    };
    // A suite that this mirror lacks is no reason to give up: another may have the version.
    let updated = apt().arg("update").output().context("apt-get does not start: is this a Debian-like system?")?;
    let downloaded = apt().args(["download", &format!("rust-src={version}*")]).output()?;
    let package = fs::read_dir(&work)?
        .filter_map(Result::ok)
        .map(|file| file.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("rust-src_{version}"))));
    let Some(package) = package else {
        bail!(
            "no Debian suite has rust-src {version}: install the target by `rustup target add {TARGET}`, or the sources by \
             `rustup component add rust-src`\n{}{}",
            String::from_utf8_lossy(&updated.stderr),
            String::from_utf8_lossy(&downloaded.stderr),
        );
    };
    run(Command::new("dpkg").arg("-x").arg(package).arg(unpacked))
}

/// The mirror that this machine uses.
fn debian_mirror() -> anyhow::Result<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().filter_map(Result::ok).map(|file| file.path()));
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let words: Vec<String> = texts.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    let mirror = words
        .into_iter()
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian") && !word.contains("snapshot"));
    mirror.context("no Debian mirror in /etc/apt: install the target by `rustup target add wasm32-unknown-unknown`")
}

/// Builds the library as a dependency of an empty crate, and puts it where rustc looks.
fn build(sources: &Path, sysroot: &Path, library: &Path) -> anyhow::Result<()> {
    let empty = target().join("wasm-std");
    fs::create_dir_all(empty.join("src"))?;
    fs::write(empty.join("src/lib.rs"), "")?;
    fs::write(
        empty.join("Cargo.toml"),
        "[package]\nname = \"wasm-std\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", empty.join("target"))
        .env("RUSTFLAGS", "")
        .current_dir(&empty);
    // Cargo looks for the sources in the sysroot alone, so they are lent to it.
    let lent = sysroot.join("lib/rustlib/src/rust");
    let is_lent = lent != sources;
    if is_lent {
        fs::create_dir_all(sysroot.join("lib/rustlib/src"))?;
        let _ = fs::remove_file(&lent);
        std::os::unix::fs::symlink(sources, &lent)?;
    }
    let built = run(&mut cargo);
    if is_lent {
        fs::remove_file(&lent)?;
    }
    built?;
    fs::create_dir_all(library)?;
    let built = empty.join("target").join(TARGET).join("release/deps");
    for file in fs::read_dir(&built)?.filter_map(Result::ok) {
        let name = file.file_name();
        let is_library = name.to_string_lossy().ends_with(".rlib") && !name.to_string_lossy().starts_with("libwasm_std");
        if is_library {
            fs::copy(file.path(), library.join(name))?;
        }
    }
    ensure!(has_core(library), "{} has no library", built.display());
    Ok(())
}
