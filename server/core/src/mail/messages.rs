//! The words of every mail, as text and as HTML.

use crate::portals::Portal;
use time::{OffsetDateTime, macros::format_description};

/// What a mail says, twice.
#[derive(Clone, Debug)]
pub struct Message {
    pub subject: String,
    pub text: String,
    pub html: String,
}

enum Block {
    Paragraph(String),
    /// What someone else wrote.
    Quote(String),
    Link {
        label: &'static str,
        url: String,
    },
}

/// A mail in the making.
struct Draft {
    portal: String,
    greeting: String,
    subject: String,
    blocks: Vec<Block>,
}

impl Draft {
    fn new(portal: &str, name: &str, subject: String) -> Self {
        Self { portal: portal.to_owned(), greeting: format!("Hello {name},"), subject, blocks: Vec::new() }
    }

    fn say(mut self, paragraph: impl Into<String>) -> Self {
        self.blocks.push(Block::Paragraph(paragraph.into()));
        self
    }

    fn link(mut self, label: &'static str, url: &str) -> Self {
        self.blocks.push(Block::Link { label, url: url.to_owned() });
        self
    }

    /// The reason that someone gave, if they gave one.
    fn because(mut self, reason: &str) -> Self {
        if !reason.is_empty() {
            self.blocks.push(Block::Paragraph("The reason given:".to_owned()));
            self.blocks.push(Block::Quote(reason.to_owned()));
        }
        self
    }

    fn finish(self) -> Message {
        Message { text: self.text(), html: self.html(), subject: self.subject }
    }

    fn text(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Paragraph(text) => text.clone(),
            Block::Quote(text) => text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
            Block::Link { label, url } => format!("{label}:\n{url}"),
        });
        let blocks: Vec<String> = blocks.collect();
        format!("{}\n\n{}\n\n{}\n", self.greeting, blocks.join("\n\n"), self.portal)
    }

    /// Readable in any mail program: no images, no style sheet, nothing that is loaded.
    fn html(&self) -> String {
        let escape = |text: &str| html_escape::encode_double_quoted_attribute(text).into_owned();
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Paragraph(text) => format!("<p>{}</p>", escape(text)),
            Block::Quote(text) => format!(
                "<blockquote style=\"margin:0 0 16px;padding-left:12px;border-left:3px solid #999\">{}</blockquote>",
                escape(text).replace('\n', "<br>")
            ),
            Block::Link { label, url } => {
                let url = escape(url);
                format!(
                    "<p><a href=\"{url}\" style=\"display:inline-block;padding:10px 18px;border-radius:8px;\
                     background:#0f6b64;color:#ffffff;text-decoration:none;font-weight:bold\">{}</a></p>\
                     <p style=\"font-size:14px\">Or copy this address: <a href=\"{url}\">{url}</a></p>",
                    escape(label)
                )
            }
        });
        let blocks: String = blocks.collect();
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\
             <body style=\"margin:0;padding:24px;font:16px/1.5 sans-serif\"><div style=\"max-width:560px;margin:0 auto\">\
             <p><strong>{portal}</strong></p><p>{greeting}</p>{blocks}<p>{portal}</p></div></body></html>",
            subject = escape(&self.subject),
            portal = escape(&self.portal),
            greeting = escape(&self.greeting),
        )
    }
}

/// After sign-up: the link confirms the address by setting the first password.
/// Without the name that was given: whoever signs up could write anything in it to anybody.
pub fn confirm_address(portal: &Portal, link: &str) -> Message {
    let portal = &portal.display_name;
    Draft { greeting: "Hello,".to_owned(), ..Draft::new(portal, "", format!("Confirm your e-mail address for {portal}")) }
        .say(format!("You, or someone with your address, signed up for {portal}."))
        .link("Confirm the address and choose a password", link)
        .say("The link works once, for 24 hours. If it was not you, do nothing.")
        .finish()
}

/// On request: the link sets a new password.
pub fn reset_password(portal: &Portal, name: &str, link: &str) -> Message {
    let portal = &portal.display_name;
    Draft::new(portal, name, format!("Choose a new password for {portal}"))
        .say(format!("You, or someone with your address, asked for a new password for {portal}."))
        .link("Choose a new password", link)
        .say("The link works once, for one hour. If you did not ask for it, do nothing.")
        .finish()
}

/// Someone signed up again with an address that has an account.
pub fn account_exists(portal: &Portal, name: &str, status: &str, sign_in: &str) -> Message {
    let portal = &portal.display_name;
    Draft::new(portal, name, format!("You already have an account at {portal}"))
        .say(format!("Someone signed up with your address, which has an account already. It is {status}."))
        .link("Sign in, or ask for a new password", sign_in)
        .finish()
}

pub fn account_approved(portal: &Portal, name: &str, sign_in: &str) -> Message {
    let portal = &portal.display_name;
    Draft::new(portal, name, format!("Your account at {portal} is approved"))
        .say("Your account is approved.")
        .link("Sign in", sign_in)
        .finish()
}

/// `what` is the new state's word.
pub fn account_refused(portal: &Portal, name: &str, what: &str, reason: &str) -> Message {
    let portal = &portal.display_name;
    Draft::new(portal, name, format!("Your account at {portal} is {what}"))
        .say(format!("Your account is {what}."))
        .because(reason)
        .finish()
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
    let RegistrationNews { developer, application, product, version, reason, link } = news;
    Draft::new(
        &portal.display_name,
        developer,
        format!("{}: {application}'s access to {product} {version} is {what}", portal.display_name),
    )
    .say(format!("The registration of {application} for {product} {version} is {what}."))
    .because(reason)
    .link("Open the application", link)
    .finish()
}

/// A version that a developer's applications are registered for will not be there for ever.
pub fn version_deprecated(portal: &Portal, developer: &str, product: &str, version: &str, link: &str) -> Message {
    Draft::new(&portal.display_name, developer, format!("{}: {product} {version} is deprecated", portal.display_name))
        .say(format!(
            "{product} {version}, which your applications are registered for, is now deprecated. \
             It stays fully usable until it is sunsetted."
        ))
        .link("See its other versions", link)
        .finish()
}

/// What a mail about a key is about.
pub struct KeyNews<'a> {
    /// The portal's display name.
    pub portal: &'a str,
    pub developer: &'a str,
    pub key: &'a str,
    /// What the key begins with.
    pub key_id: &'a str,
    pub application: &'a str,
    pub expires_at: OffsetDateTime,
    pub link: &'a str,
}

/// A key is about to expire.
pub fn key_expires(news: &KeyNews<'_>) -> Message {
    let KeyNews { portal, developer, key, key_id, application, expires_at, link } = news;
    let day = format_description!("[day padding:none] [month repr:long] [year] at [hour]:[minute] UTC");
    let expires_at = expires_at.format(day).unwrap_or_default();
    Draft::new(portal, developer, format!("{portal}: the key {key} of {application} expires soon"))
        .say(format!(
            "The key {key} ({key_id}…) of {application} expires on {expires_at}. Calls with it are refused from then on."
        ))
        .say("Create another key and use that one before.")
        .link("Open the application", link)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_say_the_same_and_html_stays_text() {
        let message = Draft::new("A & B", "<script>", "S".to_owned())
            .say("One \"two\".")
            .because("No </blockquote>\nreally")
            .link("Go", "https://example.com/?a=1&b=\"")
            .finish();
        assert!(
            message.text.contains("Hello <script>,\n\nOne \"two\".\n\nThe reason given:\n\n> No </blockquote>\n> really\n\nGo:")
        );
        assert!(message.html.contains("Hello &lt;script&gt;,") && message.html.contains("A &amp; B"));
        assert!(message.html.contains("No &lt;/blockquote&gt;<br>really"));
        assert!(message.html.contains("href=\"https://example.com/?a=1&amp;b=&quot;\""));
    }
}
