-- The knowledge base.

-- name: today$
-- The local date, by the database's clock.
select (now() at time zone 'Asia/Shanghai')::date;

-- name: lock_article^
-- One article, locked, with its owner as published and its draft.
select a.id, a.version, a.withdrawn_at, v.org_id, d.revision as draft_revision, d.org_id as draft_org_id,
       d.saved_at, u.display_name as saved_by_name
from articles a
left join article_versions v on v.article_id = a.id and v.version = a.version
left join article_drafts d on d.article_id = a.id
left join users u on u.id = d.saved_by
where a.id = :article_id for update of a;

-- name: citable^
-- One article as a citation finds it; shared, so that no newer version is published before the answer is stored.
select a.id, a.version, a.withdrawn_at, v.title, v.expires_on
from articles a left join article_versions v on v.article_id = a.id and v.version = a.version
where a.id = :article_id for share of a;

-- name: insert_article$
-- A new article without any version yet.
insert into articles default values returning id;

-- name: put_draft$
-- The draft as saved; its revision.
insert into article_drafts (article_id, base_version, title, answer, body, topic, org_id, expires_on, change_note,
                            saved_by, proposed_at)
values (:article_id, (select version from articles where id = :article_id), :title, :answer, :body, :topic, :org_id,
        :expires_on, :change_note, :user_id, case when :proposed::bool then now() end)
on conflict (article_id) do update set title = excluded.title, answer = excluded.answer, body = excluded.body,
    topic = excluded.topic, org_id = excluded.org_id, expires_on = excluded.expires_on,
    change_note = excluded.change_note, saved_by = excluded.saved_by, saved_at = now(),
    proposed_at = excluded.proposed_at, returned = null, revision = article_drafts.revision + 1
returning revision;

-- name: draft^
-- The draft of an article.
select d.*, o.name as owner, u.display_name as saved_by_name
from article_drafts d join organisations o on o.id = d.org_id left join users u on u.id = d.saved_by
where d.article_id = :article_id;

-- name: return_draft$
-- A proposal goes back to the department with the reason.
update article_drafts set proposed_at = null, returned = :reason, revision = revision + 1
where article_id = :article_id and proposed_at is not null returning revision;

-- name: drop_draft!
-- The draft is published, or not wanted any more.
delete from article_drafts where article_id = :article_id;

-- name: drop_article!
-- An article that was never published goes with its draft.
delete from articles where id = :article_id and version is null;

-- name: insert_version$
-- A publication; the number of the version. :at null: now.
insert into article_versions (article_id, version, title, answer, body, topic, org_id, expires_on, change_note,
                              published_by, published_at)
select :article_id, coalesce(max(version), 0) + 1, :title, :answer, :body, :topic, :org_id, :expires_on, :change_note,
       :user_id, coalesce(:at, now())
from article_versions where article_id = :article_id
returning version;

-- name: set_version!
-- The version that may be cited from now on; a withdrawn article is in force again.
update articles set version = :version, withdrawn_at = null where id = :article_id;

-- name: withdraw$
-- Nobody cites it any more.
update articles set withdrawn_at = now() where id = :article_id and withdrawn_at is null and version is not null
returning id;

-- name: put_words!
-- The words of the version in force, instead of those of before.
with gone as (
    delete from article_words where article_id = :article_id and word <> all(:words::text[])
)
insert into article_words (word, article_id, weight)
select w.word, :article_id, w.weight from unnest(:words::text[], :weights::real[]) as w(word, weight)
on conflict (word, article_id) do update set weight = excluded.weight;

-- name: find
-- Articles in which most of these words occur, rare words before common ones; the last word may be just begun. After them
-- those that hold what was typed as it stands, inside of words too. Without words all of them, by topic. :state: current, citable (not expired either), renewal (expired or within :days, those
-- that expire first before), withdrawn, drafts, or all.
with hit as (
    select x.article_id, x.word, x.weight, count(*) over (partition by x.word) as articles
    from article_words x
    where x.word = any(:words::text[]) or (:begun::text <> '' and x.word like :begun::text || '%')
), ranked as (
    select article_id, count(distinct case when word = any(:words::text[]) then word else :begun::text end) as matched,
           sum(weight * ln(1 + (select count(*) from articles)::float8 / articles)) as score
    from hit group by article_id
), shown as (
    select a.id, a.version, a.withdrawn_at, d.article_id is not null as draft, d.proposed_at, d.returned,
           coalesce(v.title, d.title) as title, coalesce(v.topic, d.topic) as topic,
           coalesce(v.org_id, d.org_id) as org_id, v.expires_on, v.answer, r.matched, r.score
    from articles a
    left join article_versions v on v.article_id = a.id and v.version = a.version
    left join article_drafts d on d.article_id = a.id
    left join ranked r on r.article_id = a.id
    where cardinality(:words::text[]) = 0 or r.article_id is not null
       or position(:typed::text in lower(concat_ws(' ', v.title, v.answer, v.body))) > 0
)
select s.*, o.name as owner, (now() at time zone 'Asia/Shanghai')::date as today
from shown s join organisations o on o.id = s.org_id
where (:topic::text is null or s.topic = :topic) and (:org_id::bigint is null or s.org_id = :org_id)
  and case :state::text
        when 'current' then s.version is not null and s.withdrawn_at is null
        when 'citable' then s.version is not null and s.withdrawn_at is null
             and s.expires_on >= (now() at time zone 'Asia/Shanghai')::date
        when 'renewal' then s.version is not null and s.withdrawn_at is null
             and s.expires_on <= (now() at time zone 'Asia/Shanghai')::date + :days::int
        when 'withdrawn' then s.withdrawn_at is not null
        when 'drafts' then s.draft
        else true end
order by s.matched desc nulls last, s.score desc nulls last, case when :state = 'renewal' then s.expires_on end,
         s.topic, s.title
limit :limit;

-- name: suggest
-- Articles that may be cited now and fit a call: by its words, rare ones counting more, and by its topics. One word
-- that happens to occur is not enough.
with hit as (
    select x.article_id, x.weight, count(*) over (partition by x.word) as articles
    from article_words x where x.word = any(:words::text[])
), ranked as (
    select article_id, count(*) as matched,
           sum(weight * ln(1 + (select count(*) from articles)::float8 / articles)) as score
    from hit group by article_id
)
select a.id, a.version, v.title, v.answer, v.topic, v.org_id, v.expires_on, o.name as owner,
       (now() at time zone 'Asia/Shanghai')::date as today
from articles a
join article_versions v on v.article_id = a.id and v.version = a.version
join organisations o on o.id = v.org_id
left join ranked r on r.article_id = a.id
where a.withdrawn_at is null and v.expires_on >= (now() at time zone 'Asia/Shanghai')::date
  and (r.matched > 1 or v.topic = any(:topics::text[]))
order by coalesce(r.score, 0) * case when v.topic = any(:topics::text[]) then 3 else 1 end
         + case when v.topic = any(:topics::text[]) then 1 else 0 end desc, v.title
limit :limit;

-- name: version^
-- One published version.
select v.*, o.name as owner, u.display_name as published_by_name
from article_versions v join organisations o on o.id = v.org_id left join users u on u.id = v.published_by
where v.article_id = :article_id and v.version = :version;

-- name: versions
-- The history of an article, newest first, with how many answers cite each version.
select v.version, v.title, v.change_note, v.expires_on, v.published_at, u.display_name as published_by_name,
       (select count(*) from direct_answers n where n.article_id = v.article_id and n.article_version = v.version) as cited
from article_versions v left join users u on u.id = v.published_by
where v.article_id = :article_id order by v.version desc;

-- name: article^
-- The article itself.
select id, version, withdrawn_at, created_at from articles where id = :article_id;

-- name: cited_by_month
-- How often an article was cited, by month of the local calendar, newest first: no persons, no calls.
select to_char(at at time zone 'Asia/Shanghai', 'YYYY-MM') as month, count(*) as cited
from direct_answers where article_id = :article_id group by 1 order by 1 desc limit 12;

-- name: answer_citations
-- What the answers of one call cite: title and owner as of the version cited.
select n.id, n.article_id, n.article_version, v.title, o.name as owner
from direct_answers n
join article_versions v on v.article_id = n.article_id and v.version = n.article_version
join organisations o on o.id = v.org_id
where n.call_id = :call_id;

-- name: counts^
-- How many articles need somebody: to be renewed, to be published.
select count(*) filter (where a.version is not null and a.withdrawn_at is null
                          and v.expires_on < (now() at time zone 'Asia/Shanghai')::date) as expired,
       count(*) filter (where a.version is not null and a.withdrawn_at is null
                          and v.expires_on between (now() at time zone 'Asia/Shanghai')::date
                          and (now() at time zone 'Asia/Shanghai')::date + :days::int) as expiring,
       count(*) filter (where d.article_id is not null) as drafts,
       count(*) filter (where d.proposed_at is not null) as proposed
from articles a
left join article_versions v on v.article_id = a.id and v.version = a.version
left join article_drafts d on d.article_id = a.id;

-- name: organisations
-- Who can own an article, and whoever ever did.
select id, code, name from organisations o
where o.retired_at is null or exists (select from article_versions v where v.org_id = o.id) order by id;

-- name: titles
-- Titles in force with their articles: an import renews what it names again.
select v.title, a.id from articles a join article_versions v on v.article_id = a.id and v.version = a.version;
