-- What gateways must learn. Written by triggers, so that no operation can forget it.

create table gateway_change (
    -- The writing transaction: a reader that remembers the oldest running one misses nothing.
    transaction_id xid8 not null default pg_current_xact_id(),
    -- Null: services, publications or strategies changed.
    application_id uuid,
    happened_at timestamptz not null default now()
);
create index gateway_change_transaction_id_idx on gateway_change (transaction_id);
create index gateway_change_happened_at_idx on gateway_change (happened_at);

create function record_routing_change() returns trigger language plpgsql as $$
begin
    insert into gateway_change (application_id) values (null);
    perform pg_notify('portico_gateway', '');
    return null;
end $$;

create function record_application_change() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'application' then
        insert into gateway_change (application_id) values (coalesce(new.id, old.id));
    else
        insert into gateway_change (application_id) values (coalesce(new.application_id, old.application_id));
    end if;
    perform pg_notify('portico_gateway', '');
    return null;
end $$;

create trigger gateway_service_changes after insert or update or delete on gateway_service
    for each statement execute function record_routing_change();
create trigger version_link_changes after update of gateway_service_id on version
    for each statement execute function record_routing_change();
create trigger version_deletions after delete on version
    for each statement execute function record_routing_change();
create trigger publication_changes after insert or update or delete on publication
    for each statement execute function record_routing_change();
create trigger auth_strategy_changes after update or delete on auth_strategy
    for each statement execute function record_routing_change();

create trigger application_changes after insert or update of name or delete on application
    for each row execute function record_application_change();
-- Not on last_used_at: gateways themselves write that.
create trigger credential_changes after insert or update of secret_digest or delete on credential
    for each row execute function record_application_change();
create trigger registration_changes after insert or update of status or delete on registration
    for each row execute function record_application_change();
