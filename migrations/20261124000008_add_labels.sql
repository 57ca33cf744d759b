-- What programs mark things with, and what else the management API's contract has of them.

alter table portal
    add column labels jsonb not null default '{}',
    -- Whether developers see only what a role of one of their teams shows them.
    add column rbac_enabled boolean not null default false,
    -- Where somebody else's pages for this portal are; they call it from there.
    add column custom_client_domain text constraint portal_custom_client_domain_key unique,
    add constraint portal_custom_client_domain_check check (custom_client_domain is null or custom_domain is not null);

alter table product
    add column labels jsonb not null default '{}',
    -- Developers see these.
    add column public_labels jsonb not null default '{}';
alter table version add column labels jsonb not null default '{}';
alter table auth_strategy add column labels jsonb not null default '{}';
alter table dcr_provider add column labels jsonb not null default '{}';
alter table application add column labels jsonb not null default '{}';
alter table document add column metadata jsonb not null default '{}';

alter table specification
    add column id uuid not null default gen_random_uuid() constraint specification_id_key unique,
    add column created_at timestamptz;
update specification set created_at = uploaded_at;
alter table specification
    alter column id drop default,
    alter column created_at set not null;

alter table gateway add column description text not null default '', add column labels jsonb not null default '{}',
    add column updated_at timestamptz;
update gateway set updated_at = created_at;
alter table gateway alter column updated_at set not null;
alter table gateway_service add column updated_at timestamptz;
update gateway_service set updated_at = created_at;
alter table gateway_service alter column updated_at set not null;

-- Pages of long lists of one portal, as programs ask for them.
create index developer_portal_id_idx on developer (portal_id, id);
create index application_portal_list_idx on application (portal_id, id);
create index registration_portal_list_idx on registration (portal_id, id);
