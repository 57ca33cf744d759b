//! The way out: a real SMTP server, or none.

use super::Mail;
use anyhow::Context;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
};
use std::time::Duration;

/// How long a mail may take, well below a job's lease.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How to reach an SMTP server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://`, `smtp://…?tls=required` or `smtps://`, with user and password where needed.
    pub url: String,
    /// The address that mails come from.
    pub from: String,
}

/// Sends mail, or says that it cannot.
#[derive(Clone, Default)]
pub struct Delivery(Option<Smtp>);

#[derive(Clone)]
struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Delivery {
    /// Mails are kept, not sent.
    pub fn none() -> Self {
        Self(None)
    }

    pub fn smtp(settings: &SmtpSettings) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .context("the SMTP URL cannot be read")?
            .timeout(Some(TIMEOUT))
            .build();
        let from = settings.from.parse().context("the sender's address cannot be read")?;
        Ok(Self(Some(Smtp { transport, from })))
    }

    pub fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    /// Hands a mail to the server. Its message id is the mail's own id, so a second delivery of the
    /// same mail can be recognised as such.
    pub(super) async fn send(&self, mail: &Mail) -> anyhow::Result<()> {
        let smtp = self.0.as_ref().context("no SMTP server is configured any more")?;
        let message = Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, smtp.from.email.domain())))
            // From the deployment's address, in the portal's name.
            .from(Mailbox::new(Some(mail.portal_name.clone()).filter(|name| !name.is_empty()), smtp.from.email.clone()))
            .to(mail.recipient.parse().context("the recipient's address cannot be read")?)
            .subject(&mail.subject)
            .multipart(MultiPart::alternative_plain_html(
                mail.text.clone().unwrap_or_default(),
                mail.html.clone().unwrap_or_default(),
            ))?;
        // The transport's own timeout is for connecting alone, and a silent server must not hold the worker.
        let sending = tokio::time::timeout(TIMEOUT, smtp.transport.send(message));
        sending
            .await
            .context("the SMTP server did not take the mail in time")?
            .context("the SMTP server did not take the mail")?;
        Ok(())
    }
}
