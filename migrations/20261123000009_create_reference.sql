-- The API reference: a specification cut into what pages show, so that no page parses one.

alter table specification
    -- Which reader cut it; an older one's work is done anew at the next start.
    add column reader integer not null default 0,
    add column introduction jsonb not null default '{}';

alter table operation
    -- Names its page.
    add column slug text not null default '',
    add column detail jsonb not null default '{}',
    -- The schemas that its page shows, by slug.
    add column schema_slugs text[] not null default '{}';
create index operation_slug_idx on operation (version_id, slug);
create index operation_tag_idx on operation (version_id, tag, position);

-- What operations refer to.
create table specification_schema (
    version_id uuid not null references specification on delete cascade,
    slug text not null,
    name text not null,
    detail jsonb not null,
    schema_slugs text[] not null,
    constraint specification_schema_pkey primary key (version_id, slug)
);
