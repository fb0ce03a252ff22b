-- Danger alarms that go on while nobody acknowledges them, what was asked about the danger, self-harm calls, and what an
-- operator notes after a call. ADR 0037.

alter table danger_alarms
    -- whom it sounds at: 0 who holds the call, 1 the desk, 2 the shift leader, 3 all (routing/danger/escalation.py)
    add column stage smallint not null default 0 check (stage between 0 and 3),
    add column stage_at timestamptz not null default now(),
    add column operator_id bigint references users,     -- who held the call when it sounded first; null: nobody
    add column kinds text[] not null default '{}';      -- kinds of danger heard (taxonomy.toml)
create index on danger_alarms (raised_at);

-- The danger panel: short answers as they are typed; they travel with the call. Questions stand in config/danger.toml.
create table danger_answers (
    call_id      bigint not null references calls,
    question     text not null,
    answer       bytea not null,                        -- sealed
    version      int not null default 1,                -- rises with each saving: who writes says which one was seen
    answered_by  bigint not null references users,
    answered_at  timestamptz not null default now(),
    primary key (call_id, question)
);

-- The shift leader in a call: asked for, and there.
create table leader_joins (
    call_id    bigint primary key references calls,
    asked_by   bigint references users,
    asked_at   timestamptz,
    joined_by  bigint references users,
    joined_at  timestamptz,
    check (asked_at is not null or joined_at is not null)
);
create index on leader_joins (asked_at) where joined_at is null;

-- A self-harm call stays open until a second person says that it may be closed.
create table closing_releases (
    call_id      bigint primary key references calls,
    released_by  bigint not null references users,
    released_at  timestamptz not null default now(),
    reason       bytea                                  -- sealed; null once it is erased
);

-- After the call: what the operator found, filled in by the machine as far as known.
create table wrap_ups (
    call_id      bigint primary key references calls,
    route        text,
    topic        text,
    region       text,
    disposition  bytea,                                 -- sealed
    summary      bytea,                                 -- sealed
    version      int not null default 1,
    saved_by     bigint not null references users,
    saved_at     timestamptz not null default now()
);
create index on wrap_ups (saved_by, saved_at);

-- In a self-harm call a hang-up sounds again, whoever had acknowledged before: the call is not over. Nobody has to think
-- of it: a line's message, a new version and the silence after a lost hang-up all come by here.
create function sound_again_on_hang_up() returns trigger language plpgsql as $$
begin
    update danger_alarms set raised_at = now(), stage = 0, stage_at = now(), operator_id = old.held_by,
        acknowledged_at = null, acknowledged_by = null
    where call_id = new.id and 'self_harm' = any(kinds);
    if found then
        insert into call_log (call_id, action) values (new.id, 'self_harm_hung_up');
        insert into events (kind, call_id, data) values ('danger', new.id, '{"level": 2, "hung_up": true}');
    end if;
    return null;
end $$;
create trigger self_harm_hang_up after update of live on calls
    for each row when (old.live and not new.live and new.state in ('received', 'triaged', 'proposed', 'queued', 'offered'))
    execute function sound_again_on_hang_up();
