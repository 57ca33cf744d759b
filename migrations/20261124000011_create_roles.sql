-- What admins may do, and programs that are nobody's.

alter table admin
    -- Words of the roles.
    add column roles text[] not null default '{admin}';
alter table admin alter column roles drop default;

-- A program, or several: it cannot sign in, and has tokens of its own.
create table system_account (
    id uuid constraint system_account_pkey primary key,
    name text not null,
    description text not null,
    roles text[] not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index system_account_name_key on system_account (lower(name));

alter table access_token
    alter column admin_id drop not null,
    add column system_account_id uuid references system_account on delete cascade,
    -- Null: as much as its owner may.
    add column roles text[],
    add constraint access_token_owner_check check (num_nonnulls(admin_id, system_account_id) = 1),
    add constraint access_token_name_per_system_account_key unique (system_account_id, name);
