//! One self-contained release binary.

use crate::{
    site,
    workspace::{cargo, run, target},
};
use std::fs;

/// Builds target/dist/portico, with the site in it.
pub fn dist() -> anyhow::Result<()> {
    site::build()?;
    run(&mut cargo(&["build", "--bin", "portico", "--release"]))?;
    let dist = target().join("dist");
    fs::create_dir_all(&dist)?;
    fs::copy(target().join("release/portico"), dist.join("portico"))?;
    println!("{}", dist.join("portico").display());
    Ok(())
}
