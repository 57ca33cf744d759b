//! Who asks. A check returns the capability, so that what needs it cannot be called without it.

use crate::{Error, Result};
use portico_model::{
    access::{Permission, Permissions},
    ids::{AdminId, DeveloperId, PortalId, SystemAccountId},
    problem::Problem,
};

/// Who an operation is done for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Anonymous,
    /// An approved developer, in the one portal that knows them.
    Developer {
        id: DeveloperId,
        portal: PortalId,
    },
    Admin {
        id: AdminId,
        permissions: Permissions,
    },
    /// A program with a token of its own.
    SystemAccount {
        id: SystemAccountId,
        permissions: Permissions,
    },
    /// The operator at the command line, or Portico itself.
    System,
}

impl Actor {
    /// An admin or a system account that may do this, or the operator. Others learn nothing but whether signing in could
    /// help.
    pub fn require(self, permission: Permission) -> Result<()> {
        self.require_admin()?;
        match self {
            Self::Admin { permissions, .. } | Self::SystemAccount { permissions, .. } if !permissions.contains(permission) => {
                Err(Error::Problem(Problem::Forbidden))
            }
            _ => Ok(()),
        }
    }

    /// Any admin or system account, or the operator.
    pub fn require_admin(self) -> Result<()> {
        match self {
            Self::Admin { .. } | Self::SystemAccount { .. } | Self::System => Ok(()),
            Self::Anonymous => Err(Error::Problem(Problem::Unauthenticated)),
            Self::Developer { .. } => Err(Error::Problem(Problem::NotFound)),
        }
    }

    /// A developer of this portal.
    pub fn require_developer(self, portal: PortalId) -> Result<DeveloperId> {
        match self {
            Self::Developer { id, portal: own } if own == portal => Ok(id),
            Self::Anonymous => Err(Error::Problem(Problem::Unauthenticated)),
            _ => Err(Error::Problem(Problem::NotFound)),
        }
    }

    /// Anyone in a public portal, its developers in a private one.
    pub fn require_reader(self, portal: PortalId, is_public: bool) -> Result<()> {
        if is_public { Ok(()) } else { self.require_developer(portal).map(|_| ()) }
    }

    /// The word in the audit log.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Developer { .. } => "developer",
            Self::Admin { .. } => "admin",
            Self::SystemAccount { .. } => "system_account",
            Self::System => "system",
        }
    }

    pub fn id(self) -> Option<uuid::Uuid> {
        match self {
            Self::Developer { id, .. } => Some(id.0),
            Self::Admin { id, .. } => Some(id.0),
            Self::SystemAccount { id, .. } => Some(id.0),
            Self::Anonymous | Self::System => None,
        }
    }
}
