//! What happens around a key's last day.

use super::store::{self, Expiring};
use crate::{
    Core, Result,
    mail::{self, Letter, messages},
};
use portico_model::paths;
use time::{Duration, OffsetDateTime};

/// How long before its end a key's owner is told, at most.
const NOTICE: Duration = Duration::days(7);
/// How long an expired key is shown as such.
const SHOWN_AFTER_EXPIRY: Duration = Duration::days(30);
/// Mails written in one transaction.
const BATCH: i64 = 200;

/// When to tell that a key expires: a week before, or when three quarters of a short life are over.
pub(super) fn mail_at(created_at: OffsetDateTime, expires_at: OffsetDateTime) -> OffsetDateTime {
    expires_at - NOTICE.min((expires_at - created_at) / 4)
}

/// Tells developers, once, which of their keys are about to expire. Any number of processes may do this.
pub(crate) async fn announce_expiry(core: &Core) -> Result<()> {
    loop {
        let now = core.now();
        let mut tx = core.begin().await?;
        let expiring = store::lock_expiring(&mut tx, now, BATCH).await?;
        if expiring.is_empty() {
            return Ok(());
        }
        let letters: Vec<Letter> = expiring.iter().map(|key| letter(core, key)).collect();
        mail::write_all(core, &mut tx, &letters).await?;
        let ids: Vec<_> = expiring.iter().map(|key| key.id).collect();
        store::mark_announced(&mut tx, &ids).await?;
        tx.commit().await?;
    }
}

fn letter(core: &Core, key: &Expiring) -> Letter {
    let origin = core.site.portal_origin(&key.portal_slug, key.portal_custom_domain.as_deref());
    let link = format!("{origin}{}", paths::portal::application(key.application_id));
    let news = messages::KeyNews {
        portal: &key.portal_display_name,
        developer: &key.developer_name,
        key: &key.display_name,
        key_id: &key.key_id,
        application: &key.application_name,
        expires_at: key.expires_at,
        link: &link,
    };
    Letter {
        portal: key.portal_id,
        developer: key.developer_id,
        recipient: key.developer_email.clone(),
        message: messages::key_expires(&news),
    }
}

/// Forgets keys that expired long ago.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    store::delete_expired(&core.pool, core.now() - SHOWN_AFTER_EXPIRY).await
}
