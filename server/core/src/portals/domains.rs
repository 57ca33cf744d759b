//! Whether a portal's own domain leads here.

use crate::{Actor, Core, Result, portals};
use http::{Request, StatusCode};
use portico_model::{
    ids::PortalId,
    problem::{Problem, Rule},
};
use std::{collections::BTreeSet, net::IpAddr};
use tokio::net::lookup_host;

/// What was found out about a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainCheck {
    /// Its name leads to an address of the base host.
    pub is_cname_verified: bool,
    /// Portico answers there over https, with a certificate that is trusted.
    pub is_ssl_issued: bool,
}

/// Finds out whether the custom domain of a portal leads here. For admins.
///
/// # Errors
///
/// `Invalid` for a portal without one.
pub async fn verify(core: &Core, actor: Actor, id: PortalId) -> Result<DomainCheck> {
    let portal = portals::get(core, actor, id).await?;
    let domain = portal.custom_domain.ok_or_else(|| Problem::field("custom_domain", Rule::Required))?;
    let (there, here) = (addresses(&domain).await, addresses(&core.site.host).await);
    Ok(DomainCheck { is_cname_verified: !there.is_disjoint(&here), is_ssl_issued: answers(core, &domain).await? })
}

/// Where a name leads; nowhere, if nobody knows it.
async fn addresses(host: &str) -> BTreeSet<IpAddr> {
    lookup_host((host, 443)).await.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
}

async fn answers(core: &Core, domain: &str) -> Result<bool> {
    let request = Request::get(format!("https://{domain}/healthz")).body(Vec::new()).map_err(anyhow::Error::from)?;
    Ok(core.outgoing.send(request).await.is_ok_and(|response| response.status() == StatusCode::OK))
}
