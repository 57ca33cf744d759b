-- What is done after a commit, and what was done.

create table job (
    id uuid constraint job_pkey primary key,
    kind text not null,
    payload jsonb not null,
    state text not null constraint job_state_check check (state in ('waiting', 'dead')),
    attempts integer not null,
    run_at timestamptz not null,
    -- Set while a worker has it; another may take it after this time.
    lease_until timestamptz,
    last_error text not null,
    created_at timestamptz not null
);
create index job_run_at_idx on job (run_at) where state = 'waiting';

create table mail (
    id uuid constraint mail_pkey primary key,
    portal_id uuid references portal on delete cascade,
    recipient text not null,
    subject text not null,
    -- Erased once the mail is sent: it may hold a link that signs someone in.
    body text,
    state text not null constraint mail_state_check check (state in ('kept', 'queued', 'sent', 'failed')),
    attempts integer not null,
    last_error text not null,
    created_at timestamptz not null,
    sent_at timestamptz
);
create index mail_created_at_idx on mail (created_at);
create index mail_portal_id_idx on mail (portal_id);

-- Has no foreign keys: an entry outlives what it is about.
create table audit_entry (
    id uuid constraint audit_entry_pkey primary key,
    happened_at timestamptz not null,
    actor text not null,
    actor_id uuid,
    portal_id uuid,
    event text not null,
    subject_id uuid
);
create index audit_entry_happened_at_idx on audit_entry (happened_at);
