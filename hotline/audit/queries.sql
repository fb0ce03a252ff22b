-- The audit log: writing and reading entries.

-- name: record$
-- One act; its id.
insert into audit_entries (user_id, role, action, subject, reason, note_digest, detail)
values (:user_id, :role, :action, :subject, :reason, :note_digest, :detail::jsonb) returning id;

-- name: record_once$
-- One act, unless the same person did the same to the same within so many seconds; its id, or null.
insert into audit_entries (user_id, role, action, subject, detail)
select :user_id, :role, :action, :subject, :detail::jsonb
where not exists (
    select from audit_entries
    where subject = :subject and at > now() - make_interval(secs => :within_s::double precision)
      and user_id = :user_id and action = :action)
returning id;

-- name: add_note!
-- The person's own words, sealed.
insert into audit_notes (entry_id, note) values (:entry_id, :note);

-- name: entries
-- Entries newest first; every filter may be null. The cursor is the last row's id.
select e.id, e.at, e.user_id, e.role, e.action, e.subject, e.reason, e.note_digest is not null as has_note, e.detail,
       l.seq, u.display_name as by
from audit_entries e
left join audit_links l on l.entry_id = e.id
left join users u on u.id = e.user_id
where (:from_at::timestamptz is null or e.at >= :from_at)
  and (:to_at::timestamptz is null or e.at < :to_at)
  and (:user_id::bigint is null or e.user_id = :user_id)
  and (:action::text is null or e.action = :action)
  and (:subject::text is null or e.subject = :subject)
  and (:kind::text is null or starts_with(e.subject, :kind || ':'))
  and (:before_id::bigint is null or e.id < :before_id)
order by e.id desc limit :limit;

-- name: entry^
-- One entry with its link.
select e.id, e.txid::text as txid, e.at, e.user_id, e.role, e.action, e.subject, e.reason, e.note_digest, e.detail,
       n.note, l.seq, l.link, l.key_id, l.linked_at, u.display_name as by
from audit_entries e
left join audit_notes n on n.entry_id = e.id
left join audit_links l on l.entry_id = e.id
left join users u on u.id = e.user_id
where e.id = :entry_id;

-- name: last_verification^
-- When the chain was last walked, and what came of it.
select at, detail from audit_entries where action = 'audit_verified' order by at desc limit 1;

-- name: alerts
-- Alerts newest first, those nobody has looked into before the others.
select a.id, a.kind, a.user_id, u.display_name as by, coalesce(u.role, a.role) as role, a.seq, a.counted, a.allowed, a.raised_at,
       a.acknowledged_at, k.display_name as acknowledged_by
from audit_alerts a left join users u on u.id = a.user_id left join users k on k.id = a.acknowledged_by
order by a.acknowledged_at is not null, a.id desc limit :limit;

-- name: acknowledge_alert$
-- Somebody has looked into it; its id, or null where it does not wait for that.
update audit_alerts set acknowledged_by = :user_id, acknowledged_at = now()
where id = :alert_id and acknowledged_at is null returning id;

-- name: actions
-- Which acts occur in the log, for the filter.
select distinct action from audit_entries order by action;

-- name: own_filters
-- What somebody saved to look for again.
select id, name, query from audit_filters where user_id = :user_id order by name;

-- name: save_filter$
-- A filter under a name; a second one of that name takes its place.
insert into audit_filters (user_id, name, query) values (:user_id, :name, :query::jsonb)
on conflict (user_id, name) do update set query = excluded.query returning id;

-- name: drop_filter$
-- One of somebody's own; its id, or null where it is not theirs.
delete from audit_filters where id = :filter_id and user_id = :user_id returning id;

-- name: chain_state^
-- How long the chain is, what waits for a link, the newest signed checkpoint.
select (select max(seq) from audit_links) as links, (select max(linked_at) from audit_links where seq =
        (select max(seq) from audit_links)) as linked_at,
       (select max(seq) from audit_checkpoints) as checkpoint, (select max(at) from audit_checkpoints) as checkpoint_at;

-- name: shipping
-- How far each receiver has been told, the latest first.
select receiver, seq, shipped_at from audit_shipping order by shipped_at desc;
