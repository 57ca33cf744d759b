-- Lists of one portal as programs ask for them: every order has an index that alone leads to a page.

drop index developer_portal_id_idx;
create index developer_portal_list_idx on developer (portal_id, id) where confirmed_at is not null;
create index developer_portal_created_at_idx on developer (portal_id, created_at, id) where confirmed_at is not null;
create index developer_portal_updated_at_idx on developer (portal_id, updated_at, id) where confirmed_at is not null;
create index developer_portal_email_idx on developer (portal_id, email, id) where confirmed_at is not null;
create index developer_portal_name_idx on developer (portal_id, full_name, id) where confirmed_at is not null;
create index developer_portal_status_list_idx on developer (portal_id, status, id) where confirmed_at is not null;

create index application_portal_created_at_idx on application (portal_id, created_at, id);
create index application_portal_name_idx on application (portal_id, name, id);
create index application_portal_developer_idx on application (portal_id, developer_id, id);
drop index application_portal_id_idx;

-- Of its application, which never changes hands.
alter table registration add column developer_id uuid;
update registration set developer_id = application.developer_id
from application where application.id = registration.application_id;
alter table registration alter column developer_id set not null;

create or replace function find_registration_words() returns trigger language plpgsql as $$
begin
    select application.search || developer.search, developer.id into new.search, new.developer_id
    from application join developer on developer.id = application.developer_id
    where application.id = new.application_id;
    return new;
end $$;

create index registration_portal_created_at_idx on registration (portal_id, created_at, id);
create index registration_portal_updated_at_idx on registration (portal_id, updated_at, id);
create index registration_portal_developer_idx on registration (portal_id, developer_id, id);
create index registration_portal_status_list_idx on registration (portal_id, status, id);
