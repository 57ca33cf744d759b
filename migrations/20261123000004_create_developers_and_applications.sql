-- Who asks for access, with what, to what.

create table developer (
    id uuid constraint developer_pkey primary key,
    portal_id uuid not null references portal,
    email text not null,
    full_name text not null,
    status text not null constraint developer_status_check check (status in ('pending', 'approved', 'revoked', 'rejected')),
    -- Why an admin rejected or revoked; empty without a reason.
    status_reason text not null,
    -- Set by the first password; until then no admin sees the account.
    confirmed_at timestamptz,
    password_hash text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index developer_email_per_portal_key on developer (portal_id, lower(email));
create index developer_portal_status_idx on developer (portal_id, status, created_at);

alter table session add constraint session_developer_id_fkey
    foreign key (developer_id) references developer on delete cascade;

-- Links by which a developer sets a password. Only the digest is kept; a used one is deleted.
create table password_link (
    token_digest bytea constraint password_link_pkey primary key,
    developer_id uuid not null references developer on delete cascade,
    expires_at timestamptz not null
);
create index password_link_developer_id_idx on password_link (developer_id);
create index password_link_expires_at_idx on password_link (expires_at);

create table application (
    id uuid constraint application_pkey primary key,
    portal_id uuid not null references portal,
    developer_id uuid not null references developer on delete cascade,
    -- For life.
    auth_strategy_id uuid not null references auth_strategy,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index application_name_per_developer_key on application (developer_id, lower(name));
create index application_portal_id_idx on application (portal_id, created_at);
create index application_auth_strategy_id_idx on application (auth_strategy_id);

create table credential (
    id uuid constraint credential_pkey primary key,
    application_id uuid not null references application on delete cascade,
    display_name text not null,
    -- What people and gateways recognise a key by: its beginning, without the secret.
    key_id text not null constraint credential_key_id_key unique,
    -- HMAC-SHA-256 of the secret; the secret itself is nowhere.
    secret_digest bytea not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index credential_application_id_idx on credential (application_id);

create table registration (
    id uuid constraint registration_pkey primary key,
    portal_id uuid not null references portal,
    application_id uuid not null references application on delete cascade,
    version_id uuid not null references version,
    status text not null constraint registration_status_check check (status in ('pending', 'approved', 'revoked', 'rejected')),
    -- Why an admin rejected or revoked; empty without a reason.
    status_reason text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint registration_application_version_key unique (application_id, version_id)
);
create index registration_version_id_idx on registration (version_id);
create index registration_portal_status_idx on registration (portal_id, status, created_at);
