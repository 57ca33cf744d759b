//! What admins do to mails.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::mail;
use portico_model::{ids::MailId, paths};

pub const SEND_MAIL_AGAIN: &str = "/_fn/admin/send-mail-again";

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/send-mail-again")]
pub async fn send_mail_again(mail: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: MailId = parse_id("mail", &mail)?;
    mail::send_again(&visit.core, visit.actor, id).await?;
    visit.leave_notice("The mail is on its way again.").await?;
    redirect(&paths::admin::mail(id));
    Ok(())
}
