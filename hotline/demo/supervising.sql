-- The demo's supervision and publications, moved into the past.

-- name: forget_marks!
-- A filling that was cut short has left marks behind the ids that begin anew.
update review_marks set mark = 0;

-- name: to_judge
-- What waits in the review queue with the machine's reading, oldest call first; today's calls are left to look at.
select r.id, r.call_id, t.danger_level, c.received_at
from reviews r join calls c on c.id = r.call_id join triages t on t.id = r.triage_id
where r.decided_at is null and c.received_at < :before and not c.live
order by c.received_at, r.id;

-- name: judge!
-- What a supervisor said of calls, and when. One statement: the judgement's rules are the table's.
update reviews r set decided_by = i.user_id, decided_at = i.at, entered_at = i.at - interval '20 hours',
    route = i.route, topic = coalesce(t.topics[1], 'other'), danger = i.danger,
    agreed = i.route = t.route and i.danger = t.danger_level
from jsonb_to_recordset(:rows::jsonb) as i(id bigint, user_id bigint, at timestamptz, route text, danger smallint),
     triages t
where r.id = i.id and t.id = r.triage_id;

-- name: spread!
-- What waits still has waited since the call was read.
update reviews r set entered_at = t.created_at from triages t where t.id = r.triage_id and r.decided_at is null;

-- name: published_then!
-- A version was published at that time, and the one before it withdrawn.
with before as (
    update published set withdrawn_at = :at
    where kind = :kind and id = (select max(id) from published where kind = :kind and id < :published_id)
)
update published set published_at = :at where id = :published_id;
