-- By which a gateway that people already run asks for decisions. Only the digest is kept.
create table gateway_token (
    id uuid constraint gateway_token_pkey primary key,
    gateway_id uuid not null constraint gateway_token_gateway_id_fkey references gateway on delete cascade,
    name text not null,
    token_digest bytea not null constraint gateway_token_token_digest_key unique,
    created_at timestamptz not null
);
create unique index gateway_token_name_key on gateway_token (gateway_id, lower(name));

create trigger gateway_token_changes after insert or delete on gateway_token
    for each statement execute function record_routing_change();
