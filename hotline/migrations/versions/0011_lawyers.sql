-- The lawyers' desk: conflicts of interest, who the other side is, promised call-backs, approved summaries,
-- wrap-up that can be extended once, snippets of law (ADR 0039).

-- ---------------------------------------------------------------- conflicts of interest

-- Who the caller is at odds with, as the operator or the lawyer asked; without a row what the reading found is shown.
create table counterparties (
    call_id   bigint primary key references calls,
    name      bytea not null,
    told_by   bigint references users,
    told_at   timestamptz not null default now()
);

-- 回避: this person is not given this call again, by ring or by claim. Of calls only: no list of names is kept.
create table recusals (
    call_id   bigint not null references calls,
    user_id   bigint not null references users,
    at        timestamptz not null default now(),
    primary key (call_id, user_id)
);
create index on recusals (user_id, at);

-- ---------------------------------------------------------------- promised call-backs

-- A call-back is the call's own item, waiting until the promised time; then it is the promiser's for a while, and then
-- anybody's of the queue.
alter table queue_items
    add column not_before timestamptz,                    -- nobody is given it before; null: at once
    add column reserved_for bigint references users,      -- whoever promised it
    add column reserved_until timestamptz,
    add column due_told boolean not null default false;   -- the consoles know that it is due
create index queue_items_promised on queue_items (not_before)
    where state = 'waiting' and not_before is not null;

-- ---------------------------------------------------------------- the work on a call

alter table assignments
    add column desk_role text,                            -- the role in which it was taken: notes stay with that desk
    add column summary_approved_at timestamptz;           -- the caller agreed that others see the summary
-- What a desk took today, for its own figures and for wrap-up.
create index on assignments (user_id, claimed_at);

alter table agents add column wrap_up_extended boolean not null default false;

-- ---------------------------------------------------------------- snippets of law, typed by the lawyers

create table law_snippets (
    id          bigint generated always as identity primary key,
    owner_id    bigint not null references users,
    shared      boolean not null default false,           -- all lawyers see and may improve it
    title       bytea not null,
    citation    bytea,                                    -- such as 《劳动合同法》第四十七条
    body        bytea not null,
    version     int not null default 1,
    created_at  timestamptz not null default now(),
    changed_at  timestamptz not null default now(),
    changed_by  bigint not null references users
);
create index on law_snippets (owner_id);
create index on law_snippets (changed_at) where shared;
