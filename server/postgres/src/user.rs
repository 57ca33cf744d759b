//! Postgres refuses to run as root, so then its process runs as somebody else.

use crate::Binaries;
use anyhow::{Context, ensure};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// An unprivileged user of the system.
#[derive(Clone, Debug)]
pub(crate) struct User {
    name: String,
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// `postgres`, else `nobody`, when this process is root; nobody else otherwise.
    pub fn for_postgres() -> anyhow::Result<Option<Self>> {
        if fs::metadata("/proc/self").context("cannot tell who runs this")?.uid() != 0 {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd")?;
        let find = |wanted: &str| users.lines().find_map(|line| Self::parse(line).filter(|user| user.name == wanted));
        find("postgres")
            .or_else(|| find("nobody"))
            .map(Some)
            .context("run Portico as an ordinary user: there is no user postgres or nobody")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name, uid, gid })
    }

    /// Gives a path, and what is below it, to this user.
    pub fn own(&self, path: &Path) -> anyhow::Result<()> {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.uid() != self.uid {
            chown(path, Some(self.uid), Some(self.gid))
                .with_context(|| format!("cannot give {} to {}", path.display(), self.name))?;
        }
        Ok(())
    }

    /// Whether this user reaches the data and the programs: directories above may be closed to it.
    pub fn check_access(&self, directory: &Path, binaries: &Binaries) -> anyhow::Result<()> {
        for path in [directory, binaries.directory()] {
            let reached =
                Command::new("/bin/ls").arg("-d").arg(path.join(".")).uid(self.uid).gid(self.gid).current_dir("/").output()?;
            ensure!(
                reached.status.success(),
                "the user {} runs Postgres, but cannot reach {}: choose a PORTICO_DATA_DIR whose parents are open to others, \
                 run Portico as an ordinary user, or give DATABASE_URL",
                self.name,
                path.display(),
            );
        }
        Ok(())
    }
}
