//! Requests to addresses that admins configure: issuers, upstreams. No redirects, bounded in time and size, and only
//! to public addresses and the networks that the operator allows.

mod networks;

pub use networks::{AllowedNetworks, GuardedConnector};

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::{error::Error, fmt, io, time::Duration};

/// How long a request may take in all, until the answer is read.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes.
const ANSWER_MAX: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address is in no network that the operator allows.
    NotAllowed,
    Timeout,
    /// No connection or no TLS: nothing was sent.
    Unreachable,
    /// The connection ended before the whole answer was there.
    Broken,
    /// Larger than what is read.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAllowed => "the address is in no network of PORTICO_ALLOWED_NETWORKS",
            Self::Timeout => "there was no answer in time",
            Self::Unreachable => "no connection",
            Self::Broken => "the connection broke off",
            Self::TooLarge => "the answer is too large",
        })
    }
}

impl Error for Fault {}

/// Sends such requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: Client<HttpsConnector<GuardedConnector>, Full<Bytes>>,
    allowed: AllowedNetworks,
    timeout: Duration,
    answer_max: usize,
}

impl Outgoing {
    /// # Errors
    ///
    /// When the machine's certificate authorities cannot be read.
    pub fn new(allowed: AllowedNetworks) -> anyhow::Result<Self> {
        let client = Client::builder(TokioExecutor::new()).build(connector(allowed.clone(), CONNECT_TIMEOUT)?);
        Ok(Self { client, allowed, timeout: TIMEOUT, answer_max: ANSWER_MAX })
    }

    /// With less patience than usual.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// That reads answers of up to so many bytes.
    pub fn with_largest_answer(self, answer_max: usize) -> Self {
        Self { answer_max, ..self }
    }

    /// Where requests may go.
    pub fn allowed(&self) -> AllowedNetworks {
        self.allowed.clone()
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Fault> {
        let answering = async {
            let answer = self.client.request(request.map(|body| Full::new(body.into()))).await.map_err(|error| {
                let otherwise = if error.is_connect() { Fault::Unreachable } else { Fault::Broken };
                fault(&error, otherwise)
            })?;
            let (parts, body) = answer.into_parts();
            let body =
                Limited::new(body, self.answer_max).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
                    true => Fault::TooLarge,
                    false => Fault::Broken,
                })?;
            Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(self.timeout, answering).await.unwrap_or(Err(Fault::Timeout))
    }
}

/// Connects with and without TLS to allowed addresses.
///
/// # Errors
///
/// When the machine's certificate authorities cannot be read.
pub fn connector(allowed: AllowedNetworks, timeout: Duration) -> anyhow::Result<HttpsConnector<GuardedConnector>> {
    let http = GuardedConnector::new(allowed, |http| {
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_connect_timeout(Some(timeout));
    });
    let https = HttpsConnectorBuilder::new()
        .with_native_roots()
        .context("the machine's certificate authorities cannot be read")?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(https)
}

/// What a connection failed of: refused addresses are told apart, because an admin can allow them.
fn fault(error: &(dyn Error + 'static), otherwise: Fault) -> Fault {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::PermissionDenied) => return Fault::NotAllowed,
            Some(io::ErrorKind::TimedOut) if otherwise == Fault::Broken => return Fault::Timeout,
            _ => cause = error.source(),
        }
    }
    otherwise
}
