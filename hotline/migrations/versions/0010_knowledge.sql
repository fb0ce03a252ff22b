-- The knowledge base 知识库, the shift handover 交接班 and notices 通知.

-- ---------------------------------------------------------------- knowledge base

-- An article and the version of it that may be cited now. Articles are the city's own words, no personal data.
create table articles (
    id            bigint generated always as identity primary key,
    version       int,                         -- in force; null: never published yet
    withdrawn_at  timestamptz,                 -- cannot be cited any more; answers that cited it keep it
    created_at    timestamptz not null default now()
);

-- What was published, each publication a version; an answer cites article and version. Append only.
create table article_versions (
    article_id    bigint not null references articles,
    version       int not null,
    title         text not null,
    answer        text not null,               -- what the caller is told; put into the operator's draft
    body          text not null,               -- grounds and explanation: headings, lists, paragraphs
    topic         text not null,
    org_id        bigint not null references organisations,   -- the department that answers for it
    expires_on    date not null,               -- the last day on which it may be cited
    change_note   text not null,
    published_by  bigint references users,
    published_at  timestamptz not null default now(),
    primary key (article_id, version)
);
create function refuse_article_change() returns trigger language plpgsql as $$
begin
    raise exception 'published versions of articles are append-only: % is refused', lower(tg_op)
        using errcode = 'HL002';
end $$;
create trigger append_only before update or delete on article_versions
    for each statement execute function refuse_article_change();
alter table articles add foreign key (id, version) references article_versions (article_id, version)
    deferrable initially deferred;

-- The next version while it is written: one an article. A department proposes, a manager publishes.
create table article_drafts (
    article_id    bigint primary key references articles,
    base_version  int,                         -- written from this one; null: the first
    title         text not null,
    answer        text not null,
    body          text not null,
    topic         text not null,
    org_id        bigint not null references organisations,
    expires_on    date not null,
    change_note   text not null,
    revision      int not null default 1,      -- rises with each saving: who saves over another's is refused
    saved_by      bigint references users,
    saved_at      timestamptz not null default now(),
    proposed_at   timestamptz,                 -- waits for a manager
    returned      text                         -- why a manager gave it back
);

-- Words of the version in force, for full-text search: jieba's search mode (nlp/search_tokens.py).
create table article_words (
    word        text not null,
    article_id  bigint not null references articles,
    weight      real not null,                 -- more where it stands in the title
    primary key (word, article_id)
);
create index on article_words (word text_pattern_ops);
create index on article_words (article_id);

-- Which article a direct answer cites, or why none fits. Both null: answered by the API's old form.
alter table direct_answers
    add column article_id bigint,
    add column article_version int,
    add column no_article_reason bytea,
    add foreign key (article_id, article_version) references article_versions (article_id, version),
    add check ((article_id is null) = (article_version is null)),
    add check (article_id is null or no_article_reason is null);
create index on direct_answers (article_id, article_version) where article_id is not null;

-- ---------------------------------------------------------------- notices

create table shift_notices (
    id            bigint generated always as identity primary key,
    body          bytea not null,
    roles         text[] not null default '{}',  -- to everybody of these roles
    queue         text,                          -- to who is on duty there; null: to no shift
    starts_at     timestamptz not null,
    ends_at       timestamptz not null check (ends_at > starts_at),
    written_by    bigint not null references users,
    written_at    timestamptz not null default now(),
    withdrawn_at  timestamptz
);
create index on shift_notices (ends_at) where withdrawn_at is null;

-- ---------------------------------------------------------------- handover

-- A promised call-back is open until somebody keeps it.
alter table caller_choices
    add column kept_by bigint references users,
    add column kept_at timestamptz;
create index on caller_choices (window_start) where choice = 'callback' and kept_at is null;

create table handovers (
    id           bigint generated always as identity primary key,
    prepared_by  bigint not null references users,
    prepared_at  timestamptz not null default now(),
    note         bytea,                        -- what the outgoing leader wants known beside the items
    closed_by    bigint references users,
    closed_at    timestamptz,
    check ((closed_by is null) = (closed_at is null))
);
-- One handover at a time: what is open can be in one hand only.
create unique index handovers_one_open on handovers ((true)) where closed_at is null;
create index on handovers (prepared_at);

create table handover_items (
    id            bigint generated always as identity primary key,
    handover_id   bigint not null references handovers,
    kind          text not null check (kind in ('danger', 'callback', 'duty', 'notice')),
    ref           bigint not null,             -- of a notice its id, of all others the call's
    call_id       bigint references calls,
    owner         bigint references users,     -- who owed it when it was written down; null: the desk
    due_at        timestamptz,
    note          bytea,
    added_at      timestamptz not null default now(),
    confirmed_by  bigint references users,
    confirmed_at  timestamptz,
    settled_at    timestamptz,                 -- was done before anybody confirmed it
    unique (handover_id, kind, ref),
    check ((confirmed_by is null) = (confirmed_at is null))
);
create index on handover_items (call_id) where call_id is not null;

-- First-receiver duties 首接负责 that passed from a person to the desk; a newer act of a person makes them personal again.
create table desk_duties (
    call_id      bigint primary key references calls,
    queue        text not null,
    from_user    bigint references users,
    handover_id  bigint not null references handovers,
    at           timestamptz not null default now()
);
