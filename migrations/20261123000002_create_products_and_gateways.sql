-- What is published, and which gateway service serves it.

create table product (
    id uuid constraint product_pkey primary key,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index product_name_key on product (lower(name));

create table gateway (
    id uuid constraint gateway_pkey primary key,
    name text not null,
    created_at timestamptz not null
);
create unique index gateway_name_key on gateway (lower(name));

create table gateway_service (
    id uuid constraint gateway_service_pkey primary key,
    gateway_id uuid not null references gateway,
    name text not null,
    -- Empty matches every host.
    host text not null,
    path_prefix text not null,
    upstream_url text not null,
    created_at timestamptz not null,
    constraint gateway_service_match_key unique (gateway_id, host, path_prefix)
);
create unique index gateway_service_name_key on gateway_service (gateway_id, lower(name));

create table version (
    id uuid constraint version_pkey primary key,
    product_id uuid not null references product,
    name text not null,
    gateway_service_id uuid constraint version_gateway_service_id_key unique references gateway_service,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index version_name_per_product_key on version (product_id, lower(name));

create table specification (
    version_id uuid constraint specification_pkey primary key references version on delete cascade,
    name text not null,
    content text not null,
    title text not null,
    description text not null,
    uploaded_at timestamptz not null
);

-- Read from the specification at upload, so that no page parses one.
create table operation (
    version_id uuid not null references specification on delete cascade,
    position integer not null,
    method text not null,
    path text not null,
    operation_id text not null,
    summary text not null,
    tag text not null,
    deprecated boolean not null,
    constraint operation_pkey primary key (version_id, position)
);
