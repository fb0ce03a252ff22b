-- Retention and legal hold: what of a call has been erased, and which calls nobody may erase. ADR 0033.

-- Which parts of a call are erased for good (routing/erasure/parts.py), sorted: caller, notes, words.
alter table calls add column erased_parts text[] not null default '{}'
    check (erased_parts <@ '{caller,notes,words}'::text[]);

-- Ended calls that still hold something, by how long ago they ended.
create index calls_erasable on calls (state_changed_at)
    where state in ('completed', 'closed') and erased_parts <> '{caller,notes,words}'::text[];

-- What must be kept although its time is over: a court or an inquiry asks for it. By call, or by caller.
create table legal_holds (
    id           bigint generated always as identity primary key,
    call_id      bigint references calls,
    number_hash  bytea,                       -- of the caller's number, keyed as calls.caller_hash
    reason       bytea not null,              -- sealed
    placed_by    bigint references users,     -- null: on the command line
    placed_at    timestamptz not null default now(),
    released_at  timestamptz,
    check ((call_id is null) <> (number_hash is null))
);
create index on legal_holds (call_id) where released_at is null;
create index on legal_holds (number_hash) where released_at is null;
