-- The audit log: entries that nobody changes, the chain over them, its checkpoints, what alerts arose from it.
-- docs/adr/0024 tells why it is built so.

-- One act of a person or of the service. Written in the transaction of what it tells of; ids and codes only.
-- No foreign keys: an entry outlives what it names, and recording waits for no other row.
create table audit_entries (
    txid     xid8 not null default pg_current_xact_id(),
    id       bigint generated always as identity,
    at       timestamptz not null default now(),
    user_id  bigint,                          -- null: the service itself, or a command of its administrator
    role     text,                            -- the role at that time
    action   text not null,
    subject  text not null,                   -- kind:id, such as call:17
    reason   text,                            -- code of hotline/audit/reasons.py
    note_digest bytea,                        -- keyed hash of the person's own words in audit_notes
    detail   jsonb not null default '{}',     -- ids and codes
    primary key (txid, id)
);
create unique index on audit_entries (id);
create index on audit_entries (user_id, at);
create index on audit_entries (subject, at);
create index on audit_entries (action, at);

-- What stood in the journal of the first version.
insert into audit_entries (at, user_id, action, subject, detail)
select at, user_id, action, subject, detail from journal order by id;
drop table journal;

-- Backdating is no use to anybody: place and time of an entry are the database's.
create function stamp_audit_entry() returns trigger language plpgsql as $$
begin
    new.txid := pg_current_xact_id();
    new.at := now();
    return new;
end $$;
create trigger stamped before insert on audit_entries for each row execute function stamp_audit_entry();

-- What a person wrote as reason, sealed. Apart from the entry, because keys are rotated and what somebody wrote about
-- a caller may have to be erased; the entry's digest tells whether it is still what was written.
create table audit_notes (
    entry_id  bigint primary key,
    note      bytea not null
);

-- The chain's own name: a checkpoint of another database's chain must not pass for one of this.
create table audit_chain (
    id          uuid primary key default gen_random_uuid(),
    started_at  timestamptz not null default now(),
    only_one    boolean not null default true unique check (only_one)
);
insert into audit_chain default values;

-- The chain: one link an entry, in commit order. link = HMAC(audit key, previous link, seq, the entry's bytes).
create table audit_links (
    seq       bigint primary key,
    txid      xid8 not null,
    entry_id  bigint not null unique,
    link      bytea not null,
    key_id    text not null,
    linked_at timestamptz not null default now()
);

-- Signed statements that the chain was so long and ended so; they, and their copies outside, show a cut tail.
create table audit_checkpoints (
    seq        bigint primary key,
    link       bytea not null,
    key_id     text not null,
    signature  bytea not null,
    at         timestamptz not null
);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'HL002';
end $$;
create trigger append_only before update or delete or truncate on audit_entries
    for each statement execute function refuse_audit_change();
create trigger append_only before update or delete or truncate on audit_links
    for each statement execute function refuse_audit_change();
create trigger append_only before update or delete or truncate on audit_checkpoints
    for each statement execute function refuse_audit_change();
create trigger append_only before update or delete or truncate on audit_chain
    for each statement execute function refuse_audit_change();

-- Bulk look-ups and the like, until somebody has looked into them; that they arose is in the chain as well.
create table audit_alerts (
    id               bigint generated always as identity primary key,
    kind             text not null,
    user_id          bigint not null references users,
    counted          int not null,
    allowed          int not null,
    raised_at        timestamptz not null default now(),
    acknowledged_by  bigint references users,
    acknowledged_at  timestamptz
);
create index on audit_alerts (user_id, kind, raised_at);
create index on audit_alerts (raised_at) where acknowledged_at is null;

-- How far each receiver has been told.
create table audit_shipping (
    receiver    text primary key,
    seq         bigint not null,
    shipped_at  timestamptz not null default now()
);

-- Organisations that a call complains about, as found by each reading: nobody who works there gets or opens it.
alter table organisations add column aliases text[] not null default '{}';  -- as callers say the name
create table call_concerns (
    call_id  bigint not null references calls on delete cascade,
    org_id   bigint not null references organisations,
    primary key (call_id, org_id)
);
