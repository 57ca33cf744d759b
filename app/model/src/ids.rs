//! One id type per entity, so that an application's id cannot be passed where a version's is meant.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type))]
        #[cfg_attr(feature = "sqlx", sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
                ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A portal: one catalogue with its own developers.
    PortalId,
    /// An API product.
    ProductId,
    /// A version of an API product.
    VersionId,
    /// The specification of a version.
    SpecificationId,
    /// One version in one portal.
    PublicationId,
    /// An identity provider at which clients are registered.
    DcrProviderId,
    /// An application's client at such a provider; not what the provider calls it.
    DcrClientId,
    /// A client that may exist at a provider and that nothing here stands for.
    PossibleOrphanId,
    /// Where a comparison found both sides to differ.
    DcrFindingId,
    /// A markdown page of a product.
    DocumentId,
    /// A gateway (a control plane).
    GatewayId,
    /// What a gateway shows to be answered.
    GatewayTokenId,
    /// A service of a gateway: what is matched and where it goes.
    GatewayServiceId,
    /// How the callers of an API authenticate.
    AuthStrategyId,
    /// Where audit logs are sent.
    AuditLogDestinationId,
    /// A program with tokens of its own.
    SystemAccountId,
    /// A team of developers.
    TeamId,
    /// A role of a team on a product.
    TeamRoleId,
    /// Where the developers of a portal sign in instead of here.
    IdentityProviderId,
    /// A developer: an account in exactly one portal.
    DeveloperId,
    /// A developer's application.
    ApplicationId,
    /// An API key of an application.
    CredentialId,
    /// One application's access to one version.
    RegistrationId,
    /// An admin of this deployment.
    AdminId,
    /// A bearer token of an admin, for automation.
    AccessTokenId,
    /// A mail that was written, whether sent or not.
    MailId,
}
