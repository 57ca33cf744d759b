//! The words of every mail.

use crate::portals::Portal;

/// What a mail says.
#[derive(Clone, Debug)]
pub struct Message {
    pub subject: String,
    pub body: String,
}

fn message(portal: &Portal, greeting: &str, subject: String, paragraphs: &[String]) -> Message {
    let body = format!("Hello {greeting},\n\n{}\n\n{}\n", paragraphs.join("\n\n"), portal.display_name);
    Message { subject, body }
}

/// After sign-up: the link confirms the address by setting the first password.
pub fn confirm_address(portal: &Portal, name: &str, link: &str) -> Message {
    message(
        portal,
        name,
        format!("Confirm your e-mail address for {}", portal.display_name),
        &[
            format!("you, or someone with your address, signed up for {}.", portal.display_name),
            format!("Confirm the address and choose a password here:\n{link}"),
            "The link works once, for 24 hours. If it was not you, do nothing.".to_owned(),
        ],
    )
}

/// On request: the link sets a new password.
pub fn reset_password(portal: &Portal, name: &str, link: &str) -> Message {
    message(
        portal,
        name,
        format!("Choose a new password for {}", portal.display_name),
        &[
            format!("choose a new password here:\n{link}"),
            "The link works once, for one hour. If you did not ask for it, do nothing.".to_owned(),
        ],
    )
}

/// Someone signed up again with an address that has an account.
pub fn account_exists(portal: &Portal, name: &str, status: &str, sign_in: &str) -> Message {
    message(
        portal,
        name,
        format!("You already have an account at {}", portal.display_name),
        &[
            format!("someone signed up with your address, which has an account already. It is {status}."),
            format!("Sign in, or ask for a new password, here:\n{sign_in}"),
        ],
    )
}

pub fn account_approved(portal: &Portal, name: &str, sign_in: &str) -> Message {
    message(
        portal,
        name,
        format!("Your account at {} is approved", portal.display_name),
        &[format!("your account is approved. Sign in here:\n{sign_in}")],
    )
}

pub fn account_refused(portal: &Portal, name: &str, what: &str, reason: &str) -> Message {
    message(
        portal,
        name,
        format!("Your account at {} is {what}", portal.display_name),
        &[format!("your account is {what}.{}", because(reason))],
    )
}

/// What a mail about a registration is about.
pub struct RegistrationNews<'a> {
    pub developer: &'a str,
    pub application: &'a str,
    pub product: &'a str,
    pub version: &'a str,
    pub reason: &'a str,
    pub link: &'a str,
}

/// `what` is the new state's word.
pub fn registration_decided(portal: &Portal, news: &RegistrationNews<'_>, what: &str) -> Message {
    message(
        portal,
        news.developer,
        format!("{}: access to {} {} is {what}", news.application, news.product, news.version),
        &[
            format!(
                "the registration of {} for {} {} is {what}.{}",
                news.application,
                news.product,
                news.version,
                because(news.reason)
            ),
            format!("See it here:\n{}", news.link),
        ],
    )
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" The reason given: {reason}") }
}
