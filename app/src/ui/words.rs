//! The words for every problem and state.

use super::text::count;
use portico_model::{
    problem::{Conflict, Expected, Impact, IssuerFault, Problem, Rule},
    states::{
        AdminRole, AuthMethod, CredentialState, DcrClientState, DeveloperStatus, Grace, MailState, OrphanReason, ProviderType,
        PublishStatus, RegistrationStatus,
    },
};

/// A problem as a page's title.
pub fn title(problem: &Problem) -> &'static str {
    match problem {
        Problem::NotFound => "Not found",
        Problem::Unavailable => "Back soon",
        _ => "That did not work",
    }
}

/// A problem in a sentence or two: what is wrong, and what to do.
pub fn summary(problem: &Problem) -> String {
    match problem {
        Problem::NotFound => "There is nothing here, or not for you.".to_owned(),
        Problem::Unauthenticated => "Sign in first.".to_owned(),
        Problem::Forbidden => "You may not do this.".to_owned(),
        Problem::WrongPassword => "Incorrect e-mail address or password. Please try again.".to_owned(),
        Problem::AwaitingApproval => "Your account is pending approval for access.".to_owned(),
        Problem::Invalid(fields) => invalid(fields.iter().map(|p| &p.rule)),
        Problem::Conflict(Conflict::ProviderInUse { strategies, clients, possible_orphans }) => {
            provider_in_use(strategies, *clients, *possible_orphans)
        }
        Problem::Conflict(conflict) => self::conflict(conflict).to_owned(),
        Problem::RateLimited { retry_after_seconds } => {
            let minutes = retry_after_seconds.div_ceil(60);
            format!("Too many attempts. Try again in {minutes} {}.", if minutes == 1 { "minute" } else { "minutes" })
        }
        Problem::Unavailable => {
            "The portal cannot reach its database at the moment. Nothing was saved; try again soon.".to_owned()
        }
        Problem::Internal { request_id } => {
            format!("Something went wrong here. It is in the log as request {request_id}.")
        }
    }
}

fn invalid<'a>(mut rules: impl Iterator<Item = &'a Rule>) -> String {
    match (rules.next(), rules.next()) {
        (Some(Rule::Link), None) => rule(&Rule::Link),
        (None, _) => "The form was incomplete. Load the page again and try once more.".to_owned(),
        (Some(_), None) => "One field needs another look. Nothing was saved.".to_owned(),
        (Some(_), Some(_)) => "Some fields need another look. Nothing was saved.".to_owned(),
    }
}

/// What a field's value breaks, in words that stand beside the field.
pub fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Required => "This is required.".to_owned(),
        Rule::MinLength(minimum) => format!("Use at least {minimum} characters."),
        Rule::MaxLength(maximum) => format!("Use at most {maximum} characters."),
        Rule::MinItems(minimum) => format!("Give at least {minimum}."),
        Rule::MaxItems(maximum) => format!("Give at most {maximum}."),
        Rule::ControlCharacter => "Remove line breaks and other control characters.".to_owned(),
        Rule::Slug => "Use lower-case letters, digits and hyphens, with no hyphen at either end.".to_owned(),
        Rule::FileName => "Use the name of a file, such as openapi.yaml: without slashes, and no dot first.".to_owned(),
        Rule::DocumentSlug => "Use letters, digits, hyphens and underscores.".to_owned(),
        Rule::Email => "Email must be a valid email address.".to_owned(),
        Rule::Url => "Give an address such as https://api.example.com, without user name, query or fragment.".to_owned(),
        Rule::Hostname => "Give a host name such as api.example.com.".to_owned(),
        Rule::PathPrefix => "Give a path such as /weather: letters, digits, hyphens, dots, underscores and tildes.".to_owned(),
        Rule::ReservedPath => "Paths under /gateway are the gateway's own. Choose another one.".to_owned(),
        Rule::KeyName => "Use letters, digits, hyphens and underscores in each name.".to_owned(),
        Rule::Mismatch => "Passwords must match.".to_owned(),
        Rule::Taken => "This is taken already. Choose another.".to_owned(),
        Rule::NotOffered => "Choose one of those on offer.".to_owned(),
        Rule::WeakPassword => "This is too easy to guess. Use more different characters.".to_owned(),
        Rule::Link => "This link has been used, has expired or is incomplete. Ask for a new one.".to_owned(),
        Rule::Syntax { line, column } => {
            format!("This cannot be read as JSON or YAML: look at line {line}, column {column}.")
        }
        Rule::Specification { pointer, expected } => format!("At {pointer} there should be {}.", self::expected(*expected)),
        Rule::Number(from, to) => format!("Give a whole number from {from} to {to}."),
        Rule::MaxLifetime(days) => format!("Keys for this auth strategy live {days} days at most."),
        Rule::MistypedKey => "This is not a whole key: a character is missing or wrong.".to_owned(),
        Rule::OtherKey => "This is a key, but none of this application's. It may be revoked.".to_owned(),
        Rule::TooLarge(bytes) => format!("This is larger than {} MB.", bytes / 1024 / 1024),
        Rule::Issuer { fault, told } if told.is_empty() => issuer(*fault),
        Rule::Issuer { fault, told } => format!("{} It said: {told}", issuer(*fault)),
        Rule::UnservedMethod => {
            "Tokens of Kong's own OAuth plugin are known to Kong alone, so nothing else can check them.".to_owned()
        }
        Rule::NeedsMethod { method, needed } => {
            format!("{} is of no use without {}: choose that as well.", auth_method(*method), auth_method(*needed))
        }
        Rule::WouldStop(impact) => would_stop(impact),
        Rule::UnknownProperty => "There is no such field.".to_owned(),
        Rule::Type(_) => "This is of the wrong type.".to_owned(),
        Rule::OneOf(choices) => format!("Give one of {}.", choices.join(", ")),
        Rule::Label => "A label has letters, digits, hyphens, underscores and dots, at most 63 of them.".to_owned(),
        Rule::Pattern(_) => "This is not written as it should be.".to_owned(),
        Rule::MissingReference => "There is nothing with this id.".to_owned(),
        Rule::RedirectUri => {
            "Give a whole address on each line, such as https://app.example.com/callback, without a fragment.".to_owned()
        }
        Rule::BridgeKey => "Use letters, digits and underscores, 12 to 256 of them.".to_owned(),
        Rule::GivenByProvider => "The provider gives the client ID. Leave this empty.".to_owned(),
        Rule::Tenant => "Give the issuer with the tenant in it, such as https://sts.windows.net/{tenant}.".to_owned(),
        Rule::FixedByClients => {
            "There are clients at this address, and with another one they would be lost. Create another provider instead."
                .to_owned()
        }
        Rule::FurtherField(name) => format!(
            "{name} is not written so that it can be followed: audience_required and token_post_args_* are lists of texts, as many names as values; cache_tokens is true or false."
        ),
        Rule::JsonObject => "Give a JSON object, with none of the fields above in it.".to_owned(),
    }
}

fn would_stop(impact: &Impact) -> String {
    let more = impact.applications - i64::try_from(impact.names.len()).unwrap_or(0);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "{} would stop working: {}{more}. That is {} and {}. Choose this box and save again if it is meant.",
        count(impact.applications, "application", "applications"),
        impact.names.join(", "),
        count(impact.registrations, "approved registration", "approved registrations"),
        count(impact.credentials, "key", "keys"),
    )
}

fn issuer(fault: IssuerFault) -> String {
    let words = match fault {
        IssuerFault::NotAllowed => {
            "The issuer's address is in no network that requests may go to. The operator can allow it: PORTICO_ALLOWED_NETWORKS."
        }
        IssuerFault::Timeout => "The issuer did not answer in time.",
        IssuerFault::Unreachable => "The issuer cannot be reached.",
        IssuerFault::Status(status) => return format!("The issuer answered {status} for /.well-known/openid-configuration."),
        IssuerFault::Document => "The issuer's answer is no discovery document of OpenID Connect.",
        IssuerFault::NoEndpoint => "The discovery document lacks an endpoint that a chosen method needs.",
        IssuerFault::OtherIssuer => "The discovery document is of another issuer; they must be equal to the last slash.",
    };
    words.to_owned()
}

fn expected(expected: Expected) -> String {
    let words = match expected {
        Expected::KnownVersion => "the version of OpenAPI (3.x) or Swagger (2.0)",
        Expected::Object => "an object",
        Expected::Text => "a text",
        Expected::Array => "a list",
        Expected::ShorterPath(bytes) => return format!("a path of at most {bytes} bytes"),
        Expected::FewerOperations(most) => return format!("at most {most} operations"),
    };
    words.to_owned()
}

fn provider_in_use(strategies: &[String], clients: i64, possible_orphans: i64) -> String {
    let named = match strategies {
        [] => None,
        names => Some(format!("the auth strategies {}", names.join(", "))),
    };
    let clients = (clients > 0).then(|| count(clients, "client", "clients"));
    let orphans = (possible_orphans > 0).then(|| count(possible_orphans, "possible orphan", "possible orphans"));
    let uses: Vec<String> = [named, clients, orphans].into_iter().flatten().collect();
    format!("This provider is in use: {}. Clients go with their applications; look at possible orphans first.", uses.join(", "))
}

fn conflict(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::StatusChange => "Somebody decided this already. Load the page again to see its state.",
        Conflict::StrategyInUse => "This strategy is in use. Remove it from its publications, applications and portals first.",
        Conflict::ServiceInUse => "A version links to this service. Unlink it first.",
        Conflict::GatewayInUse => "This gateway has services. Delete them first.",
        Conflict::PortalInUse => "This portal has developers or publications. Delete them first.",
        Conflict::ProductInUse => "This product has versions. Delete them first.",
        Conflict::ReplayRunning => "A replay is running. Wait until it is done.",
        Conflict::DestinationInUse => "A webhook leads to this destination. Change that first.",
        Conflict::RequestUnderWay => "This was sent before and is under way. Look again in a moment.",
        Conflict::LastAdmin => "Somebody has to be left who may do everything. Make another one an admin first.",
        Conflict::AlreadyInTeam => "This developer is in the team already.",
        Conflict::RoleAssigned => "This team has this role already.",
        Conflict::SpecificationExists => "This version has a specification already.",
        Conflict::VersionInUse => "This version is published or has registrations. Remove them first, or unpublish it.",
        Conflict::AlreadyRegistered => "This application is registered for this version already.",
        Conflict::RegistrationClosed => "Application registration is not enabled for this service.",
        Conflict::OtherStrategy => "This version uses another auth strategy than the application.",
        Conflict::TooManyCredentials => "Maximum number of credentials exceeded. Max allowed: 20. Revoke one first.",
        Conflict::NotReplaceable => "This key has expired or was replaced before, so it cannot be replaced. Create a new one.",
        Conflict::UsesNoKeys => "This application calls with tokens of its identity provider, so it has no keys.",
        Conflict::MailNotSendable => {
            "This mail cannot be sent again. Look at its state: only a mail that failed or was kept can, once there is an SMTP server."
        }
        Conflict::ProviderInUse { .. } => "This provider is in use.",
        Conflict::ClientNotReady => "The provider is not done yet. Look again in a moment.",
        Conflict::SecretOpened => "This secret was opened before, and is kept no longer. Get a new one if it is lost.",
        Conflict::NoRotation => "This provider gives no new secrets. Create another application instead.",
        Conflict::TestRunning => "The client of the last test is not gone yet. Look at what the provider says about it.",
        Conflict::NotComparable => "This provider cannot be asked for its clients.",
        Conflict::RevokedStays => "An admin revoked this registration, so it cannot be removed here. Ask them to reinstate it.",
        Conflict::TooManyAccessTokens => "There are 10 access tokens, as many as an admin may have. Revoke one first.",
        Conflict::TooManyGatewayTokens => "This gateway has 10 tokens, as many as it may have. Revoke one first.",
        Conflict::AlreadySetUp => "There is an admin already. Sign in.",
    }
}

/// What a role is called.
pub fn role_word(role: AdminRole) -> &'static str {
    match role {
        AdminRole::Admin => "Admin",
        AdminRole::PortalAdmin => "Portal admin",
        AdminRole::PortalMaintainer => "Portal maintainer",
        AdminRole::PortalViewer => "Portal viewer",
        AdminRole::ProductAdmin => "API product admin",
        AdminRole::ProductPublisher => "API product publisher",
        AdminRole::ProductViewer => "API product viewer",
        AdminRole::AuthStrategyCreator => "Auth strategy creator",
        AdminRole::AuthStrategyMaintainer => "Auth strategy maintainer",
        AdminRole::AuthStrategyViewer => "Auth strategy viewer",
        AdminRole::DcrProviderCreator => "DCR provider creator",
        AdminRole::DcrProviderMaintainer => "DCR provider maintainer",
        AdminRole::DcrProviderViewer => "DCR provider viewer",
        AdminRole::RegistrationApprover => "Registration approver",
    }
}

/// A state as its badge shows it, with the class that colours it.
pub trait StateWords {
    fn word(&self) -> &'static str;
    fn tone(&self) -> &'static str;
}

impl StateWords for DeveloperStatus {
    fn word(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Revoked => "Revoked",
            Self::Rejected => "Rejected",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Approved => "good",
            Self::Revoked | Self::Rejected => "bad",
        }
    }
}

impl StateWords for RegistrationStatus {
    fn word(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Revoked => "Revoked",
            Self::Rejected => "Rejected",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Pending => "waiting",
            Self::Approved => "good",
            Self::Revoked | Self::Rejected => "bad",
        }
    }
}

impl StateWords for PublishStatus {
    fn word(&self) -> &'static str {
        match self {
            Self::Published => "Published",
            Self::Unpublished => "Unpublished",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Published => "good",
            Self::Unpublished => "waiting",
        }
    }
}

impl StateWords for MailState {
    fn word(&self) -> &'static str {
        match self {
            Self::Kept => "Kept, no SMTP server",
            Self::Queued => "Queued",
            Self::Sent => "Sent",
            Self::Failed => "Failed",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Kept | Self::Queued => "waiting",
            Self::Sent => "good",
            Self::Failed => "bad",
        }
    }
}

impl StateWords for CredentialState {
    fn word(&self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Replaced => "Replaced",
            Self::Expired => "Expired",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Replaced => "waiting",
            Self::Expired => "bad",
        }
    }
}

impl StateWords for DcrClientState {
    fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Ready => "Ready",
            Self::Refused => "Refused",
            Self::GivenUp => "Given up",
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "good",
            Self::Refused | Self::GivenUp => "bad",
        }
    }
}

/// A kind of DCR provider.
pub fn provider_type(provider_type: ProviderType) -> &'static str {
    match provider_type {
        ProviderType::Okta => "Okta",
        ProviderType::Auth0 => "Auth0",
        ProviderType::AzureAd => "Azure AD",
        ProviderType::Curity => "Curity",
        ProviderType::Http => "HTTP bridge",
        ProviderType::Oidc => "OpenID Connect",
    }
}

/// Why a client may be an orphan.
pub fn orphan_reason(reason: OrphanReason) -> &'static str {
    match reason {
        OrphanReason::LostAnswer => "The answer to its creation was lost.",
        OrphanReason::Unmanageable => "The provider did not take the call to delete it.",
        OrphanReason::GivenUp => "An admin gave up deleting it.",
    }
}

/// How far two sides are apart.
pub fn differences(number: usize) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), "difference", "differences")
}

/// An auth method, as developers read it.
pub fn auth_method(method: AuthMethod) -> &'static str {
    match method {
        AuthMethod::Bearer => "Bearer",
        AuthMethod::ClientCredentials => "Client Credentials",
        AuthMethod::Introspection => "Introspection",
        AuthMethod::Password => "Password",
        AuthMethod::AuthorizationCode => "Authorization Code",
        AuthMethod::Session => "Session",
        AuthMethod::RefreshToken => "Refresh Token",
        AuthMethod::KongOauth2 => "Kong OAuth2",
    }
}

/// When a replaced key stops.
pub fn grace(grace: Grace) -> &'static str {
    match grace {
        Grace::Now => "Now",
        Grace::OneHour => "In 1 hour",
        Grace::OneDay => "In 24 hours",
        Grace::SevenDays => "In 7 days",
    }
}
