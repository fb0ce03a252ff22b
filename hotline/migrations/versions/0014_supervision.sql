-- Supervision: calls that a person looks at again and what was said of them; trials of a policy or a lexicon before it
-- is published; what is published keeps a note and every publication of it. ADR 0042.

create table reviews (
    id            bigint generated always as identity primary key,
    call_id       bigint not null unique references calls,
    -- the reading to judge, and in the end the one that was judged
    triage_id     bigint not null references triages,
    reasons       text[] not null check (cardinality(reasons) > 0
                      and reasons <@ '{overruled,uncertain,closed_by_machine,sample}'::text[]),
    sample_day    date,                        -- the local day whose draw took the call
    danger_level  smallint not null default 0, -- of the reading: danger comes first
    entered_at    timestamptz not null default now(),
    leased_by     bigint references users,
    leased_until  timestamptz,
    passed_by     bigint[] not null default '{}', -- who left it to somebody else
    decided_by    bigint references users,
    decided_at    timestamptz,
    -- what the supervisor says of the call; codes only
    route         text,
    topic         text,
    danger        smallint check (danger between 0 and 2),
    agreed        boolean,
    check ((decided_at is null) = (route is null) and (decided_at is null) = (danger is null)
           and (decided_at is null) = (agreed is null) and (decided_at is null) = (decided_by is null))
);
create index reviews_open on reviews (danger_level desc, entered_at, id) where decided_at is null;
create index on reviews (leased_by) where decided_at is null and leased_by is not null;
create index on reviews (sample_day) where sample_day is not null;
create index on reviews (decided_at) where decided_at is not null;

-- How far calls have been looked at for reviews: ids of readings and of decisions.
create table review_marks (
    kind  text primary key check (kind in ('readings', 'decisions')),
    mark  bigint not null default 0
);
insert into review_marks (kind) values ('readings'), ('decisions');

-- What a draft of the policy or of the lexicon would change, worked out by a worker in steps.
create table trials (
    id            bigint generated always as identity primary key,
    kind          text not null check (kind in ('policy', 'lexicon', 'sentence')),
    started_by    bigint not null references users,
    created_at    timestamptz not null default now(),
    wanted        int not null check (wanted between 0 and 100000),  -- so many of the last calls
    total         int,                                               -- so many there are
    done          int not null default 0,
    state         text not null default 'waiting'
                      check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
    worker        text,
    leased_until  timestamptz,
    body          bytea not null,  -- sealed: the draft, or the sentence typed
    result        bytea,           -- sealed
    error         text             -- in Chinese, for the screen; never words of a call
);
create index on trials (id) where state in ('waiting', 'running');

-- A version may be published again (rolled back to): each time is a row of its own, and one of them is in force.
alter table published drop constraint published_kind_name_version_key;
create unique index published_in_force on published (kind, name) where withdrawn_at is null;
alter table published add column note bytea;  -- sealed: why, in the words of who published

-- Where operators sent calls in a period.
create index on transfers (created_at);
