//! Which addresses an upstream or an issuer may have: a mistyped or malicious one must not reach, say, the machine's
//! metadata service.

use http::Uri;
use hyper_util::client::legacy::connect::{
    HttpConnector,
    dns::{GaiResolver, Name},
};
use ipnet::IpNet;
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower::Service;

/// The networks, besides public addresses, that upstreams and issuers may be in.
#[derive(Clone, Debug)]
pub struct AllowedNetworks(Arc<[IpNet]>);

impl AllowedNetworks {
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether an upstream may have this address. A name is asked again at each connection, so an answer that
    /// changes is no way around.
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets().first() == Some(&100) && v4.octets().get(1).is_some_and(|second| second & 0xc0 == 64);
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || is_shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

/// Connects to allowed addresses only, whether they are named by host or by address.
#[derive(Clone, Debug)]
pub struct GuardedConnector {
    inner: HttpConnector<GuardedResolver>,
    allowed: AllowedNetworks,
}

impl GuardedConnector {
    pub(super) fn new(allowed: AllowedNetworks, configure: impl FnOnce(&mut HttpConnector<GuardedResolver>)) -> Self {
        let resolver = GuardedResolver { inner: GaiResolver::new(), allowed: allowed.clone() };
        let mut inner = HttpConnector::new_with_resolver(resolver);
        configure(&mut inner);
        Self { inner, allowed }
    }
}

type Connection = <HttpConnector<GuardedResolver> as Service<Uri>>::Response;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for GuardedConnector {
    type Response = Connection;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let literal = uri.host().and_then(|host| host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok());
        if literal.is_some_and(|address| !self.allowed.allow(address)) {
            return Box::pin(async { Err(refused().into()) });
        }
        let connecting = self.inner.call(uri);
        Box::pin(async { connecting.await.map_err(Into::into) })
    }
}

#[derive(Clone, Debug)]
pub struct GuardedResolver {
    inner: GaiResolver,
    allowed: AllowedNetworks,
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::poll_ready(&mut self.inner, context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (resolving, allowed) = (self.inner.call(name), self.allowed.clone());
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = resolving.await?.filter(|address| allowed.allow(address.ip())).collect();
            if addresses.is_empty() { Err(refused()) } else { Ok(addresses.into_iter()) }
        })
    }
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the address is in no network of PORTICO_ALLOWED_NETWORKS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_and_those_that_are_allowed() {
        let allowed = AllowedNetworks::new(&["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        for good in ["8.8.8.8", "10.1.2.3", "::1", "2606:4700::1", "::ffff:10.0.0.1"] {
            assert!(allowed.allow(good.parse().unwrap()), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00::1",
            "0.0.0.0",
            "100.64.0.1",
        ] {
            assert!(!allowed.allow(bad.parse().unwrap()), "{bad}");
        }
    }
}
