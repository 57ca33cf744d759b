-- How the developers of a portal sign in.

alter table portal
    -- By a password that is kept here.
    add column basic_auth_enabled boolean not null default true,
    -- Whether the groups of the identity provider decide about teams; whether admins do.
    add column idp_mapping_enabled boolean not null default false,
    add column konnect_mapping_enabled boolean not null default true;

create table identity_provider (
    id uuid constraint identity_provider_pkey primary key,
    portal_id uuid not null constraint identity_provider_portal_id_fkey references portal on delete cascade,
    type text not null constraint identity_provider_type_check check (type in ('oidc', 'saml')),
    enabled boolean not null,
    -- Whatever is not secret, as the REST contract names it.
    config jsonb not null,
    -- Sealed: of our client at an OpenID provider.
    client_secret bytea,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint identity_provider_type_per_portal_key unique (portal_id, type)
);
create unique index identity_provider_enabled_per_portal_key on identity_provider (portal_id) where enabled;

-- What somebody chose instead of what every portal looks like.
create table portal_appearance (
    portal_id uuid constraint portal_appearance_pkey primary key references portal on delete cascade,
    -- Theme, fonts and texts, as the REST contract names them.
    settings jsonb not null,
    updated_at timestamptz not null
);
create table portal_image (
    portal_id uuid not null references portal on delete cascade,
    kind text not null constraint portal_image_kind_check check (kind in ('logo', 'favicon', 'catalog_cover')),
    content_type text not null,
    filename text not null,
    data bytea not null,
    constraint portal_image_pkey primary key (portal_id, kind)
);
