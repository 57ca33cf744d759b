-- Dynamic client registration: providers, and the OAuth client that each application has at one.

create table dcr_provider (
    id uuid constraint dcr_provider_pkey primary key,
    name text not null,
    display_name text not null,
    -- For life.
    provider_type text not null
        constraint dcr_provider_type_check check (provider_type in ('okta', 'auth0', 'azureAd', 'curity', 'http', 'oidc')),
    issuer text not null,
    -- Whatever else is not secret, as the REST contract names it.
    dcr_config jsonb not null,
    -- Sealed. Only an `oidc` provider that registers anybody's clients needs none.
    secret bytea,
    -- It asked for patience: nothing is sent to it before.
    paused_until timestamptz,
    -- When a comparison of both sides began; how far it is, while it runs; when it was done.
    compared_at timestamptz,
    comparison_failed text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index dcr_provider_name_key on dcr_provider (lower(name));

alter table auth_strategy add column dcr_provider_id uuid references dcr_provider;
create index auth_strategy_dcr_provider_id_idx on auth_strategy (dcr_provider_id);

alter table application
    add column redirect_uris text[] not null default '{}',
    -- Chosen by the developer; null where the strategy's are taken.
    add column scopes text[];

-- What a client should be is read from its application; the row says how far that is done, and outlives the application
-- until the provider has forgotten the client too. The row is its own queue: one worker at a time has it.
create table dcr_client (
    -- The tag by which the client is found at the provider.
    id uuid constraint dcr_client_pkey primary key,
    dcr_provider_id uuid not null references dcr_provider,
    application_id uuid references application on delete set null,
    -- The client of the same application whose place this one takes once it is there.
    replaces_id uuid constraint dcr_client_replaces_id_key unique references dcr_client on delete set null,
    -- Made to find out whether the provider can be used.
    is_test boolean not null,
    -- Whether there should be a client at the provider.
    is_wanted boolean not null default true,
    -- Counts changes of what is wanted, so that one that comes while a worker is busy is not missed.
    revision bigint not null default 0,
    -- As last sent, to name a client whose application is gone.
    name text not null,
    -- The client's id at the provider; null until there is one.
    client_id text,
    given_at timestamptz,
    -- Sealed: how this one client is managed, where the provider gives that out.
    management bytea,
    -- Sealed, until the developer opens it.
    secret bytea,
    -- HMAC-SHA-256, to notice a provider that gives another one.
    secret_digest bytea,
    secret_expires_at timestamptz,
    is_rotation_wanted boolean not null default false,
    -- What the provider was last made to know, without secrets.
    applied jsonb,
    -- What it may know besides: of an update or a rotation that has not come to a good end.
    attempted jsonb,
    -- A call that was sent and whose answer was not recorded.
    unanswered text constraint dcr_client_unanswered_check check (unanswered in ('create', 'update', 'rotate', 'delete')),
    unanswered_since timestamptz,
    -- The provider does not take our word about this client any more; it may go on working.
    is_unmanageable boolean not null default false,
    state text not null constraint dcr_client_state_check check (state in ('waiting', 'ready', 'refused', 'given_up')),
    attempts integer not null default 0,
    -- Null: at once.
    retry_at timestamptz,
    lease_id uuid,
    lease_until timestamptz,
    last_error text not null default '',
    -- Whether the provider found fault with what the developer asked for, in the words of last_error.
    is_developers_fault boolean not null default false,
    -- The newest calls to the provider, for the admin.
    calls jsonb not null default '[]',
    -- When a comparison last saw it at the provider.
    seen_at timestamptz,
    created_at timestamptz not null
);
create unique index dcr_client_application_id_key on dcr_client (application_id) where replaces_id is null;
create index dcr_client_application_id_idx on dcr_client (application_id);
create index dcr_client_provider_idx on dcr_client (dcr_provider_id, created_at);
create index dcr_client_client_id_idx on dcr_client (dcr_provider_id, client_id);
create index dcr_client_waiting_idx on dcr_client (dcr_provider_id, retry_at nulls first) where state = 'waiting';
create index dcr_client_unsettled_idx on dcr_client (dcr_provider_id) where state <> 'ready';
create index dcr_client_leases_idx on dcr_client (dcr_provider_id, lease_until) where lease_id is not null;
create unique index dcr_client_test_key on dcr_client (dcr_provider_id) where is_test;

-- A client that may exist at a provider although nothing here stands for it, and that nobody can find from here.
create table possible_orphan (
    id uuid constraint possible_orphan_pkey primary key,
    dcr_provider_id uuid not null references dcr_provider,
    -- Null where not even that was told.
    client_id text,
    -- As it is called at the provider.
    name text not null,
    reason text not null constraint possible_orphan_reason_check check (reason in ('lost_answer', 'unmanageable', 'given_up')),
    -- The client here that it was made for, which may be gone. One row stands for all its creations without an answer.
    dcr_client_id uuid not null,
    count integer not null default 1,
    -- The last time.
    happened_at timestamptz not null
);
create unique index possible_orphan_dcr_client_key on possible_orphan (dcr_client_id) where client_id is null;
create index possible_orphan_provider_idx on possible_orphan (dcr_provider_id, happened_at);

-- Where both sides differ, as the last comparison found.
create table dcr_finding (
    id uuid constraint dcr_finding_pkey primary key,
    dcr_provider_id uuid not null references dcr_provider on delete cascade,
    kind text not null constraint dcr_finding_kind_check check (kind in ('without_application', 'without_client', 'differs')),
    dcr_client_id uuid references dcr_client on delete cascade,
    client_id text not null,
    name text not null,
    -- The fields that differ.
    fields text[] not null,
    constraint dcr_finding_client_key unique (dcr_provider_id, kind, client_id)
);
create index dcr_finding_provider_idx on dcr_finding (dcr_provider_id, kind, id);
create index dcr_finding_dcr_client_id_idx on dcr_finding (dcr_client_id);

-- Written by triggers, so that no operation can forget it.

create function want_other_client(application uuid) returns void language sql as $$
    update dcr_client set revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null
    where application_id = application
$$;

create function unwant_client() returns trigger language plpgsql as $$
begin
    update dcr_client set is_wanted = false, application_id = null, revision = revision + 1, state = 'waiting', attempts = 0,
        retry_at = null
    where application_id = old.id;
    return old;
end $$;

create function want_other_client_of_application() returns trigger language plpgsql as $$
begin
    perform want_other_client(new.id);
    return null;
end $$;

create function want_other_client_of_registration() returns trigger language plpgsql as $$
begin
    perform want_other_client(coalesce(new.application_id, old.application_id));
    return null;
end $$;

-- Before, as the reference is emptied after.
create trigger application_client_deletions before delete on application for each row execute function unwant_client();
create trigger application_client_changes after update of name, description, redirect_uris, scopes on application
    for each row execute function want_other_client_of_application();
create trigger registration_client_changes after insert or update of status or delete on registration
    for each row execute function want_other_client_of_registration();
