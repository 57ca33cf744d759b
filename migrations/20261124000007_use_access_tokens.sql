-- Access tokens are taken by the management API.

-- Written at most once a minute.
alter table access_token add column last_used_at timestamptz;
create index access_token_expires_at_idx on access_token (expires_at);
