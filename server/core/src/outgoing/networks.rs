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
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
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
            let [first, second, third, _] = v4.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            // Of protocols (RFC 6890), where a cloud once had its metadata, and of benchmarks (RFC 2544).
            let is_reserved = [first, second, third] == [192, 0, 0] || first == 198 && second & 0xfe == 18;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || is_shared
                || is_reserved)
        }
        IpAddr::V6(v6) => {
            let is_special = v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local();
            !is_special && embedded(v6).is_none_or(|v4| is_public(v4.into()))
        }
    }
}

/// The IPv4 address that an IPv6 address leads to, by NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let four = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(four(high, low)),
        [0x2002, high, low, ..] => Some(four(high, low)),
        _ => None,
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
            "192.0.0.192",
            "198.19.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
        ] {
            assert!(!allowed.allow(bad.parse().unwrap()), "{bad}");
        }
    }
}
