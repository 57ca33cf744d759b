//! Runs a private Postgres as a child process: found on the machine, reached by a unix socket only.
//!
//! Used by `portico serve` when no database is configured, and by the tests.

mod binaries;
mod lock;
mod user;

pub use binaries::Binaries;

use anyhow::{Context, bail, ensure};
use lock::Lock;
use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use user::User;

/// The superuser of a private Postgres; only the owner of its directory can connect.
const SUPERUSER: &str = "portico";
/// Crash recovery after a hard stop can take a while.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// The kernel's limit on a socket's path is 108 bytes.
const SOCKET_PATH_MAX: usize = 100;
/// What Postgres says of a full disk, while it can still write.
const NO_SPACE: &str = "No space left on device";

/// Where a private Postgres lives, and how careful it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Holds the data, the socket and the log.
    pub directory: PathBuf,
    pub binaries: Binaries,
    /// `false` gives up safety for speed, for tests.
    pub durable: bool,
}

/// A running private Postgres. Stops when dropped.
pub struct Server {
    settings: Settings,
    socket_directory: PathBuf,
    user: Option<User>,
    child: Child,
    /// Held while running, so that two Porticos never share a data directory.
    _lock: Lock,
}

impl Server {
    /// Starts it, making the data directory on the first start and recovering after a crash.
    ///
    /// # Errors
    ///
    /// Says what is wrong and what to do: another Portico, another major version, a full disk.
    pub fn start(settings: Settings) -> anyhow::Result<Self> {
        let directory = &settings.directory;
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let directory = directory.canonicalize()?;
        let settings = Settings { directory, ..settings };
        let lock = Lock::take(&settings.directory)?;
        let user = User::for_postgres()?;
        let socket_directory = socket_directory(&settings.directory)?;
        for private in [&settings.directory, &socket_directory] {
            fs::set_permissions(private, fs::Permissions::from_mode(0o700))?;
            if let Some(user) = &user {
                user.own(private)?;
            }
        }
        if let Some(user) = &user {
            user.check_access(&settings.directory, &settings.binaries)?;
        }
        let data = settings.directory.join("data");
        if data.join("PG_VERSION").exists() {
            check_major(&data, &settings.binaries)?;
            stop_orphan(&settings, user.as_ref())?;
        } else {
            initialise(&settings, user.as_ref())?;
        }
        let child = spawn(&settings, &socket_directory, user.as_ref())?;
        let mut server = Self { settings, socket_directory, user, child, _lock: lock };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The URL of a database; `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        let host = self.socket_directory.to_string_lossy().replace('%', "%25").replace(' ', "%20").replace('&', "%26");
        format!("postgres:///{database}?host={host}&user={SUPERUSER}")
    }

    /// Starts it again if it has died; whether it had.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn ensure_running(&mut self) -> anyhow::Result<bool> {
        if self.child.try_wait()?.is_none() {
            return Ok(false);
        }
        self.child = spawn(&self.settings, &self.socket_directory, self.user.as_ref())?;
        self.wait_until_ready()?;
        Ok(true)
    }

    fn data(&self) -> PathBuf {
        self.settings.directory.join("data")
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("Postgres stopped at once ({status}).{}", self.explain());
            }
            if is_ready(&self.data(), self.child.id()) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("Postgres was not ready after {} s.{}", START_TIMEOUT.as_secs(), self.explain())
    }

    /// The end of the log, and what it means where that is known.
    fn explain(&self) -> String {
        let log = fs::read_to_string(log_path(&self.settings.directory)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n  ");
        let advice = if end.contains(NO_SPACE) || is_full(&self.settings.directory) {
            format!("\nThe disk with {} is full: make room and start again; nothing is lost.", self.settings.directory.display())
        } else {
            String::new()
        };
        format!("{advice}\nThe end of its log:\n  {end}")
    }

    fn stop(&mut self) {
        let stopped = command(&self.settings.binaries.pg_ctl(), self.user.as_ref())
            .args(["stop", "--mode=fast", "--wait", "--timeout=60", "--silent", "--pgdata"])
            .arg(self.data())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            // The next start recovers, as after a crash.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether the disk is full, which Postgres then cannot even log.
fn is_full(directory: &Path) -> bool {
    let probe = directory.join("probe");
    let written = fs::write(&probe, [0; 16 * 1024]);
    let _ = fs::remove_file(&probe);
    written.is_err_and(|error| error.kind() == ErrorKind::StorageFull)
}

/// In the directory itself, or where its path is too long for a socket, under the system's temporary one.
fn socket_directory(directory: &Path) -> anyhow::Result<PathBuf> {
    let inside = directory.join("socket");
    let chosen = if inside.as_os_str().len() + "/.s.PGSQL.5432".len() <= SOCKET_PATH_MAX {
        inside
    } else {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        directory.hash(&mut hasher);
        std::env::temp_dir().join(format!("portico-{:016x}", hasher.finish()))
    };
    fs::create_dir_all(&chosen).with_context(|| format!("cannot create {}", chosen.display()))?;
    Ok(chosen)
}

fn check_major(data: &Path, binaries: &Binaries) -> anyhow::Result<()> {
    let major = fs::read_to_string(data.join("PG_VERSION"))?.trim().to_owned();
    let here = binaries.major()?;
    ensure!(
        major == here,
        "{} was made by Postgres {major}, but {} is Postgres {here}.\n\
         Install Postgres {major} and name its programs in PORTICO_PG_BIN, or move the data with pg_upgrade.",
        data.display(),
        binaries.directory().display(),
    );
    Ok(())
}

/// A Postgres whose Portico was killed goes on alone; only a stopped one can be started.
fn stop_orphan(settings: &Settings, user: Option<&User>) -> anyhow::Result<()> {
    let pg_ctl = |action: &str| {
        let mut command = command(&settings.binaries.pg_ctl(), user);
        command.arg(action).arg("--pgdata").arg(settings.directory.join("data")).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    if pg_ctl("status").status()?.success() {
        let stopped = pg_ctl("stop").args(["--mode=fast", "--wait", "--timeout=60"]).status()?;
        ensure!(stopped.success(), "a Postgres that an earlier Portico left behind does not stop: stop it by hand");
    }
    Ok(())
}

fn initialise(settings: &Settings, user: Option<&User>) -> anyhow::Result<()> {
    let data = settings.directory.join("data");
    // Made under another name: a first start that was cut short must not look like a database.
    let unfinished = settings.directory.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let made = command(&settings.binaries.initdb(), user)
        .args([
            "--username",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        ])
        .args(if settings.durable { [].as_slice() } else { ["--no-sync"].as_slice() })
        .arg("--pgdata")
        .arg(&unfinished)
        .output()
        .context("initdb does not start")?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        let advice = if said.contains(NO_SPACE) { "\nThe disk is full: make room and start again." } else { "" };
        bail!("initdb could not make {}:{advice}\n{}", data.display(), said.trim());
    }
    fs::rename(&unfinished, &data).with_context(|| format!("cannot make {}", data.display()))
}

fn spawn(settings: &Settings, socket_directory: &Path, user: Option<&User>) -> anyhow::Result<Child> {
    let log = log_path(&settings.directory);
    // Added to, so that the reason for a crash outlives the restart.
    let log = File::options().create(true).append(true).open(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut server = command(&settings.binaries.postgres(), user);
    server
        .arg("-D")
        .arg(settings.directory.join("data"))
        .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "port=5432", "-c", "max_connections=200"])
        .arg("-c")
        .arg(format!("unix_socket_directories={}", socket_directory.display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl+C at the terminal is for Portico, which stops Postgres last.
        .process_group(0);
    if !settings.durable {
        server.args([
            "-c",
            "fsync=off",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
            "-c",
            "max_wal_senders=0",
            "-c",
            "wal_level=minimal",
        ]);
    }
    server.spawn().context("postgres does not start")
}

fn command(program: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    // Somewhere that every user may be.
    command.current_dir("/").env_remove("PGDATA").env_remove("PGPORT").env_remove("PGHOST");
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("postgres.log")
}

/// The eighth line of its pid file is how Postgres tells pg_ctl that it takes connections.
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(file) = fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let mut lines = file.lines();
    let is_ours = lines.next().is_some_and(|line| line.trim() == pid.to_string());
    is_ours && lines.nth(6).is_some_and(|status| status.trim() == "ready")
}
