-- Storing and reading calls.

-- name: insert_calls
-- New calls with their first version, triage job and log entry, in one statement.
-- Keys that exist already are left out of the answer: the caller compares their contents.
-- One that nobody answered and that left no words is closed as it comes: nobody reads it, nobody is told.
-- What is sealed comes in arrays beside the rows: as hexadecimal digits within JSON it took a third of the statement.
with input as (
    select * from rows from (
        jsonb_to_recordset(:rows::jsonb) as (
            line text, external_id text, intake text, contact text, live boolean, held_by bigint,
            received_at timestamptz, language text, region text, operator_name text, confidential boolean,
            request_kind text, channel text, urgency text, lead_unit text, joint_units text[],
            dispatched_at timestamptz, received_by_unit_at timestamptz, ended_at timestamptz,
            talk_time_s double precision, satisfaction int, connected boolean, ring_s double precision,
            close_reason text),
        unnest(:caller_number::bytea[]), unnest(:caller_hash::bytea[]), unnest(:caller_name::bytea[]),
        unnest(:transcript::bytea[]), unnest(:segments::bytea[]), unnest(:excerpt::bytea[]),
        unnest(:address::bytea[]), unnest(:recording_number::bytea[]), unnest(:contact_rules::bytea[]),
        unnest(:content_hash::bytea[]), unnest(:payload::bytea[])
    ) as r(line, external_id, intake, contact, live, held_by, received_at, language, region, operator_name,
           confidential, request_kind, channel, urgency, lead_unit, joint_units, dispatched_at, received_by_unit_at,
           ended_at, talk_time_s, satisfaction, connected, ring_s, close_reason, caller_number, caller_hash, caller_name, transcript, segments, excerpt,
           address, recording_number, contact_rules, content_hash, payload)
), stored as (
    insert into calls (
        line, external_id, intake, contact, live, held_by, received_at, caller_number, caller_hash,
        caller_name, transcript, segments, excerpt, language, address, region, operator_name, confidential,
        request_kind, channel, urgency, lead_unit, joint_units, dispatched_at, received_by_unit_at,
        ended_at, recording_number, contact_rules, talk_time_s, satisfaction, connected, ring_s, content_hash, state,
        close_reason, grid_id)
    select
        line, external_id, intake, case when close_reason is null then contact else 'statistics' end, live, held_by, received_at, caller_number,
        caller_hash, caller_name, transcript, segments, excerpt, language, address, region, operator_name,
        confidential, request_kind, channel, urgency, lead_unit,
        coalesce(joint_units, '{}'), dispatched_at, received_by_unit_at,
        ended_at, recording_number, contact_rules, talk_time_s, satisfaction, connected, ring_s, content_hash,
        case when close_reason is null then 'received' else 'closed' end, close_reason,
        (select min(g.id) from grids g where g.name = input.region and g.retired_at is null)
    from input order by line, external_id
    on conflict (line, external_id) do nothing
    returning id, line, external_id, intake, live, state
), versions as (
    insert into call_versions (call_id, version, content_hash, payload)
    select s.id, 1, i.content_hash, i.payload
    from stored s join input i using (line, external_id)
), jobs as (
    insert into triage_jobs (call_id, revision, lane)
    select id, 1, case intake when 'live' then 0 when 'backlog' then 1 else 2 end from stored
    where state = 'received'
), logged as (
    insert into call_log (call_id, state, action)
    select id, 'received', 'received' from stored
    union all select id, 'closed', 'not_connected' from stored where state = 'closed'
), told as (
    insert into events (kind, call_id, data)
    select 'call_received', id, jsonb_build_object('line', line, 'live', live)
    from stored where intake = 'live' and state = 'received'
)
select id, line, external_id from stored;

-- name: lock_by_key
-- The stored calls of these keys, locked in a fixed order so that two imports never wait for each other in a ring.
select c.id, c.line, c.external_id, c.version, c.content_hash, c.live, c.erased_parts <> '{}' as erased
from calls c
join unnest(:lines::text[], :external_ids::text[]) as k(line, external_id)
    on c.line = k.line and c.external_id = k.external_id
order by c.line, c.external_id
for update of c;

-- name: update_version$
-- Other content for a known key: the newest version stands in calls, all of them in call_versions. A call that was closed
-- because nobody answered begins anew once its line sends words or says that somebody did.
with input as (
    select * from jsonb_to_record(:row::jsonb) as r(
        line text, external_id text, contact text, live boolean,
        received_at timestamptz, caller_number bytea, caller_hash bytea, caller_name bytea,
        transcript bytea, segments bytea, excerpt bytea, language text, address bytea, region text,
        operator_name text, confidential boolean, request_kind text, channel text, urgency text,
        lead_unit text, joint_units jsonb, dispatched_at timestamptz, received_by_unit_at timestamptz,
        ended_at timestamptz, recording_number bytea, contact_rules bytea, talk_time_s double precision, satisfaction int,
        connected boolean, ring_s double precision, close_reason text, content_hash bytea, payload bytea)
), before as (
    select state = 'closed' and connected is false and triage_id is null as unanswered from calls where id = :call_id
), changed as (
    update calls c set
        version = c.version + 1, revision = c.revision + 1, heard_at = now(),
        contact = case when c.intake = 'history' or b.unanswered and i.close_reason is not null then c.contact
                       else i.contact end, live = i.live,
        held_by = case when i.live then c.held_by end,
        received_at = i.received_at, caller_number = i.caller_number,
        caller_hash = i.caller_hash, caller_name = i.caller_name,
        transcript = i.transcript, segments = i.segments, excerpt = i.excerpt, language = i.language,
        address = i.address, region = i.region, operator_name = i.operator_name, confidential = c.confidential or i.confidential,
        request_kind = i.request_kind, channel = i.channel, urgency = i.urgency, lead_unit = i.lead_unit,
        joint_units = array(select jsonb_array_elements_text(i.joint_units)),
        dispatched_at = i.dispatched_at, received_by_unit_at = i.received_by_unit_at, ended_at = i.ended_at,
        recording_number = i.recording_number, talk_time_s = i.talk_time_s, satisfaction = i.satisfaction,
        content_hash = i.content_hash,
        -- how it rang stands until the line says something else
        connected = case when b.unanswered then i.connected else coalesce(i.connected, c.connected) end,
        ring_s = case when b.unanswered or i.connected is not null or i.ring_s is not null then i.ring_s else c.ring_s end,
        state = case when b.unanswered and i.close_reason is null then 'received' else c.state end,
        close_reason = case when b.unanswered then i.close_reason else c.close_reason end,
        -- what a person noted of calling back stands; what the line said before, until it says something else
        contact_rules = case when c.contact_rules_by_hand then c.contact_rules
                             else coalesce(i.contact_rules, c.contact_rules) end,
        grid_id = (select min(g.id) from grids g where g.name = i.region and g.retired_at is null)
    from input i, before b where c.id = :call_id
    returning c.id, c.version, c.revision, c.intake, c.live, b.unanswered and i.close_reason is null as begun,
              b.unanswered and i.close_reason is not null as unanswered
), hung_up as (
    -- nobody is on the line any more: the waiting item is called back instead of ringing at agents
    update queue_items q set live = false from changed ch
    where q.call_id = ch.id and not ch.live and q.live and q.state in ('waiting', 'offered', 'claimed')
), versions as (
    insert into call_versions (call_id, version, content_hash, payload)
    select ch.id, ch.version, i.content_hash, i.payload from changed ch, input i
), logged as (
    insert into call_log (call_id, state, action, detail)
    select id, case when begun then 'received' end, 'new_version', jsonb_build_object('version', version) from changed
), told as (
    insert into events (kind, call_id) select 'call_updated', id from changed where intake = 'live' and not unanswered
), jobs as (
    insert into triage_jobs (call_id, revision, lane)
    select id, revision, case intake when 'live' then 0 when 'backlog' then 1 else 2 end from changed where not unanswered
    on conflict (call_id) do update set
        revision = excluded.revision, lane = excluded.lane, enqueued_at = now(), attempts = 0,
        leased_until = null, set_aside_at = null
)
select version from changed;

-- name: hang_up!
-- The line sends a live call again, the same but no longer live: nobody is on the line any more. Nothing that was said
-- changes, so it is no new version; the call is read again, because a recorded call waits in a queue.
with changed as (
    update calls set live = false, held_by = null, contact = :contact, revision = revision + 1
    where id = :call_id
    returning id, revision, state
), hung_up as (
    update queue_items q set live = false from changed ch
    where q.call_id = ch.id and q.live and q.state in ('waiting', 'offered', 'claimed')
), logged as (
    insert into call_log (call_id, action) select id, 'hung_up' from changed
), told as (
    insert into events (kind, call_id) select 'call_updated', id from changed
)
insert into triage_jobs (call_id, revision, lane)
select id, revision, 0 from changed where state not in ('completed', 'closed')
on conflict (call_id) do update set
    revision = excluded.revision, lane = 0, enqueued_at = now(), attempts = 0,
    leased_until = null, set_aside_at = null;

-- name: clock$
-- The database's time: that of every process, whatever the clocks of their machines say.
select now();

-- name: lock_call^
-- One call, locked until the transaction ends.
select * from calls where id = :call_id for update;

-- name: call^
-- One call with everything stored in its row.
select * from calls where id = :call_id;

-- name: contact_rules$
-- How the caller wants to be called back, sealed.
select contact_rules from calls where id = :call_id;

-- name: keep_contact_rules!
-- What a person noted of calling back; from now on the line does not write over it.
with noted as (
    update calls set contact_rules = :contact_rules, contact_rules_by_hand = true where id = :call_id returning id
)
insert into events (kind, call_id, user_id) select 'call_updated', id, :user_id from noted;

-- name: replace_segments!
-- A live transcript grew: the caller's words so far, and a triage job for the new revision.
with changed as (
    update calls set segments = :segments, transcript = :transcript, excerpt = :excerpt, revision = revision + 1,
        heard_at = now()
    where id = :call_id
    returning id, revision
), told as (
    insert into events (kind, call_id) select 'segments_added', id from changed
)
insert into triage_jobs (call_id, revision, lane)
select id, revision, 0 from changed
on conflict (call_id) do update set
    revision = excluded.revision, lane = 0, enqueued_at = now(), attempts = 0,
    leased_until = null, set_aside_at = null;

-- name: set_state!
-- Change a call's state; the trigger call_state refuses what cannot follow.
with changed as (
    update calls set state = :state, close_reason = coalesce(:close_reason, close_reason)
    where id = :call_id returning id
)
insert into call_log (call_id, state, action, user_id, detail)
select id, :state, :action, :user_id, :detail::jsonb from changed;

-- name: set_hold!
-- Who holds a live call; null releases it.
update calls set held_by = :user_id, heard_at = now() where id = :call_id;

-- name: log!
-- Something that happened to a call without changing its state.
insert into call_log (call_id, action, user_id, detail) values (:call_id, :action, :user_id, :detail::jsonb);

-- name: parts_there^
-- Which of the lists that belong to a call hold anything: most are empty for most calls, and each costs a round trip.
select
    exists (select from transfers where call_id = :call_id) as transfers,
    exists (select from danger_alarms where call_id = :call_id) as alarm,
    exists (select from danger_answers where call_id = :call_id) as danger_answers,
    exists (select from leader_joins where call_id = :call_id) as leader,
    exists (select from closing_releases where call_id = :call_id) as release,
    exists (select from decisions where call_id = :call_id and notice) as notices,
    exists (select from assignments where call_id = :call_id) as assignments,
    exists (select from caller_choices where call_id = :call_id) as choices,
    exists (select from undertakings where call_id = :call_id) as undertakings,
    exists (select from counterparties where call_id = :call_id) as counterparty;

-- name: timeline
-- What happened to one call, oldest first.
select l.at, l.state, l.action, u.display_name as by, l.detail
from call_log l left join users u on u.id = l.user_id
where l.call_id = :call_id order by l.id;

-- name: calls_of_caller
-- Other calls of the same number within the window: line, date, state, and who owes the next step by when
-- (routing/calls/next_steps.py); nothing that was said (DESIGN section 5).
select c.id, c.line, c.received_at, c.state, h.display_name as held_by_name,
       i.queue, coalesce(w.due_at, i.deadline) as deadline, u.display_name as assigned_to, f.receipt_due_at,
       k.callback_until
from calls c
left join users h on h.id = c.held_by
left join lateral (
    select q.id, q.queue, q.deadline from queue_items q
    where q.call_id = c.id and q.role = 'lead' and q.state in ('waiting', 'offered', 'claimed') limit 1
) i on true
left join lateral (
    select s.user_id from assignments s where s.queue_item_id = i.id and s.ended_at is null limit 1
) s on true
left join undertakings w on w.queue_item_id = i.id and w.state in ('handling', 'objected')
left join users u on u.id = coalesce(s.user_id, w.holder)
left join lateral (
    select t.receipt_due_at from transfers t
    where t.call_id = c.id and t.state in ('pending', 'confirmed', 'taken') and t.receipt_at is null
    order by t.id desc limit 1
) f on true
left join lateral (
    -- what was chosen last counts, and only while nobody has handled the call since
    select case when l.choice = 'callback' then l.window_end end as callback_until from caller_choices l
    where l.call_id = c.id order by l.id desc limit 1
) k on true
where c.caller_hash = :caller_hash and c.id <> :call_id
  and c.received_at between :at::timestamptz - make_interval(days => :window_days)
                        and :at::timestamptz + make_interval(days => :window_days)
  and not c.confidential
order by c.received_at desc, c.id desc
limit 50;

-- name: versions
-- The stored versions of a call, without their contents.
select version, stored_at from call_versions where call_id = :call_id order by version;

-- name: list_calls
-- Calls for the list, newest first; every filter may be null. The cursor is the last row's (received_at, id).
select c.id, c.line, c.external_id, c.state, c.received_at, c.contact, c.live, c.region, c.confidential,
       c.caller_number, c.caller_name, c.close_reason, c.excerpt,
       t.route, t.confidence, t.review, t.danger_level, t.topics,
       d.destination, d.queue, d.mode, d.priority, d.deadline
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where (:line::text is null or c.line = :line)
  and (:route::text is null or t.route = :route)
  and (:destination::text is null or d.destination = :destination)
  and (:state::text is null or c.state = :state)
  and (:from_at::timestamptz is null or c.received_at >= :from_at)
  and (:to_at::timestamptz is null or c.received_at < :to_at)
  and (:before_at::timestamptz is null or (c.received_at, c.id) < (:before_at, :before_id::bigint))
order by c.received_at desc, c.id desc
limit :limit;

-- name: calls_by_id
-- The same rows of calls that something else has chosen, newest first.
select c.id, c.line, c.external_id, c.state, c.received_at, c.contact, c.live, c.region, c.confidential,
       c.caller_number, c.caller_name, c.close_reason, c.excerpt,
       t.route, t.confidence, t.review, t.danger_level, t.topics,
       d.destination, d.queue, d.mode, d.priority, d.deadline
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where c.id = any(:ids::bigint[])
order by c.received_at desc, c.id desc
limit :limit;

-- name: operators_by_name
-- Users by log-in name, for the operator that a live call names.
select id, name from users where name = any(:names::text[]) and disabled_at is null;

-- name: held_calls
-- Live calls an operator holds, and live calls nobody holds yet, oldest first.
select c.id as call_id, c.line, c.state, c.received_at, c.contact, c.held_by, c.region,
       c.excerpt, c.caller_name, t.route, t.confidence, t.review, t.danger_level, d.destination
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where c.live and c.state in ('received', 'triaged', 'proposed')
  and (c.held_by = :user_id or c.held_by is null)
order by coalesce(t.danger_level, 0) desc, c.received_at limit 100;
