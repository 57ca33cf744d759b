//! The browser for tests: `CHROME`, else the system's, else Debian's package.

use crate::debian;
use anyhow::{bail, ensure};
use std::path::{Path, PathBuf};

const PLACES: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable"];

/// A browser that is there.
///
/// # Errors
///
/// Says how to get one. A browser test is never skipped.
pub fn find() -> anyhow::Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the browser's well-known variable")]
    if let Some(named) = std::env::var_os("CHROME").map(PathBuf::from) {
        ensure!(named.is_file(), "CHROME is {}, where there is no browser", named.display());
        return Ok(named);
    }
    if let Some(found) = installed() {
        return Ok(found);
    }
    match (debian::install("chromium"), installed()) {
        (Ok(()), Some(found)) => Ok(found),
        (fetched, _) => bail!(
            "the browser tests need Chromium: install it (on Debian, as root: apt-get install chromium), or name one in CHROME{}",
            fetched.err().map(|error| format!("\n{error:#}")).unwrap_or_default()
        ),
    }
}

fn installed() -> Option<PathBuf> {
    PLACES.iter().map(Path::new).find(|place| place.is_file()).map(Path::to_owned)
}
