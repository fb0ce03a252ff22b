-- The first schema: organisations and accounts, calls and their readings, decisions, queues,
-- transfers, rosters, the event outbox. Words are DESIGN.md section 4's.
-- Times are timestamptz; columns ending in _s hold seconds.

-- ---------------------------------------------------------------- organisations and grids

create table organisations (
    id          bigint generated always as identity primary key,
    code        text not null unique,
    name        text not null
);
insert into organisations (code, name) values ('city', '市热线中心');

-- region > district > township/subdistrict > community > grid; exclusive grids (firms, markets) hang anywhere.
create table grids (
    id          bigint generated always as identity primary key,
    org_id      bigint not null default 1 references organisations,
    parent_id   bigint references grids,
    code        text not null unique,
    name        text not null,
    level       text not null check (level in ('region', 'district', 'township', 'community', 'grid', 'exclusive')),
    responsible text
);
create index on grids (name);

-- ---------------------------------------------------------------- accounts

create table users (
    id            bigint generated always as identity primary key,
    org_id        bigint not null default 1 references organisations,
    name          text not null unique check (name ~ '^[[:alnum:]_.@-]{2,64}$'),
    display_name  text not null,
    role          text not null check (role in
                    ('operator', 'lawyer', 'mediator', 'police', 'department', 'manager', 'admin', 'line')),
    password_hash text,                       -- argon2id; null: a service agent that has tokens only
    must_change   boolean not null default false,
    created_at    timestamptz not null default now(),
    disabled_at   timestamptz
);

create table sessions (
    id_hash     bytea primary key,            -- SHA-256 of the cookie: a stolen table opens no session
    user_id     bigint not null references users,
    csrf_token  text not null,
    created_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    expires_at  timestamptz not null
);
create index on sessions (user_id);

-- Failed log-ins by name and by address within the throttling window.
create table login_failures (
    subject     text not null,
    failed_at   timestamptz not null default now()
);
create index on login_failures (subject, failed_at);

create table api_tokens (
    id          bigint generated always as identity primary key,
    user_id     bigint not null references users,
    role        text not null,
    token_hash  bytea not null unique,        -- SHA-256; the token itself is printed once and never stored
    created_at  timestamptz not null default now(),
    revoked_at  timestamptz
);

-- Answers to requests that carried an Idempotency-Key, kept 24 h.
create table idempotency_keys (
    principal   text not null,
    route       text not null,
    key         text not null,
    body_hash   bytea not null,
    status      int not null,
    response    jsonb not null,
    created_at  timestamptz not null default now(),
    primary key (principal, route, key)
);
create index on idempotency_keys (created_at);

-- What people changed: users, rosters, policy, presence off the roster. Append only.
create table journal (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    user_id     bigint references users,
    action      text not null,
    subject     text not null,
    detail      jsonb not null default '{}'
);

-- ---------------------------------------------------------------- calls

create table calls (
    id                  bigint generated always as identity primary key,
    org_id              bigint not null default 1 references organisations,
    grid_id             bigint references grids,
    line                text not null,
    external_id         text not null,
    version             int not null default 1,
    revision            int not null default 1,   -- rises with each version and each batch of live segments
    state               text not null default 'received' check (state in
                          ('received', 'triaged', 'proposed', 'queued', 'offered', 'claimed', 'completed', 'closed')),
    state_changed_at    timestamptz not null default now(),
    close_reason        text,
    intake              text not null check (intake in ('live', 'backlog', 'history')),
    contact             text not null check (contact in ('online', 'callback', 'ticket', 'statistics')),
    live                boolean not null default false,
    held_by             bigint references users,  -- the operator who has a live call
    received_at         timestamptz not null,
    stored_at           timestamptz not null default now(),
    caller_number       text,
    caller_hash         bytea,                    -- keyed hash of the E.164 number; null: withheld or unknown
    caller_name         text,
    transcript          text not null,            -- the caller's words: what triage reads and offsets point into
    segments            jsonb not null,           -- [{seq, speaker, text, at, confidence, language, is_caller}]
    language            text,
    address             text,
    region              text,
    operator_name       text,                     -- as the line's own record names the person who answered
    confidential        boolean not null default false,
    request_kind        text,
    channel             text,
    urgency             text,
    lead_unit           text,
    joint_units         text[] not null default '{}',
    dispatched_at       timestamptz,
    received_by_unit_at timestamptz,
    ended_at            timestamptz,
    recording_number    text,
    talk_time_s         double precision,
    satisfaction        int,
    source              jsonb,                    -- the line's own row, as it came
    content_hash        bytea not null,
    triage_id           bigint,
    decision_id         bigint,
    unique (line, external_id)
);
create index on calls (received_at desc, id desc);
create index on calls (state, received_at desc) where state not in ('completed', 'closed');
create index on calls (caller_hash, received_at desc) where caller_hash is not null;
create index on calls (held_by) where held_by is not null;
create index on calls (received_at) where live and state in ('received', 'triaged', 'proposed');
create index on calls (state_changed_at) where state = 'completed';

-- Every version of a call as it came; the newest stands in calls.
create table call_versions (
    call_id       bigint not null references calls,
    version       int not null,
    content_hash  bytea not null,
    payload       jsonb not null,
    stored_at     timestamptz not null default now(),
    primary key (call_id, version)
);

-- Which state may follow which (DESIGN section 2); routing/calls/states.py holds the same and a test compares them.
create table call_state_transitions (
    from_state  text not null,
    to_state    text not null,
    primary key (from_state, to_state)
);
insert into call_state_transitions (from_state, to_state) values
    ('received', 'triaged'),
    ('triaged', 'proposed'), ('triaged', 'queued'), ('triaged', 'closed'),
    ('proposed', 'queued'), ('proposed', 'completed'),
    ('queued', 'offered'), ('queued', 'claimed'), ('queued', 'completed'), ('queued', 'proposed'),
    ('offered', 'queued'), ('offered', 'claimed'),
    ('claimed', 'queued'), ('claimed', 'completed'),
    ('completed', 'closed');

create function check_call_state() returns trigger language plpgsql as $$
begin
    if new.state = old.state then
        return new;
    end if;
    if not exists (select from call_state_transitions where from_state = old.state and to_state = new.state) then
        raise exception 'call % cannot change from % to %', old.id, old.state, new.state
            using errcode = 'HL001';
    end if;
    new.state_changed_at := now();
    return new;
end $$;
create trigger call_state before update of state on calls
    for each row execute function check_call_state();

-- What happened to a call, for its timeline: state changes and what people did.
create table call_log (
    id          bigint generated always as identity primary key,
    call_id     bigint not null references calls,
    at          timestamptz not null default now(),
    state       text,                             -- the state entered, null where it did not change
    action      text not null,
    user_id     bigint references users,
    detail      jsonb not null default '{}'
);
create index on call_log (call_id, id);

-- ---------------------------------------------------------------- triage and decisions

-- One row a call whose newest revision has not been read yet.
create table triage_jobs (
    call_id       bigint primary key references calls,
    revision      int not null,
    lane          int not null,                   -- 0 live, 1 backlog, 2 history
    enqueued_at   timestamptz not null default now(),
    attempts      int not null default 0,
    leased_until  timestamptz,
    leased_by     text,
    last_error    text,
    set_aside_at  timestamptz                     -- after 3 tries: a person looks at it
);
create index on triage_jobs (lane, enqueued_at) where set_aside_at is null;

create table triages (
    id            bigint generated always as identity primary key,
    call_id       bigint not null references calls,
    revision      int not null,
    model         text not null,
    route         text not null,
    confidence    real not null,
    review        boolean not null,
    danger_level  smallint not null check (danger_level between 0 and 2),
    topics        text[] not null,
    reading       jsonb not null,                 -- the whole Classification, CONTRACT.md's row
    created_at    timestamptz not null default now(),
    unique (call_id, revision)
);

create table decisions (
    id             bigint generated always as identity primary key,
    call_id        bigint not null references calls,
    triage_id      bigint references triages,
    destination    text not null check (destination in
                     ('lawyers', 'police', 'mediators', 'departments', 'operators')),
    queue          text not null,
    target_queue   text not null,
    mode           text not null check (mode in ('auto', 'propose', 'review')),
    priority       smallint not null,
    deadline       timestamptz,
    rule           text not null,
    policy_version text not null,
    body           jsonb not null,                -- the whole Decision
    by_user        bigint references users,       -- null: by policy
    notice         boolean not null default false, -- read again after somebody took the call: shown, never queued
    superseded_at  timestamptz,
    created_at     timestamptz not null default now()
);
create index on decisions (call_id, id);

-- Danger found in old records: somebody checks it, without noise.
create table danger_checks (
    call_id     bigint primary key references calls,
    created_at  timestamptz not null default now(),
    checked_by  bigint references users,
    checked_at  timestamptz,
    outcome     text
);
create index on danger_checks (created_at) where checked_at is null;

-- Danger happening now, until a person acknowledges it.
create table danger_alarms (
    call_id         bigint primary key references calls,
    raised_at       timestamptz not null default now(),
    level           smallint not null,
    acknowledged_by bigint references users,
    acknowledged_at timestamptz
);
create index on danger_alarms (raised_at) where acknowledged_at is null;

-- Calls closed by machine that a person looks at again.
create table quality_samples (
    call_id     bigint primary key references calls,
    created_at  timestamptz not null default now(),
    reason      text not null
);

-- ---------------------------------------------------------------- agents, queues, claims

create table agents (
    user_id           bigint primary key references users,
    presence          text not null default 'offline' check (presence in
                        ('available', 'ringing', 'on_call', 'wrap_up', 'paused', 'offline')),
    presence_since    timestamptz not null default now(),
    wrap_up_until     timestamptz,
    skills            text[] not null default '{}',   -- topic codes; empty: any
    grids             text[] not null default '{}',   -- grid codes or region names; empty: any
    languages         text[] not null default '{}',
    penalty_until     timestamptz,                    -- no offers before, after a refusal or an unanswered offer
    no_answers        int not null default 0,         -- unanswered offers in a row
    last_offered_at   timestamptz,
    last_completed_at timestamptz,
    calls_taken       int not null default 0
);

-- Who serves which queue, at which level (tier) and in which order; without a row: level 1, position 1.
create table tiers (
    queue       text not null,
    user_id     bigint not null references users,
    level       int not null default 1 check (level between 1 and 9),
    position    int not null default 1,
    primary key (queue, user_id)
);

create table queue_items (
    id               bigint generated always as identity primary key,
    call_id          bigint not null references calls,
    queue            text not null,
    role             text not null default 'lead' check (role in ('lead', 'joint')),
    state            text not null default 'waiting' check (state in
                       ('waiting', 'offered', 'claimed', 'done', 'cancelled')),
    priority         smallint not null,
    enqueued_at      timestamptz not null default now(),
    entered_at       timestamptz not null default now(),  -- into this queue; enqueued_at is kept over moves
    deadline         timestamptz,
    topics           text[] not null default '{}',
    grid             text,                                -- grid code, else the region as written
    language         text,
    live             boolean not null default false,
    counted          boolean not null default true,       -- false: backlog, outside service-level figures
    offered_to       bigint references users,
    offer_expires_at timestamptz,
    claimed_at       timestamptz,
    ended_at         timestamptz
);
create unique index queue_items_one_open on queue_items (call_id, queue)
    where state in ('waiting', 'offered', 'claimed');
create unique index queue_items_one_lead on queue_items (call_id)
    where role = 'lead' and state in ('waiting', 'offered', 'claimed');
create index queue_items_waiting on queue_items (queue, priority, enqueued_at, id)
    where state in ('waiting', 'offered');
create index on queue_items (offer_expires_at) where state = 'offered';
create index on queue_items (call_id);
create index on queue_items (queue, entered_at);

create table assignments (
    id                bigint generated always as identity primary key,
    queue_item_id     bigint not null references queue_items,
    call_id           bigint not null references calls,
    user_id           bigint not null references users,
    -- the item as it was when claimed: it may move on to other queues, the figures stay
    queue             text not null,
    role              text not null,
    enqueued_at       timestamptz not null,
    entered_at        timestamptz not null,
    counted           boolean not null,
    claimed_at        timestamptz not null default now(),
    lease_expires_at  timestamptz not null,
    off_roster        boolean not null default false,
    ended_at          timestamptz,
    outcome           text check (outcome in ('completed', 'released', 'lease_expired', 'forwarded')),
    disposition       text,
    notes             text,
    summary           text                         -- what the caller approved for others to see
);
create index on assignments (queue, claimed_at);
create unique index assignments_one_open on assignments (queue_item_id) where ended_at is null;
create index on assignments (lease_expires_at) where ended_at is null;
create index on assignments (user_id) where ended_at is null;
create index on assignments (call_id);

-- ---------------------------------------------------------------- transfers and outcomes

create table transfers (
    id                 bigint generated always as identity primary key,
    call_id            bigint not null references calls,
    decision_id        bigint references decisions,
    by_user            bigint not null references users,
    destination        text not null,
    queue              text not null,
    mode               text not null check (mode in
                         ('one_key', 'blind', 'attended', 'conference', 'manual', 'ticket')),
    requested_mode     text not null,
    state              text not null default 'pending' check (state in
                         ('pending', 'confirmed', 'taken', 'cancelled', 'returned')),
    overruled          boolean not null default false,
    reason             text,
    dial_number        text,
    from_queue         text,                        -- null: from an operator's hold
    from_priority      smallint,
    from_hold          bigint references users,
    queue_item_id      bigint references queue_items,
    our_ticket         text,
    their_ticket       text,
    receipt_due_at     timestamptz,
    receipt_at         timestamptz,
    return_reason      text,
    created_at         timestamptz not null default now(),
    ended_at           timestamptz
);
create index on transfers (call_id, id);
create index on transfers (queue_item_id);
create index on transfers (our_ticket);
create index on transfers (their_ticket);
create index on transfers (receipt_due_at) where receipt_at is null and state in ('pending', 'confirmed', 'taken');

-- Calls answered directly (直接答复), with the text used.
create table direct_answers (
    id          bigint generated always as identity primary key,
    call_id     bigint not null references calls,
    user_id     bigint not null references users,
    answer      text not null,
    at          timestamptz not null default now()
);
create index on direct_answers (call_id);

-- What a caller chose when too few people are on duty: wait, be called back, leave a message.
create table caller_choices (
    id               bigint generated always as identity primary key,
    call_id          bigint not null references calls,
    choice           text not null check (choice in ('wait', 'callback', 'message')),
    expected_wait_s  int,
    window_start     timestamptz,
    window_end       timestamptz,
    message          text,
    recorded_by      bigint references users,
    at               timestamptz not null default now()
);
create index on caller_choices (call_id);

-- ---------------------------------------------------------------- rosters

create table rotations (
    id            bigint generated always as identity primary key,
    queue         text not null,
    name          text not null unique,
    body          jsonb not null                   -- routing.rosters.Rotation
);
create table shifts (
    id          bigint generated always as identity primary key,
    queue       text not null,
    user_id     bigint not null references users,
    starts_at   timestamptz not null,
    ends_at     timestamptz not null check (ends_at > starts_at),
    source      text not null default 'console'
);
create index on shifts (queue, starts_at, ends_at);
create table shift_overrides (
    id          bigint generated always as identity primary key,
    queue       text not null,
    kind        text not null check (kind in ('add', 'remove', 'replace')),
    user_id     bigint not null references users,
    substitute_id bigint references users,  -- replace: who comes instead
    starts_at   timestamptz not null,
    ends_at     timestamptz not null check (ends_at > starts_at)
);
create index on shift_overrides (queue, starts_at, ends_at);
-- Days entered by hand where the calendar does not know them yet.
create table calendar_days (
    day      date primary key,
    workday  boolean not null,
    note     text
);

-- ---------------------------------------------------------------- published things, workers, events

-- Versions of policy, lexicon, line profiles and taxonomy edited in the console; files hold the first.
create table published (
    id            bigint generated always as identity primary key,
    kind          text not null,
    name          text not null,
    version       text not null,
    body          text not null,
    published_at  timestamptz not null default now(),
    published_by  bigint references users,
    withdrawn_at  timestamptz,
    unique (kind, name, version)
);

create table workers (
    name        text primary key,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    model       text not null
);

-- The outbox: read in commit order, txid < pg_snapshot_xmin(pg_current_snapshot()); ids only, no personal data.
create table events (
    txid        xid8 not null default pg_current_xact_id(),
    id          bigint generated always as identity,
    at          timestamptz not null default now(),
    kind        text not null,
    call_id     bigint,
    queue       text,
    user_id     bigint,
    data        jsonb not null default '{}',
    primary key (txid, id)
);
create index on events (at);
