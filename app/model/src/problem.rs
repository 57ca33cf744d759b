//! Every way in which a request can be refused, as codes. Words are chosen where a person reads them.

use crate::states::AuthMethod;
use serde::{Deserialize, Serialize};

/// A refusal that the caller may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "about", rename_all = "snake_case")]
pub enum Problem {
    /// There is no such thing, or not for this caller.
    NotFound,
    /// Nobody is signed in.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// E-mail address and password do not belong together, or there is no such account.
    WrongPassword,
    /// The password is right, but an admin has not let this developer in.
    AwaitingApproval,
    /// Some fields are wrong.
    Invalid(Vec<FieldProblem>),
    /// The state of things does not allow it.
    Conflict(Conflict),
    /// Too many attempts.
    RateLimited { retry_after_seconds: u32 },
    /// The database cannot be reached now.
    Unavailable,
    /// Something broke here; the log has it under the request's id.
    Internal { request_id: String },
}

impl Problem {
    /// One wrong field.
    pub fn field(field: &str, rule: Rule) -> Self {
        Self::Invalid(vec![FieldProblem { field: field.to_owned(), rule }])
    }
}

/// Which field is wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The form field's name.
    pub field: String,
    pub rule: Rule,
}

/// What a field's value breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Required,
    MinLength(usize),
    MaxLength(usize),
    MinItems(usize),
    MaxItems(usize),
    /// A line break, a tab or another control character where plain text is expected.
    ControlCharacter,
    /// Lower-case letters, digits and hyphens, not at the ends.
    Slug,
    /// Letters, digits, `-` and `_`, as part of an address.
    DocumentSlug,
    /// A name of a file, without folders.
    FileName,
    Email,
    /// An absolute http or https URL without credentials, query or fragment.
    Url,
    /// A host name such as `api.example.com`.
    Hostname,
    /// A path such as `/weather`.
    PathPrefix,
    /// A path that the gateway's listener answers itself.
    ReservedPath,
    /// Letters, digits, `-` and `_`.
    KeyName,
    /// Two values that must be equal are not.
    Mismatch,
    /// Someone else has this value already.
    Taken,
    /// Not one of the values on offer.
    NotOffered,
    /// Too easy to guess.
    WeakPassword,
    /// The link was used, has expired or was never valid.
    Link,
    /// Neither JSON nor YAML; counted from 1.
    Syntax {
        line: usize,
        column: usize,
    },
    /// A specification that is not one, with the place as a JSON pointer.
    Specification {
        pointer: String,
        expected: Expected,
    },
    /// Not a whole number from the first to the second.
    Number(u32, u32),
    /// A key must not live longer than this many days.
    MaxLifetime(u32),
    /// Not a whole API key: its checksum is wrong.
    MistypedKey,
    /// A whole API key, but none of this application's.
    OtherKey,
    /// More than this many bytes.
    TooLarge(usize),
    /// Not an issuer that can be used; with what it said itself.
    Issuer {
        fault: IssuerFault,
        told: String,
    },
    /// An auth method that Portico does not serve.
    UnservedMethod,
    /// A method that is of no use without another.
    NeedsMethod {
        method: AuthMethod,
        needed: AuthMethod,
    },
    /// Callers would stop working, and nobody has confirmed that.
    WouldStop(Impact),
    /// An absolute URI without a fragment, to which a browser is sent back (RFC 6749, section 3.1.2).
    RedirectUri,
    /// An issuer of Microsoft Entra ID, with the tenant in its path.
    Tenant,
    /// There are clients at this address, and they would be lost with another.
    FixedByClients,
    /// Letters, digits and `_`, 12 to 256 of them.
    BridgeKey,
    /// The provider gives the client id, so nobody may choose one.
    GivenByProvider,
    /// A further field that is not written as Kong's plugin has it.
    FurtherField(String),
    /// Not a JSON object, or one that repeats a field of the form.
    JsonObject,
    /// The object or the query has no such property.
    UnknownProperty,
    /// Not of the type that is expected there.
    Type(ValueType),
    /// None of these.
    OneOf(Vec<String>),
    /// There is nothing with this id.
    MissingReference,
    /// Not a label: letters, digits, `-`, `_` and `.`, at most 63 of them, and none of the reserved beginnings for its key.
    Label,
    /// Does not look as this regular expression says.
    Pattern(String),
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    Array,
    Base64,
    Boolean,
    DateTime,
    Integer,
    Null,
    Number,
    Object,
    String,
    Uuid,
}

/// Who would stop working.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// The names of the first of them, with their developers' addresses.
    pub names: Vec<String>,
    pub applications: i64,
    /// Approved ones.
    pub registrations: i64,
    /// The applications' keys.
    pub credentials: i64,
}

/// Why an address is no issuer (OpenID Connect Discovery 1.0, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerFault {
    /// In no network that the operator allows.
    NotAllowed,
    Timeout,
    Unreachable,
    /// Another status than 200.
    Status(u16),
    /// The answer is no discovery document, or its keys cannot be read.
    Document,
    /// The document is of another issuer.
    OtherIssuer,
    /// The document names no endpoint of a kind that a chosen method needs.
    NoEndpoint,
}

/// What a specification should have had at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// `openapi: 3.x` or `swagger: "2.0"`.
    KnownVersion,
    Object,
    Text,
    Array,
    /// A path of at most so many bytes.
    ShorterPath(usize),
    /// At most so many operations.
    FewerOperations(usize),
}

/// Why the state of things does not allow a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// There is no such step between two states.
    StatusChange,
    /// A publication, an application or a portal still uses the strategy.
    StrategyInUse,
    /// A version still links to the service.
    ServiceInUse,
    /// The gateway still has services.
    GatewayInUse,
    /// The portal has developers or publications.
    PortalInUse,
    /// The product still has versions.
    ProductInUse,
    /// Somebody registered for the version.
    VersionInUse,
    /// The version has a specification already.
    SpecificationExists,
    /// The developer is in the team already.
    AlreadyInTeam,
    /// The team has the role already.
    RoleAssigned,
    /// The application registered for this version before.
    AlreadyRegistered,
    /// A strategy, a client or a possible orphan still belongs to the DCR provider.
    ProviderInUse {
        /// Names of the first of them.
        strategies: Vec<String>,
        clients: i64,
        possible_orphans: i64,
    },
    /// The application's client is not there yet.
    ClientNotReady,
    /// The secret was opened before, and is kept no longer.
    SecretOpened,
    /// The provider gives no new secrets.
    NoRotation,
    /// The last test's client is not gone yet.
    TestRunning,
    /// The provider cannot be asked for its clients.
    NotComparable,
    /// The version takes no registrations in this portal.
    RegistrationClosed,
    /// The application uses another strategy than the version.
    OtherStrategy,
    /// The application has as many credentials as it may have.
    TooManyCredentials,
    /// The key has expired or was replaced before.
    NotReplaceable,
    /// The application's strategy uses no API keys.
    UsesNoKeys,
    /// The mail is sent or on its way, or there is no SMTP server to send it.
    MailNotSendable,
    /// An admin revoked the registration, so its developer cannot remove it and ask anew.
    RevokedStays,
    /// The admin has as many access tokens as they may have.
    TooManyAccessTokens,
    /// The gateway has as many tokens as it may have.
    TooManyGatewayTokens,
    /// Audit logs are being sent again.
    ReplayRunning,
    /// A webhook leads to the destination.
    DestinationInUse,
    /// The first request with this idempotency key has no answer yet.
    RequestUnderWay,
    /// Nobody would be left who may do everything.
    LastAdmin,
    /// There is an admin already, so the set-up link is void.
    AlreadySetUp,
}
