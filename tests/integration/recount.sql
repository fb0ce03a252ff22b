-- The raw rows that routing statistics are counted from; tests/integration/recounting.py counts them anew, knowing nothing
-- of roll-ups.

-- name: calls
-- Calls with what their reading in force and their decision in force say, and where the policy wanted them by itself.
select c.id, c.line, c.received_at, c.region, c.intake, c.state, c.satisfaction, c.connected, c.ring_s,
       c.triage_id, t.route, t.topics, t.danger_level, t.review,
       d.destination, d.by_user
from calls c left join triages t on t.id = c.triage_id left join decisions d on d.id = c.decision_id
where c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz;

-- name: decisions
-- Every decision.
select call_id, destination, by_user, notice from decisions order by id;

-- name: assignments
-- Every pick-up, the first one first.
select call_id, role, org_id, counted, limit_s, enqueued_at, entered_at, claimed_at, outcome from assignments order by id;

-- name: queue_items
-- Every place in a queue, the first one first.
select call_id, role, queue, state, counted, limit_s, entered_at, abandoned_at, deadline, ended_at from queue_items order by id;

-- name: transfers
-- Every forward.
select call_id, state, overruled from transfers order by id;

-- name: direct_answers
-- Every direct answer, the first one first.
select call_id, org_id from direct_answers order by id;

-- name: danger_alarms
-- Every alarm.
select call_id, raised_at, acknowledged_at from danger_alarms;

-- name: undertakings
-- What callers said of the work on their case, the last one last.
select call_id, appraisal, resolved, times_again from undertakings where appraised_at is not null order by appraised_at, id;

-- name: erase!
-- One call and everything that belongs to it.
with a as (delete from transfers where call_id = :call_id),
m as (delete from undertakings where call_id = :call_id),
n as (delete from cases where call_id = :call_id),
b as (delete from assignments where call_id = :call_id),
c as (delete from queue_items where call_id = :call_id),
d as (delete from direct_answers where call_id = :call_id),
e as (delete from decisions where call_id = :call_id),
f as (delete from triages where call_id = :call_id),
g as (delete from triage_jobs where call_id = :call_id),
h as (delete from call_log where call_id = :call_id),
i as (delete from call_versions where call_id = :call_id),
j as (delete from danger_alarms where call_id = :call_id),
k as (delete from danger_checks where call_id = :call_id),
l as (delete from quality_samples where call_id = :call_id)
delete from calls where id = :call_id;
