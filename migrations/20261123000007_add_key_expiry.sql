-- Keys that expire, and their replacement by a new one.

alter table auth_strategy
    -- Null: keys may live for ever.
    add column max_key_lifetime_days integer
        constraint auth_strategy_max_key_lifetime_check check (max_key_lifetime_days between 1 and 3650);

alter table credential
    add column expires_at timestamptz,
    -- When to tell the developer that the key expires; null once told, and for keys that need no telling.
    add column expiry_mail_at timestamptz,
    -- The key that was made in its place; this one works on until it expires.
    add column replaced_by_id uuid constraint credential_replaced_by_id_fkey references credential on delete set null;
create index credential_replaced_by_id_idx on credential (replaced_by_id);
create index credential_expires_at_idx on credential (expires_at);
create index credential_expiry_mail_at_idx on credential (expiry_mail_at);

drop trigger credential_changes on credential;
create trigger credential_changes after insert or update of secret_digest, expires_at or delete on credential
    for each row execute function record_application_change();
