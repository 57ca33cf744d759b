-- Teams of developers, and what their roles let them see and register for where a portal asks for that.

create table team (
    id uuid constraint team_pkey primary key,
    portal_id uuid not null constraint team_portal_id_fkey references portal on delete cascade,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index team_name_per_portal_key on team (portal_id, lower(name));

create table team_developer (
    team_id uuid not null references team on delete cascade,
    developer_id uuid not null references developer on delete cascade,
    constraint team_developer_pkey primary key (team_id, developer_id)
);
create index team_developer_developer_id_idx on team_developer (developer_id);

create table team_role (
    id uuid constraint team_role_pkey primary key,
    team_id uuid not null references team on delete cascade,
    product_id uuid not null constraint team_role_product_id_fkey references product on delete cascade,
    role text not null constraint team_role_role_check check (role in ('viewer', 'consumer')),
    -- A word of Konnect's that only comes back: there is one region.
    region text not null,
    created_at timestamptz not null,
    constraint team_role_key unique (team_id, product_id, role, region)
);
create index team_role_product_id_idx on team_role (product_id);

-- Groups of an identity provider whose members join a team when they sign in.
create table team_group (
    team_id uuid not null references team on delete cascade,
    name text not null,
    constraint team_group_pkey primary key (team_id, name)
);

-- Whether a developer, or nobody, sees a product of a portal.
create function may_see_product(reader uuid, portal portal, product uuid) returns boolean language sql stable as $$
    select (portal).is_public or not (portal).rbac_enabled or exists (
        select from team_role join team_developer on team_developer.team_id = team_role.team_id
        where team_developer.developer_id = reader and team_role.product_id = product)
$$;

-- Whether a developer may register applications for a product of a portal.
create function may_consume_product(reader uuid, portal portal, product uuid) returns boolean language sql stable as $$
    select not (portal).rbac_enabled or exists (
        select from team_role join team_developer on team_developer.team_id = team_role.team_id
        where team_developer.developer_id = reader and team_role.product_id = product and team_role.role = 'consumer')
$$;
