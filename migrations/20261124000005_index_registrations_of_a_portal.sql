-- With the id, so that a page of one portal and state is found by the index alone.
create index registration_portal_status_created_at_idx on registration (portal_id, status, created_at, id);
drop index registration_portal_status_idx;
