//! The private Postgres, of the machine's programs and of npm's.

use portico_core::{MIGRATOR, database};
use portico_postgres::{Binaries, Server, Settings};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[expect(clippy::disallowed_methods, reason = "tests are told where the programs are")]
fn embedded() -> Binaries {
    let directory = std::env::var("PORTICO_TEST_EMBEDDED_PG_BIN").expect("run the tests by `cargo xtask test`");
    Binaries::at(Path::new(&directory)).expect("the programs are there")
}

/// A directory that every user reaches, emptied.
fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("portico-test-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&directory);
    directory
}

fn settings(directory: &Path, binaries: Binaries) -> Settings {
    Settings { directory: directory.to_owned(), binaries, durable: true }
}

async fn count(server: &Server) -> i64 {
    let pool = database::pool(&server.url("postgres"), 2).unwrap();
    let count = sqlx::query_scalar("select count(*) from gateway").fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}

/// Makes a database with one row in it.
async fn fill(server: &Server) {
    let pool = database::pool(&server.url("postgres"), 2).unwrap();
    MIGRATOR.run(&pool).await.unwrap();
    sqlx::query("insert into gateway (id, name, created_at, updated_at) values (gen_random_uuid(), 'g', now(), now())")
        .execute(&pool)
        .await
        .unwrap();
    let setting = async |name: &'static str| {
        sqlx::query_scalar::<_, String>("select current_setting($1)").bind(name).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(setting("fsync").await, "on");
    assert_eq!(setting("data_checksums").await, "on");
    assert_eq!(setting("listen_addresses").await, "");
    pool.close().await;
}

fn postmaster(directory: &Path) -> String {
    let pid_file = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
    pid_file.lines().next().unwrap().to_owned()
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
}

async fn survives(name: &str, binaries: Binaries) {
    let directory = directory(name);
    // A first start that was cut short in the middle of initdb.
    fs::create_dir_all(directory.join("data.unfinished")).unwrap();
    fs::write(directory.join("data.unfinished/PG_VERSION"), "15\n").unwrap();
    let server = Server::start(settings(&directory, binaries.clone())).unwrap();
    fill(&server).await;
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    drop(server);
    let mut server = Server::start(settings(&directory, binaries.clone())).unwrap();
    assert_eq!(count(&server).await, 1, "it is persistent");

    // Killed, it is started again, and recovers.
    kill(&postmaster(&directory));
    while !server.ensure_running().unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(count(&server).await, 1);
    assert!(!server.ensure_running().unwrap());

    // Another Portico must not share it.
    let second = Server::start(settings(&directory, binaries.clone())).map(drop).unwrap_err().to_string();
    assert!(second.contains("another Portico is running"), "{second}");

    // A Postgres that a killed Portico left behind is stopped first; a pid file without a process is no obstacle.
    let orphan = postmaster(&directory);
    std::mem::forget(server);
    fs::remove_file(directory.join("lock")).unwrap();
    let server = Server::start(settings(&directory, binaries.clone())).unwrap();
    assert_ne!(postmaster(&directory), orphan);
    drop(server);
    fs::write(directory.join("data/postmaster.pid"), "4194300\n/nowhere\n1\n5432\n\n\n\n").unwrap();
    let server = Server::start(settings(&directory, binaries)).unwrap();
    assert_eq!(count(&server).await, 1);
    drop(server);
    fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn the_machines_postgres_survives_crashes() {
    // Where the machine has none, npm's has to do; that is what `cargo xtask` runs there.
    survives("machine", Binaries::find(None).unwrap_or_else(|_| embedded())).await;
}

#[tokio::test]
async fn npms_postgres_survives_crashes() {
    survives("npm", embedded()).await;
}

#[tokio::test]
async fn data_of_another_major_version_is_left_alone_and_told() {
    let directory = directory("major");
    fs::create_dir_all(directory.join("data")).unwrap();
    fs::write(directory.join("data/PG_VERSION"), "9\n").unwrap();
    let error = Server::start(settings(&directory, embedded())).map(drop).unwrap_err().to_string();
    assert!(error.contains("was made by Postgres 9") && error.contains("PORTICO_PG_BIN"), "{error}");
    assert!(directory.join("data/PG_VERSION").exists());
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_directory_without_programs_is_named() {
    let error = Binaries::find(Some(Path::new("/nowhere"))).unwrap_err().to_string();
    assert!(error.contains("PORTICO_PG_BIN is /nowhere"), "{error}");
}
