-- Administration: weeks of the roster that say who changed them last, grids with mediator groups that come and go,
-- imports run from the console, saved filters of the audit log.

-- Every change of a week's shifts raises its version, so that two people who plan it at once learn of each other.
create table roster_weeks (
    monday      date primary key,
    version     int not null default 1,
    changed_by  bigint references users,
    changed_at  timestamptz not null default now()
);

-- Who mediates in a grid; without an entry that of the grid above counts.
alter table grids add column mediator_group text;
-- A grid that calls still name is not deleted when a new tree leaves it out: it is retired and takes no new calls.
alter table grids add column retired_at timestamptz;
create index on calls (grid_id) where grid_id is not null;

-- Exports imported from the console; those of the command line answer there.
create table import_runs (
    id           bigint generated always as identity primary key,
    user_id      bigint references users,
    profile      text not null,                    -- file stem of the line profile
    version      text not null,                    -- of the profile: file, or the published one's
    line         text not null,
    intake       text not null check (intake in ('live', 'backlog', 'history')),
    file_bytes   bigint not null,
    started_at   timestamptz not null default now(),
    ended_at     timestamptz,                      -- null: running, or the process was ended
    accepted     int not null default 0,
    updated      int not null default 0,
    duplicates   int not null default 0,
    rejected     int not null default 0,
    reject_file  text,                             -- name below the state folder's rejects; sealed there
    problem      text                              -- why it ended early, without a word of the file
);
create index on import_runs (started_at desc);

-- Filters an auditor uses again; codes and ids only.
create table audit_filters (
    id          bigint generated always as identity primary key,
    user_id     bigint not null references users,
    name        text not null,
    query       jsonb not null,
    created_at  timestamptz not null default now(),
    unique (user_id, name)
);
