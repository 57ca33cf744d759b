//! States, and which changes between them are allowed.

use crate::problem::{Conflict, Problem};
use serde::{Deserialize, Serialize};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type))]
        #[cfg_attr(feature = "sqlx", sqlx(type_name = "text", rename_all = "snake_case"))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every state, in the order in which people think of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word used in tables, URLs and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word back; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

states! {
    /// A developer's account.
    DeveloperStatus {
        /// Waits for an admin.
        Pending = "pending",
        /// May sign in.
        Approved = "approved",
        /// Was approved once, may not sign in any more. Keys keep working.
        Revoked = "revoked",
        /// Was never let in.
        Rejected = "rejected",
    }
}

impl DeveloperStatus {
    /// The next state, or a conflict when there is no such step.
    pub fn change_to(self, next: Self) -> Result<Self, Problem> {
        match (self, next) {
            (Self::Pending | Self::Revoked | Self::Rejected, Self::Approved)
            | (Self::Pending, Self::Rejected)
            | (Self::Approved, Self::Revoked) => Ok(next),
            _ => Err(Problem::Conflict(Conflict::StatusChange)),
        }
    }
}

states! {
    /// One application's access to one version. Only `Approved` lets traffic through.
    RegistrationStatus {
        /// Waits for an admin.
        Pending = "pending",
        /// Calls pass.
        Approved = "approved",
        /// Was approved once; can be reinstated.
        Revoked = "revoked",
        /// Was refused; must be removed before asking again.
        Rejected = "rejected",
    }
}

impl RegistrationStatus {
    /// The next state, or a conflict when there is no such step.
    pub fn change_to(self, next: Self) -> Result<Self, Problem> {
        match (self, next) {
            (Self::Pending | Self::Revoked, Self::Approved)
            | (Self::Pending, Self::Rejected)
            | (Self::Approved, Self::Revoked) => Ok(next),
            _ => Err(Problem::Conflict(Conflict::StatusChange)),
        }
    }

    /// Whether the developer may remove it: a revoked one stays, so that it cannot be asked for anew.
    pub const fn may_be_removed_by_developer(self) -> bool {
        !matches!(self, Self::Revoked)
    }
}

states! {
    /// Whether a version is visible in a portal. Hiding it never stops calls.
    PublishStatus {
        Unpublished = "unpublished",
        Published = "published",
    }
}

states! {
    /// What a team may do with a product, where its portal asks for roles.
    Role {
        /// See it.
        Viewer = "viewer",
        /// See it and register for it.
        Consumer = "consumer",
    }
}

states! {
    /// What an admin, a system account or a token may do.
    AdminRole {
        /// Everything.
        Admin = "admin",
        PortalAdmin = "portal_admin",
        PortalMaintainer = "portal_maintainer",
        PortalViewer = "portal_viewer",
        ProductAdmin = "product_admin",
        ProductPublisher = "product_publisher",
        ProductViewer = "product_viewer",
        AuthStrategyCreator = "auth_strategy_creator",
        AuthStrategyMaintainer = "auth_strategy_maintainer",
        AuthStrategyViewer = "auth_strategy_viewer",
        DcrProviderCreator = "dcr_provider_creator",
        DcrProviderMaintainer = "dcr_provider_maintainer",
        DcrProviderViewer = "dcr_provider_viewer",
        RegistrationApprover = "registration_approver",
    }
}

states! {
    /// How the developers of a portal sign in elsewhere.
    IdentityProviderType {
        Oidc = "oidc",
        Saml = "saml",
    }
}

states! {
    /// How audit logs are written.
    LogFormat {
        Cef = "cef",
        Json = "json",
    }
}

states! {
    /// How far sending audit logs again is.
    ReplayStatus {
        Accepted = "accepted",
        Running = "running",
        Completed = "completed",
        Failed = "failed",
    }
}

states! {
    /// Where an image of a portal is shown.
    ImageKind {
        Logo = "logo",
        Favicon = "favicon",
        CatalogCover = "catalog_cover",
    }
}

states! {
    /// How the callers of an API authenticate.
    StrategyType {
        /// An API key.
        KeyAuth = "key_auth",
        /// A token of an OpenID provider.
        OpenidConnect = "openid_connect",
    }
}

states! {
    /// One way in which callers of an API use an OpenID provider.
    AuthMethod {
        /// A signed token (RFC 6750, RFC 9068), checked with the provider's keys.
        Bearer = "bearer",
        /// A client's id and secret, sent as HTTP Basic to the gateway, which gets a token for them.
        ClientCredentials = "client_credentials",
        /// A token that the provider is asked about (RFC 7662).
        Introspection = "introspection",
        /// A person's name and password, sent as HTTP Basic to the gateway, which gets a token for them.
        Password = "password",
        /// A person signs in at the provider, in a browser.
        AuthorizationCode = "authorization_code",
        /// The browser's session goes on after that.
        Session = "session",
        /// The session outlives its first token.
        RefreshToken = "refresh_token",
        /// Tokens of Kong's own OAuth plugin.
        KongOauth2 = "kong_oauth2",
    }
}

states! {
    /// How long a replaced API key goes on working.
    Grace {
        Now = "now",
        OneHour = "one_hour",
        OneDay = "one_day",
        SevenDays = "seven_days",
    }
}

impl Grace {
    /// In whole hours; none for a key that stops at once.
    pub const fn hours(self) -> Option<i64> {
        match self {
            Self::Now => None,
            Self::OneHour => Some(1),
            Self::OneDay => Some(24),
            Self::SevenDays => Some(7 * 24),
        }
    }
}

states! {
    /// What an API key is good for, computed from its facts when it is read.
    CredentialState {
        /// Calls pass.
        Active = "active",
        /// Calls pass until it expires; another key was made in its place.
        Replaced = "replaced",
        /// Calls are refused.
        Expired = "expired",
    }
}

states! {
    /// What became of a mail.
    MailState {
        /// No SMTP server is configured: kept for the admin to read.
        Kept = "kept",
        /// Waits for its first or next attempt.
        Queued = "queued",
        /// The SMTP server accepted it.
        Sent = "sent",
        /// Every attempt failed.
        Failed = "failed",
    }
}

states! {
    /// Whose protocol registers clients.
    ProviderType {
        Okta = "okta",
        Auth0 = "auth0",
        /// Microsoft Entra ID.
        #[cfg_attr(feature = "sqlx", sqlx(rename = "azureAd"))]
        #[serde(rename = "azureAd")]
        AzureAd = "azureAd",
        Curity = "curity",
        /// A bridge that somebody wrote for their own provider.
        Http = "http",
        /// Any that follows RFC 7591 and RFC 7592.
        Oidc = "oidc",
    }
}

states! {
    /// How far a client at a provider is what it should be.
    DcrClientState {
        /// Something is to be done, now or at its time.
        Waiting = "waiting",
        /// The provider has what it should have.
        Ready = "ready",
        /// The provider said no; asking again as it is would not help.
        Refused = "refused",
        /// An admin has ended the attempts.
        GivenUp = "given_up",
    }
}

states! {
    /// What a provider is asked to do with a client.
    ClientCall {
        Create = "create",
        Update = "update",
        Rotate = "rotate",
        Delete = "delete",
    }
}

states! {
    /// Why nobody here knows whether a client exists.
    OrphanReason {
        /// The answer to its creation was lost, and the provider cannot be searched.
        LostAnswer = "lost_answer",
        /// The provider no longer takes our word about it.
        Unmanageable = "unmanageable",
        /// An admin gave up deleting it.
        GivenUp = "given_up",
    }
}

states! {
    /// How a provider's clients differ from what is known here.
    FindingKind {
        /// At the provider, and no application's.
        WithoutApplication = "without_application",
        /// An application's, and not at the provider.
        WithoutClient = "without_client",
        /// On both sides, and not alike.
        Differs = "differs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_developer_moves_only_along_the_documented_steps() {
        use DeveloperStatus::{Approved, Pending, Rejected, Revoked};
        let allowed = [(Pending, Approved), (Pending, Rejected), (Approved, Revoked), (Revoked, Approved), (Rejected, Approved)];
        for &from in DeveloperStatus::ALL {
            for &to in DeveloperStatus::ALL {
                assert_eq!(from.change_to(to).is_ok(), allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_registration_moves_only_along_the_documented_steps() {
        use RegistrationStatus::{Approved, Pending, Rejected, Revoked};
        let allowed = [(Pending, Approved), (Pending, Rejected), (Approved, Revoked), (Revoked, Approved)];
        for &from in RegistrationStatus::ALL {
            for &to in RegistrationStatus::ALL {
                assert_eq!(from.change_to(to).is_ok(), allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }
}
