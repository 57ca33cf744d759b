-- Documents: markdown pages of a product, in a tree.

create table document (
    id uuid constraint document_pkey primary key,
    product_id uuid not null constraint document_product_id_fkey references product on delete cascade,
    parent_document_id uuid constraint document_parent_document_id_fkey references document,
    -- Among the documents of the same parent.
    position integer not null,
    slug text not null,
    title text not null,
    status text not null constraint document_status_check check (status in ('unpublished', 'published')),
    -- Markdown.
    content text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index document_slug_per_product_key on document (product_id, lower(slug));
create index document_parent_document_id_idx on document (parent_document_id);
