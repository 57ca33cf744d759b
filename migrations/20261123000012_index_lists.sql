-- Lists of a large deployment: every order has an index that alone leads to a page, and every search one that
-- knows the words. Sort keys are columns, since Postgres reads an index of expressions together with the table.

alter table developer
    add column sort_email text generated always as (lower(email)) stored,
    add column sort_name text generated always as (lower(full_name)) stored,
    add column search tsvector generated always as (
        to_tsvector('simple', regexp_replace(email || ' ' || full_name, '[^[:alnum:]]+', ' ', 'g'))
    ) stored;
create index developer_sort_email_idx on developer (sort_email, id) where confirmed_at is not null;
create index developer_sort_name_idx on developer (sort_name, id) where confirmed_at is not null;
create index developer_created_at_idx on developer (created_at, id) where confirmed_at is not null;
create index developer_pending_idx on developer (created_at, id) where status = 'pending' and confirmed_at is not null;
create index developer_search_idx on developer using gin (search);

alter table application
    add column sort_name text generated always as (lower(name)) stored,
    add column search tsvector generated always as (
        to_tsvector('simple', regexp_replace(name, '[^[:alnum:]]+', ' ', 'g'))
    ) stored;
create index application_sort_name_idx on application (sort_name, id);
create index application_created_at_idx on application (created_at, id);
create index application_search_idx on application using gin (search);

create index registration_created_at_idx on registration (created_at, id);
create index registration_pending_idx on registration (created_at, id) where status = 'pending';
