-- Strategies that trust an OpenID provider, and the clients that developers got from it.

alter table auth_strategy
    drop constraint auth_strategy_type_check,
    add constraint auth_strategy_type_check check (strategy_type in ('key_auth', 'openid_connect')),
    -- Issuer, scopes, claim and methods, with whatever else was given, as the REST contract writes them.
    add column openid_connect jsonb,
    add constraint auth_strategy_openid_connect_check check ((strategy_type = 'openid_connect') = (openid_connect is not null));

-- The client id that the provider gave: what the claim of a token is compared with.
alter table application add column reference_id text;
create unique index application_reference_id_key on application (auth_strategy_id, reference_id);

drop trigger application_changes on application;
create trigger application_changes after insert or update of name, reference_id or delete on application
    for each row execute function record_application_change();
