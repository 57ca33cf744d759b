-- A mail has a text and an HTML part, and belongs to the developer whom it tells something.

alter table mail
    -- Erased with the text.
    add column html text,
    add column developer_id uuid references developer on delete set null;
create index mail_developer_id_idx on mail (developer_id, created_at);
