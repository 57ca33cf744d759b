-- Portico as a client of OpenID providers, and versions that anybody may call.

-- Sealed. The client's id stands with the other settings.
alter table auth_strategy add column client_secret bytea;

-- Said in so many words: without it and without a strategy a version is closed.
alter table publication
    add column no_authentication boolean not null default false,
    add constraint publication_access_check check (not (no_authentication and auth_strategy_id is not null));
