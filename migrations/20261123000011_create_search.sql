-- Full-text search over what readers see. Names weigh more than texts.

alter table product add column search tsvector generated always as (
    setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', description), 'B')
) stored;
create index product_search_idx on product using gin (search);

alter table version add column search tsvector generated always as (setweight(to_tsvector('english', name), 'A')) stored;
create index version_search_idx on version using gin (search);

-- Paths and operation ids are taken apart into words. A vector holds a megabyte, so long texts are cut.
alter table operation add column search tsvector generated always as (
    setweight(to_tsvector('english', left(summary, 2000)), 'A')
    || setweight(to_tsvector('english', left(regexp_replace(
        regexp_replace(path || ' ' || operation_id, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '[^[:alnum:]]+', ' ', 'g'), 2000)), 'B')
    || setweight(to_tsvector('english', left(tag, 200)), 'B')
    || setweight(to_tsvector('english', left(coalesce(detail ->> 'description', ''), 20000)), 'C')
) stored;
create index operation_search_idx on operation using gin (search);

alter table document add column search tsvector generated always as (
    setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', content), 'C')
) stored;
create index document_search_idx on document using gin (search);
