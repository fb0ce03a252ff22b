-- What operators note after a call.

-- name: wrap_up^
-- What was noted of a call.
select w.route, w.topic, w.region, w.disposition, w.summary, w.version, w.saved_at, w.saved_by, u.display_name as by
from wrap_ups w join users u on u.id = w.saved_by where w.call_id = :call_id;

-- name: lock_call$
-- The call, locked: two who save at once come one after the other.
select id from calls where id = :call_id for update;

-- name: worked_on$
-- Whether this person handled the call: holds it, forwarded, answered or took it.
select exists (select from call_log l where l.call_id = :call_id and l.user_id = :user_id)
    or exists (select from calls c where c.id = :call_id and c.held_by = :user_id);

-- name: save$
-- What was noted; its new version.
with saved as (
    insert into wrap_ups (call_id, route, topic, region, disposition, summary, saved_by)
    values (:call_id, :route, :topic, :region, :disposition, :summary, :user_id)
    on conflict (call_id) do update set
        route = excluded.route, topic = excluded.topic, region = excluded.region, disposition = excluded.disposition,
        summary = excluded.summary, version = wrap_ups.version + 1, saved_by = excluded.saved_by, saved_at = now()
    returning call_id, version
), logged as (
    insert into call_log (call_id, action, user_id) select call_id, 'wrap_up_saved', :user_id from saved where version = 1
), told as (
    insert into events (kind, call_id, user_id) select 'call_updated', call_id, :user_id from saved
)
select version from saved;

-- name: promise!
-- A call-back told in the form is a choice of the caller like one told during the call: it stands in the handover and in
-- the operator's list until it is kept. One that stands for the same time already is not made twice.
with made as (
    insert into caller_choices (call_id, choice, window_start, window_end, recorded_by)
    select :call_id, 'callback', :at::timestamptz, :until::timestamptz, :user_id
    where not exists (
        select from caller_choices l where l.call_id = :call_id and l.choice = 'callback' and l.window_start = :at
          and not exists (select from caller_choices n where n.call_id = l.call_id and n.id > l.id))
    returning call_id
)
insert into call_log (call_id, action, user_id, detail)
select call_id, 'caller_choice', :user_id, '{"choice": "callback"}' from made;

-- name: standing_promise$
-- When a call is to be called back, where that still stands.
select window_start from caller_choices ch
where ch.call_id = :call_id and ch.choice = 'callback' and ch.kept_at is null
  and not exists (select from caller_choices n where n.call_id = ch.call_id and n.id > ch.id);

-- name: to_wrap_up
-- Calls a person forwarded or answered lately and has not noted anything of, newest first.
select c.id as call_id, c.line, t.route, max(l.at) as at
from call_log l join calls c on c.id = l.call_id left join triages t on t.id = c.triage_id
where l.user_id = :user_id and l.action in ('forwarded', 'answered_directly') and l.at > now() - interval '12 hours'
  and not exists (select from wrap_ups w where w.call_id = c.id)
group by c.id, c.line, t.route order by max(l.at) desc limit 20;
