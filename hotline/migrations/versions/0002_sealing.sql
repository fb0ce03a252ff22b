-- Personal data sealed: the columns that hold it become bytea, written by the vault (routing/sealing.py).
-- hotline/sealing/columns.py lists them. What stood here in clear is marked with key id 0 ("not sealed yet") and
-- sealed by the same program right after the migration, before anything is served.

-- Which keys have sealed values here, each with a value that only the right key opens; id 0 is the look-up key.
create table sealing_keys (
    id             int primary key,
    suite          text not null,
    check_value    bytea not null,
    first_used_at  timestamptz not null default now(),
    retired_at     timestamptz
);

-- One row: whether values with key id 0 may still stand here. Once they are sealed, such values are refused.
create table sealing_state (
    only_row    boolean primary key default true check (only_row),
    clear_left  boolean not null
);
insert into sealing_state (clear_left) select exists (select from calls) or exists (select from idempotency_keys);

-- The key by which a value is sealed; -1 for what is too short to be one.
create function sealed_by(value bytea) returns int language sql immutable strict parallel safe as
    'select case when length(value) < 3 then -1
            else get_byte(substring(value from 2 for 2), 0) * 256 + get_byte(substring(value from 2 for 2), 1) end';

-- For this migration only.
create function mark_clear(value text) returns bytea language sql immutable strict as
    'select ''\x010000''::bytea || convert_to(value, ''UTF8'')';

-- The line's own row stands in call_versions.payload with the rest of the record: once is enough.
alter table calls drop column source;
alter table calls add column excerpt bytea;       -- the first 200 characters of the transcript, for lists
update calls set excerpt = mark_clear(left(transcript, 200));
alter table calls
    alter column caller_number type bytea using mark_clear(nullif(caller_number, '')),
    alter column caller_name type bytea using mark_clear(nullif(caller_name, '')),
    alter column transcript type bytea using mark_clear(transcript),
    alter column segments type bytea using mark_clear(segments::text),
    alter column address type bytea using mark_clear(nullif(address, '')),
    alter column recording_number type bytea using mark_clear(nullif(recording_number, '')),
    alter column excerpt set not null,
    -- sealed values do not compress; trying costs time with every row
    alter column transcript set storage external,
    alter column segments set storage external,
    alter column excerpt set storage external;
-- A case code is looked up without its line.
create index on calls (external_id);

alter table call_versions
    alter column payload type bytea using mark_clear(payload::text),
    alter column payload set storage external;

alter table triages
    alter column reading type bytea using mark_clear(reading::text),
    alter column reading set storage external;

alter table decisions add column outcome text not null default 'route' check (outcome in ('route', 'close'));
update decisions set outcome = 'close' where body ->> 'outcome' = 'close';
alter table decisions alter column outcome drop default;
alter table decisions
    alter column body type bytea using mark_clear(body::text),
    alter column body set storage external;

alter table transfers
    alter column reason type bytea using mark_clear(reason),
    alter column return_reason type bytea using mark_clear(return_reason);

alter table assignments
    alter column disposition type bytea using mark_clear(disposition),
    alter column notes type bytea using mark_clear(notes),
    alter column summary type bytea using mark_clear(summary);

alter table direct_answers alter column answer type bytea using mark_clear(answer);
alter table caller_choices alter column message type bytea using mark_clear(message);
alter table danger_checks alter column outcome type bytea using mark_clear(outcome);

alter table idempotency_keys
    alter column response drop not null,
    alter column response type bytea using mark_clear(response::text);

-- Texts of people stand in transfers and assignments, not again in the timeline; errors named what they failed on.
update call_log set detail = detail - 'reason' - 'disposition' where detail ?| array['reason', 'disposition'];
update triage_jobs set last_error = null where last_error is not null;

drop function mark_clear(text);

-- Words by which a call is found: keyed hashes of the tokens of everything that was said, written with each reading.
-- A table of its own, so that a call's changes of state leave the index alone.
create table call_tokens (
    call_id      bigint primary key references calls on delete cascade,
    received_at  timestamptz not null,
    tokens       bigint[] not null
);
create index call_tokens_words on call_tokens using gin (tokens);
create index call_tokens_newest on call_tokens (received_at desc, call_id desc);
