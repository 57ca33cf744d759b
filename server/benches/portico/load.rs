//! Load on a listener: connections that are kept, each asking again as soon as it is answered.

use axum::Router;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const CONNECTIONS: usize = 16;
/// Short turns, taken alternately, so that whatever else the machine does meets both sides alike.
const TURN: Duration = Duration::from_millis(500);
const TURNS: usize = 8;

/// Serves a router as Portico does.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(portico::serve::answer(listener, router, tokio_util::sync::CancellationToken::new()));
    address
}

/// Answers a second to two requests of one listener, each a path with further header lines.
pub async fn compare(address: SocketAddr, host: &str, one: (&str, &str), other: (&str, &str)) -> (f64, f64) {
    let [one, other] = [one, other].map(|(path, headers)| (address, request(host, path, headers)));
    compare_at(&one, &other).await
}

/// Answers a second to two requests of two listeners.
pub async fn compare_at(one: &(SocketAddr, String), other: &(SocketAddr, String)) -> (f64, f64) {
    let mut answered = [0_usize; 2];
    for _ in 0..TURNS {
        for (index, (address, request)) in [one, other].into_iter().enumerate() {
            answered[index] += turn(*address, request).await;
        }
    }
    let seconds = TURN.as_secs_f64() * TURNS as f64;
    (answered[0] as f64 / seconds, answered[1] as f64 / seconds)
}

pub fn request(host: &str, path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n{headers}\r\n")
}

async fn turn(address: SocketAddr, request: &str) -> usize {
    let until = Instant::now() + TURN;
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client(address, request.to_owned(), until))).collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await.unwrap();
    }
    answered
}

async fn client(address: SocketAddr, request: String, until: Instant) -> usize {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answered = 0;
    while Instant::now() < until {
        ask(&mut stream, &request).await;
        answered += 1;
    }
    answered
}

/// One request and its whole answer, which must be a good one; how many bytes it had.
pub async fn ask(stream: &mut TcpStream, request: &str) -> usize {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        assert!(stream.read_buf(&mut buffer).await.unwrap() > 0, "the connection was closed");
        let Some(head_ends) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..head_ends]).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 2"), "{head}");
        let is_whole = match head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()) {
            Some(length) => buffer.len() == head_ends + 4 + length.trim().parse::<usize>().unwrap(),
            None if head.contains("transfer-encoding: chunked") => buffer.ends_with(b"\r\n0\r\n\r\n"),
            None => true,
        };
        if is_whole {
            return buffer.len();
        }
    }
}
