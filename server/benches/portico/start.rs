//! Time and memory from the start of the program until it is ready, with a private Postgres.

use crate::Row;
use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub async fn measure() -> Vec<Row> {
    let directory = std::env::var("PORTICO_BENCH_DIRECTORY").unwrap();
    let directory = Path::new(&directory).join("start");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let mut rows = Vec::new();
    for what in ["ready from nothing, with initdb", "ready again"] {
        let (took, kilobytes) = start(&directory).await;
        rows.push(Row::new(what, format!("{} ms, {:.0} MB", took.as_millis(), kilobytes as f64 / 1000.0), ""));
    }
    std::fs::remove_dir_all(&directory).unwrap();
    rows
}

/// Starts Portico until it is ready, and stops it; how long that took, and the resident memory then, in kB.
async fn start(directory: &Path) -> (Duration, u64) {
    let (port, gateway_port) = (free_port(), free_port());
    let mut portico = Command::new(env!("CARGO_BIN_EXE_portico"));
    // An unknown setting stops the start.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PORTICO_TEST_") || name.starts_with("PORTICO_BENCH_"))
    {
        portico.env_remove(name);
    }
    let begun = Instant::now();
    let mut portico = portico
        .arg("serve")
        .env("PORTICO_DATA_DIR", directory)
        .env("PORTICO_LISTEN", format!("127.0.0.1:{port}"))
        .env("PORTICO_GATEWAY_LISTEN", format!("127.0.0.1:{gateway_port}"))
        .env("PORTICO_BASE_URL", format!("http://localhost:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .env("RUST_LOG", "error")
        .spawn()
        .unwrap();
    while !is_ready(port).await {
        assert!(portico.try_wait().unwrap().is_none(), "portico has ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begun.elapsed();
    let kilobytes = resident(&portico);
    Command::new("kill").arg(portico.id().to_string()).status().unwrap();
    portico.wait().unwrap();
    (took, kilobytes)
}

async fn is_ready(port: u16) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    asked.is_ok() && stream.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200")
}

fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
