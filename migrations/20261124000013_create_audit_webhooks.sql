-- Where what developers do to sign in is sent.

create table audit_log_destination (
    id uuid constraint audit_log_destination_pkey primary key,
    name text not null,
    endpoint text not null,
    -- Sealed: the Authorization header.
    authorization_header bytea,
    log_format text not null constraint audit_log_destination_format_check check (log_format in ('cef', 'json')),
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index audit_log_destination_name_key on audit_log_destination (lower(name));

create table audit_log_webhook (
    portal_id uuid constraint audit_log_webhook_pkey primary key references portal on delete cascade,
    enabled boolean not null,
    destination_id uuid constraint audit_log_webhook_destination_id_fkey references audit_log_destination,
    last_attempt_at timestamptz,
    last_response_code integer,
    last_response_message text
);
create index audit_log_webhook_destination_id_idx on audit_log_webhook (destination_id);

create table audit_log_replay_job (
    portal_id uuid constraint audit_log_replay_job_pkey primary key references portal on delete cascade,
    start_at timestamptz not null,
    end_at timestamptz not null,
    status text not null
        constraint audit_log_replay_job_status_check check (status in ('accepted', 'running', 'completed', 'failed')),
    updated_at timestamptz not null
);

create index audit_entry_portal_event_idx on audit_entry (portal_id, event, id);
