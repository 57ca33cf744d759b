-- A registration is found by the words of its application and its developer, so that a search needs one index, and
-- filters by portal and status before anything is cut off.

alter table registration add column search tsvector not null default '';

create function find_registration_words() returns trigger language plpgsql as $$
begin
    select application.search || developer.search into new.search
    from application join developer on developer.id = application.developer_id
    where application.id = new.application_id;
    return new;
end $$;
create trigger registration_words before insert on registration
    for each row execute function find_registration_words();

create function renew_registration_words() returns trigger language plpgsql as $$
begin
    update registration set search = application.search || developer.search
    from application join developer on developer.id = application.developer_id
    where registration.application_id = application.id
        and case when tg_table_name = 'application' then application.id else developer.id end = new.id;
    return null;
end $$;
create trigger application_words after update of name on application
    for each row when (old.name is distinct from new.name) execute function renew_registration_words();
create trigger developer_words after update of full_name, email on developer
    for each row when (old.full_name is distinct from new.full_name or old.email is distinct from new.email)
    execute function renew_registration_words();

update registration set search = application.search || developer.search
from application join developer on developer.id = application.developer_id
where registration.application_id = application.id;
create index registration_search_idx on registration using gin (search);
