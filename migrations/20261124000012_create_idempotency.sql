-- Answers to requests that may be sent again: a second one with the same key gets the first one's answer.

create table idempotent_request (
    -- The admin or system account who sent it.
    owner_id uuid not null,
    key_digest bytea not null,
    -- Of method, path and body, so that a key means one request.
    request_digest bytea not null,
    -- Null while the first one is under way.
    status smallint,
    body bytea,
    created_at timestamptz not null,
    constraint idempotent_request_pkey primary key (owner_id, key_digest)
);
create index idempotent_request_created_at_idx on idempotent_request (created_at);
