-- People who run the portals, and everybody's browser sessions.

create table admin (
    id uuid constraint admin_pkey primary key,
    email text not null,
    password_hash text not null,
    created_at timestamptz not null
);
create unique index admin_email_key on admin (lower(email));

-- The one-time link at which the first admin sets a password. At most one row.
create table admin_set_up (
    singleton boolean constraint admin_set_up_pkey primary key default true check (singleton),
    token_digest bytea not null,
    created_at timestamptz not null
);

-- Bearer tokens for automation. Only the digest is kept.
create table access_token (
    id uuid constraint access_token_pkey primary key,
    admin_id uuid not null references admin on delete cascade,
    name text not null,
    token_digest bytea not null constraint access_token_token_digest_key unique,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint access_token_name_per_admin_key unique (admin_id, name)
);

-- A session is found by the digest of its cookie, so a stolen table opens no session.
create table session (
    id_digest bytea constraint session_pkey primary key,
    admin_id uuid references admin on delete cascade,
    developer_id uuid,
    data jsonb not null,
    expires_at timestamptz not null
);
create index session_admin_id_idx on session (admin_id);
create index session_developer_id_idx on session (developer_id);
create index session_expires_at_idx on session (expires_at);

-- Attempts at sign-in, sign-up and reset, counted across processes.
create table attempt (
    subject_digest bytea constraint attempt_pkey primary key,
    count integer not null,
    window_ends_at timestamptz not null
);
create index attempt_window_ends_at_idx on attempt (window_ends_at);
