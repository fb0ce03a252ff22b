-- Danger alarms and how they go on, the panel's answers, the shift leader in a call, closing of self-harm calls.

-- name: open_alarms
-- Danger happening now that nobody has acknowledged yet, oldest first, with who holds the call and since when it
-- sounds where. What screens show of the call itself comes with it.
select a.call_id, a.level, a.raised_at, a.stage, a.stage_at, a.kinds, c.held_by, u.display_name as held_by_name,
       c.line, c.excerpt, c.caller_name, c.region, now() as read_at
from danger_alarms a join calls c on c.id = a.call_id left join users u on u.id = c.held_by
where a.acknowledged_at is null order by a.level desc, a.raised_at limit 20;

-- name: waiting_alarms
-- Alarms that may go on: locked, those another process sees to at this moment passed over.
select a.call_id, a.raised_at, a.stage, clock_timestamp() as read_at from danger_alarms a
where a.acknowledged_at is null and a.level >= 2 and a.stage < 3
  and a.raised_at <= now() - make_interval(secs => :first_after_s::int)
order by a.raised_at limit 100 for update skip locked;

-- name: reach_stage!
-- The alarm has gone on; every stage that begins is told and logged by itself, so that the right consoles sound.
with gone_on as (
    update danger_alarms set stage = :stage, stage_at = now() where call_id = :call_id returning call_id, level
), logged as (
    insert into call_log (call_id, action, detail)
    select call_id, 'danger_escalated', jsonb_build_object('stage', s)
    from gone_on, unnest(:stages::int[]) as s order by s
)
insert into events (kind, call_id, data)
select 'danger_escalated', call_id, jsonb_build_object('level', level, 'stage', s)
from gone_on, unnest(:stages::int[]) as s order by s;

-- name: acknowledge$
-- A person has seen the danger.
with seen as (
    update danger_alarms set acknowledged_by = :user_id, acknowledged_at = now()
    where call_id = :call_id and acknowledged_at is null returning call_id, stage
), logged as (
    insert into call_log (call_id, action, user_id, detail)
    select call_id, 'danger_acknowledged', :user_id, jsonb_build_object('stage', stage) from seen
), told as (
    insert into events (kind, call_id, user_id) select 'danger_acknowledged', call_id, :user_id from seen
)
select call_id from seen;

-- name: alarm^
-- The danger alarm of a call, if one was raised.
select a.level, a.raised_at, a.stage, a.kinds, a.acknowledged_at, u.display_name as acknowledged_by
from danger_alarms a left join users u on u.id = a.acknowledged_by where a.call_id = :call_id;

-- name: answers
-- What the panel holds of a call.
select n.question, n.answer, n.version, n.answered_by, n.answered_at, u.display_name as by
from danger_answers n join users u on u.id = n.answered_by where n.call_id = :call_id;

-- name: lock_answer^
-- One answer, locked.
select n.version, n.answered_by, u.display_name as by
from danger_answers n join users u on u.id = n.answered_by
where n.call_id = :call_id and n.question = :question for update of n;

-- name: save_answer$
-- One answer as typed so far; its new version. The log tells of the first saving only: what follows is typing.
with saved as (
    insert into danger_answers (call_id, question, answer, answered_by)
    values (:call_id, :question, :answer, :user_id)
    on conflict (call_id, question) do update set
        answer = excluded.answer, version = danger_answers.version + 1,
        answered_by = excluded.answered_by, answered_at = now()
    returning call_id, version
), logged as (
    insert into call_log (call_id, action, user_id, detail)
    select call_id, 'danger_answered', :user_id, jsonb_build_object('question', :question::text)
    from saved where version = 1
), told as (
    insert into events (kind, call_id, user_id, data)
    select 'danger_answered', call_id, :user_id, jsonb_build_object('question', :question::text, 'version', version)
    from saved
)
select version from saved;

-- name: leader^
-- The shift leader in a call: who asked, who came.
select j.asked_at, j.joined_at, j.joined_by, a.display_name as asked_by_name, b.display_name as joined_by_name
from leader_joins j left join users a on a.id = j.asked_by left join users b on b.id = j.joined_by
where j.call_id = :call_id;

-- name: ask_leader$
-- Somebody asks the shift leader to join; asking again changes nothing.
with asked as (
    insert into leader_joins (call_id, asked_by, asked_at) values (:call_id, :user_id, now())
    on conflict (call_id) do nothing returning call_id
), logged as (
    insert into call_log (call_id, action, user_id) select call_id, 'leader_wanted', :user_id from asked
), told as (
    insert into events (kind, call_id, user_id) select 'leader_wanted', call_id, :user_id from asked
)
select call_id from asked;

-- name: join_leader$
-- The shift leader is in the call.
with joined as (
    insert into leader_joins (call_id, joined_by, joined_at) values (:call_id, :user_id, now())
    on conflict (call_id) do update set joined_by = excluded.joined_by, joined_at = excluded.joined_at
    where leader_joins.joined_at is null
    returning call_id
), logged as (
    insert into call_log (call_id, action, user_id) select call_id, 'leader_joined', :user_id from joined
), told as (
    insert into events (kind, call_id, user_id) select 'leader_joined', call_id, :user_id from joined
)
select call_id from joined;

-- name: wanted_leaders
-- Calls that are not over in which a shift leader is asked for and nobody has come yet, oldest first.
select j.call_id, j.asked_at, u.display_name as asked_by_name, c.line, c.excerpt, c.caller_name
from leader_joins j join calls c on c.id = j.call_id left join users u on u.id = j.asked_by
where j.joined_at is null and c.state not in ('completed', 'closed') order by j.asked_at limit 20;

-- name: release^
-- That a self-harm call may be closed, and who said so.
select r.released_at, u.display_name as released_by_name
from closing_releases r join users u on u.id = r.released_by where r.call_id = :call_id;

-- name: release_closing$
-- A second person says that the call may be closed.
with released as (
    insert into closing_releases (call_id, released_by, reason) values (:call_id, :user_id, :reason)
    on conflict (call_id) do nothing returning call_id
), logged as (
    insert into call_log (call_id, action, user_id) select call_id, 'closing_released', :user_id from released
), told as (
    insert into events (kind, call_id, user_id) select 'closing_released', call_id, :user_id from released
)
select call_id from released;

-- name: load
-- Alarms of a time with whom each sounded at first: how much alarm came to a workplace, and how far it went on.
select a.call_id, a.raised_at, a.acknowledged_at, a.stage, a.operator_id, u.display_name as operator, c.line
from danger_alarms a join calls c on c.id = a.call_id left join users u on u.id = a.operator_id
where a.raised_at >= :from_at::timestamptz and a.raised_at < :to_at::timestamptz and a.level >= 2
order by a.raised_at;

-- name: alarm_calls
-- Calls with an alarm, by what the table of alarms counts; each filter may be null. nobody: no operator held the call.
select a.call_id from danger_alarms a
where (:from_at::timestamptz is null or a.raised_at >= :from_at)
  and (:to_at::timestamptz is null or a.raised_at < :to_at)
  and (:stage::smallint is null or a.stage = :stage) and (:operator_id::bigint is null or a.operator_id = :operator_id)
  and (not :nobody::boolean or a.operator_id is null) and (not :open::boolean or a.acknowledged_at is null)
  and a.level >= :level::smallint;

-- name: names
-- What these people are called.
select id, display_name from users where id = any(:ids::bigint[]);
