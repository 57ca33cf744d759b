//! What a call's id tells of it. The id holds the decision itself, sealed: nothing is written for a call, and any
//! process with the master key can say later why a call was allowed or refused.

use crate::{Allowed, CallersCredential, Refusal, Refused};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderName;
use portico_core::Core;
use portico_model::ids::{ApplicationId, CredentialId, GatewayServiceId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The header that tells a call's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-portico-request-id");

const SEAL_CONTEXT: &str = "gateway/request";

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// In seconds since 1970.
    at: i64,
    /// Why the call was refused; nothing for one that was allowed.
    pub refusal: Option<Refusal>,
    pub service: Option<GatewayServiceId>,
    pub application: Option<ApplicationId>,
    /// The key it was allowed by, if it was a key.
    pub credential: Option<CredentialId>,
}

impl Record {
    pub(crate) fn of(decided: Result<&Allowed, &Refused>, now: OffsetDateTime) -> Self {
        let at = now.unix_timestamp();
        match decided {
            Ok(allowed) => {
                let consumer = allowed.consumer.as_ref();
                let credential = consumer.and_then(|consumer| match consumer.credential {
                    CallersCredential::Key(id) => Some(id),
                    CallersCredential::Client(_) => None,
                });
                let application = consumer.map(|consumer| consumer.application_id);
                Self { at, refusal: None, service: Some(allowed.service.id), application, credential }
            }
            Err(Refused { reason, service, application }) => {
                Self { at, refusal: Some(*reason), service: *service, application: *application, credential: None }
            }
        }
    }

    pub fn at(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.at).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The id of the call.
    pub(crate) fn seal(&self, core: &Core) -> Option<String> {
        let written = postcard::to_allocvec(self).ok()?;
        let sealed = core.secrets.seal(&core.random, SEAL_CONTEXT, &written).ok()?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What an id tells; nothing if it was not made here.
    pub fn open(core: &Core, id: &str) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(id).ok()?;
        postcard::from_bytes(&core.secrets.open(SEAL_CONTEXT, &sealed).ok()?).ok()
    }
}
