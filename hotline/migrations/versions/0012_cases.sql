-- Cases: what a desk has taken on and carries for days or weeks, without a lease (ADR 0040).
--
--   call --one--> case (一案一码) --one for each desk's item--> undertaking --> steps, objections

-- One matter with one code, whoever works on it.
create table cases (
    id          bigint generated always as identity primary key,
    call_id     bigint not null unique references calls,
    code        text not null unique,
    opened_at   timestamptz not null default now()
);

-- One desk's work on a case. While it is open its queue item and its call stay claimed.
create table undertakings (
    id                bigint generated always as identity primary key,
    case_id           bigint not null references cases,
    call_id           bigint not null references calls,
    queue_item_id     bigint not null references queue_items,
    assignment_id     bigint not null references assignments,
    queue             text not null,
    desk              text not null check (desk in ('mediators', 'departments')),
    role              text not null check (role in ('lead', 'joint')),
    state             text not null check (state in ('handling', 'objected', 'fed_back', 'appraised', 'handed_on')),
    state_changed_at  timestamptz not null default now(),
    holder            bigint references users,          -- null: whoever had it has left, the desk takes it over
    dispatched_at     timestamptz not null,             -- when it came into the desk's queue
    opened_at         timestamptz not null default now(),
    due_at            timestamptz not null,
    extended_from     timestamptz,                      -- the deadline before the one extension
    extension_reason  bytea,
    outcome           text,                             -- a code of routing/cases/terms.py
    agreement         bytea,                            -- the text the parties agreed on
    reply             bytea,                            -- what the caller was told
    fed_back_at       timestamptz,
    appraisal         text check (appraisal in ('satisfied', 'unsatisfied', 'unreached')),
    appraisal_words   bytea,
    appraised_by      bigint references users,
    appraised_at      timestamptz,
    handed_on_reason  text,                             -- a code; objection: an objection was upheld
    handed_on_words   bytea
);
create unique index undertakings_one on undertakings (queue_item_id) where state <> 'handed_on';
create index on undertakings (desk, due_at) where state in ('handling', 'objected');
create index on undertakings (fed_back_at) where state = 'fed_back';
create index on undertakings (holder) where state in ('handling', 'objected', 'fed_back');
create index on undertakings (call_id);
create index on undertakings (case_id);

-- Which state may follow which; routing/cases/states.py holds the same and a test compares them.
create table undertaking_transitions (
    from_state  text not null,
    to_state    text not null,
    primary key (from_state, to_state)
);
insert into undertaking_transitions (from_state, to_state) values
    ('handling', 'objected'), ('handling', 'fed_back'), ('handling', 'handed_on'),
    ('objected', 'handling'), ('objected', 'handed_on'),
    ('fed_back', 'handling'), ('fed_back', 'appraised');

create function check_undertaking_state() returns trigger language plpgsql as $$
begin
    if new.state = old.state then
        return new;
    end if;
    if not exists (select from undertaking_transitions where from_state = old.state and to_state = new.state) then
        raise exception 'undertaking % cannot change from % to %', old.id, old.state, new.state
            using errcode = 'HL001';
    end if;
    new.state_changed_at := now();
    return new;
end $$;
create trigger undertaking_state before update of state on undertakings
    for each row execute function check_undertaking_state();

-- What is planned and was done in a case, in the one file of all who work on it.
create table case_steps (
    id              bigint generated always as identity primary key,
    case_id         bigint not null references cases,
    undertaking_id  bigint not null references undertakings,
    kind            text not null,                      -- a code of routing/cases/terms.py
    due_at          timestamptz not null,
    note            bytea,                              -- what is to be done, with whom, where
    created_by      bigint not null references users,
    created_at      timestamptz not null default now(),
    done_at         timestamptz,
    done_by         bigint references users,
    result          bytea                               -- what came of it
);
create index on case_steps (undertaking_id, due_at) where done_at is null;
create index on case_steps (case_id, id);

-- A department's objection (异议) to a dispatch, and what became of it.
create table objections (
    id              bigint generated always as identity primary key,
    undertaking_id  bigint not null references undertakings,
    by_user         bigint not null references users,
    reason          text not null,                      -- a code of routing/cases/terms.py
    words           bytea,
    suggested       text,                               -- the destination the department names
    at              timestamptz not null default now(),
    decision        text check (decision in ('upheld', 'rejected')),
    decision_words  bytea,
    destination     text,                               -- upheld: where the call went
    decided_by      bigint references users,
    decided_at      timestamptz
);
create unique index objections_one_open on objections (undertaking_id) where decision is null;
create index on objections (at) where decision is null;

-- Calls the police desk found to be no police matter (非警务), with the danger known at that time: without a new
-- signal of danger they do not come back.
create table police_returns (
    id            bigint generated always as identity primary key,
    call_id       bigint not null references calls,
    by_user       bigint not null references users,
    reason        text not null,                        -- a code of routing/police_returns/terms.py
    words         bytea,
    danger_level  smallint not null,
    danger_kinds  text[] not null default '{}',
    at            timestamptz not null default now()
);
create index on police_returns (call_id, id);

-- accepted: taken on as a case, to be carried without a lease; it becomes completed when the desk has fed back.
-- promised: a call-back at a time, the item waits for it (0011).
alter table assignments drop constraint assignments_outcome_check;
alter table assignments add constraint assignments_outcome_check
    check (outcome in ('completed', 'released', 'lease_expired', 'forwarded', 'accepted', 'promised'));
