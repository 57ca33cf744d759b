-- How callers authenticate, and which version is shown where.

create table auth_strategy (
    id uuid constraint auth_strategy_pkey primary key,
    name text not null,
    display_name text not null,
    strategy_type text not null constraint auth_strategy_type_check check (strategy_type in ('key_auth')),
    -- Where a key is looked for, in this order.
    key_names text[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index auth_strategy_name_key on auth_strategy (lower(name));

create table portal (
    id uuid constraint portal_pkey primary key,
    -- The first label of the portal's host: <slug>.<base host>.
    slug text not null constraint portal_slug_key unique,
    name text not null,
    display_name text not null,
    description text not null,
    is_public boolean not null,
    auto_approve_developers boolean not null,
    auto_approve_applications boolean not null,
    custom_domain text constraint portal_custom_domain_key unique,
    default_auth_strategy_id uuid references auth_strategy,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index portal_name_key on portal (lower(name));
create index portal_default_auth_strategy_id_idx on portal (default_auth_strategy_id);

-- A product must be in a portal before any of its versions is seen there.
create table portal_product (
    portal_id uuid not null references portal on delete cascade,
    product_id uuid not null references product on delete cascade,
    constraint portal_product_pkey primary key (portal_id, product_id)
);
create index portal_product_product_id_idx on portal_product (product_id);

create table publication (
    id uuid constraint publication_pkey primary key,
    portal_id uuid not null references portal on delete cascade,
    version_id uuid not null references version,
    publish_status text not null constraint publication_status_check check (publish_status in ('unpublished', 'published')),
    -- Without a strategy nobody can call the version: an API without authentication is closed, not open.
    auth_strategy_id uuid references auth_strategy,
    application_registration_enabled boolean not null,
    auto_approve_registration boolean not null,
    deprecated boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint publication_portal_version_key unique (portal_id, version_id)
);
create index publication_version_id_idx on publication (version_id);
create index publication_auth_strategy_id_idx on publication (auth_strategy_id);
