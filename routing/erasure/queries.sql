-- Erasing parts of calls, legal holds, and finding what is due or asked for.

-- name: due
-- Ended calls of which :part is due by one rule, oldest first; locked, those somebody works on passed over. :line null:
-- the lines without a rule of their own (:named). Nothing of a call that is held, still in a queue, or whose danger
-- nobody has acknowledged.
select c.id from calls c
where c.state in ('completed', 'closed') and c.erased_parts <> '{caller,notes,words}'::text[]
  and not c.erased_parts && array_append(:wholes::text[], :part::text)
  and c.state_changed_at < now() - make_interval(days => :days::int)
  and case when :line::text is null then not (c.line = any(:named::text[])) else c.line = :line end
  and not exists (select from queue_items i where i.call_id = c.id and i.state in ('waiting', 'offered', 'claimed'))
  and not exists (select from undertakings k where k.call_id = c.id and k.state in ('handling', 'objected'))
  and not exists (select from danger_alarms a where a.call_id = c.id and a.acknowledged_at is null)
  and not exists (select from legal_holds h where h.released_at is null
                  and (h.call_id = c.id or h.number_hash = c.caller_hash))
order by c.state_changed_at limit :limit
for update of c skip locked;

-- name: count_due^
-- How many calls a rule would touch now, and how many of those that are old enough a legal hold keeps.
select count(*) filter (where not held) as due, count(*) filter (where held) as held
from (
    select exists (select from legal_holds h where h.released_at is null
                   and (h.call_id = c.id or h.number_hash = c.caller_hash)) as held
    from calls c
    where c.state in ('completed', 'closed') and c.erased_parts <> '{caller,notes,words}'::text[]
      and not c.erased_parts && array_append(:wholes::text[], :part::text)
      and c.state_changed_at < now() - make_interval(days => :days::int)
      and case when :line::text is null then not (c.line = any(:named::text[])) else c.line = :line end
      and not exists (select from queue_items i where i.call_id = c.id and i.state in ('waiting', 'offered', 'claimed'))
      and not exists (select from undertakings k where k.call_id = c.id and k.state in ('handling', 'objected'))
      and not exists (select from danger_alarms a where a.call_id = c.id and a.acknowledged_at is null)
) due;

-- name: of_number
-- The calls of one number, oldest first, with what stands in the way of erasing them.
select c.id, c.line, c.external_id, c.received_at, c.state, c.erased_parts, c.version,
       c.state not in ('completed', 'closed')
           or exists (select from queue_items i where i.call_id = c.id and i.state in ('waiting', 'offered', 'claimed'))
           or exists (select from undertakings k where k.call_id = c.id and k.state in ('handling', 'objected'))
           or exists (select from danger_alarms a where a.call_id = c.id and a.acknowledged_at is null) as open,
       exists (select from legal_holds h where h.released_at is null
               and (h.call_id = c.id or h.number_hash = c.caller_hash)) as held
from calls c where c.caller_hash = :number_hash order by c.received_at, c.id;

-- name: lock_calls
-- These calls, locked in a fixed order, with what is erased already.
select id, erased_parts from calls where id = any(:ids::bigint[]) order by id for update;

-- name: mark!
-- These parts and fields of these calls are erased; a field is not named beside a part it belongs to (:pieces, :wholes).
update calls set erased_parts = array(
    select p.part from unnest(:erasable::text[]) with ordinality as p(part, place)
    where (p.part = any(erased_parts) or p.part = any(:parts::text[]))
      and not exists (select from unnest(:pieces::text[], :wholes::text[]) as w(piece, whole)
                      where w.piece = p.part and (w.whole = any(erased_parts) or w.whole = any(:parts)))
    order by p.place)
where id = any(:ids::bigint[]);

-- name: erase_caller!
-- Who called, as far as asked for, and by which number their calls are found. How to call back goes with the number.
update calls set
    caller_number = case when not :number::boolean then caller_number end,
    caller_hash = case when not :number then caller_hash end,
    caller_name = case when not :name::boolean then caller_name end,
    address = case when not :address::boolean then address end,
    recording_number = case when not :recording::boolean then recording_number end,
    contact_rules = case when not :number then contact_rules end
where id = any(:ids::bigint[]);

-- name: erase_tokens!
-- By which words these calls are found.
delete from call_tokens where call_id = any(:ids::bigint[]);

-- name: erase_transcript!
-- What was said; the empty values are sealed like all others. A worker that is just reading the call loses its job, so
-- that what it quotes is refused.
with said as (
    update calls set transcript = :transcript, segments = :segments, excerpt = :excerpt where id = any(:ids::bigint[])
), reading as (
    delete from triage_jobs where call_id = any(:ids::bigint[])
)
delete from call_tokens where call_id = any(:ids::bigint[]);

-- name: versions
-- Stored versions of these calls.
select call_id, version, payload from call_versions where call_id = any(:ids::bigint[]) order by call_id, version;

-- name: keep_versions!
-- What is left of them.
update call_versions v set payload = n.payload
from unnest(:call_ids::bigint[], :versions::int[], :payloads::bytea[]) as n(call_id, version, payload)
where v.call_id = n.call_id and v.version = n.version;

-- name: readings
-- Readings of these calls.
select id, reading from triages where call_id = any(:ids::bigint[]) order by id;

-- name: keep_readings!
-- What is left of them.
update triages t set reading = n.reading
from unnest(:row_ids::bigint[], :readings::bytea[]) as n(id, reading) where t.id = n.id;

-- name: decisions
-- Decisions on these calls.
select id, body from decisions where call_id = any(:ids::bigint[]) order by id;

-- name: keep_decisions!
-- What is left of them.
update decisions d set body = n.body
from unnest(:row_ids::bigint[], :bodies::bytea[]) as n(id, body) where d.id = n.id;

-- name: erase_handling!
-- What people wrote at the desks that took these calls.
with handled as (
    update assignments set disposition = null, notes = null, summary = null where call_id = any(:ids::bigint[])
), forwarded as (
    update transfers set reason = null, return_reason = null where call_id = any(:ids::bigint[])
), answered as (
    update direct_answers set answer = :answer, no_article_reason = null where call_id = any(:ids::bigint[])
), handed_over as (
    update handover_items set note = null where call_id = any(:ids::bigint[])
), sent_back as (
    update police_returns set words = null where call_id = any(:ids::bigint[])
), chosen as (
    update caller_choices set message = null where call_id = any(:ids::bigint[])
), opposed as (
    delete from counterparties where call_id = any(:ids::bigint[])
), asked as (
    delete from danger_answers where call_id = any(:ids::bigint[])
), released as (
    update closing_releases set reason = null where call_id = any(:ids::bigint[])
), wrapped_up as (
    update wrap_ups set disposition = null, summary = null where call_id = any(:ids::bigint[])
)
update danger_checks set outcome = null where call_id = any(:ids::bigint[]);

-- name: erase_cases!
-- What departments, police and mediators wrote while they worked on these calls.
with carried as (
    update undertakings set extension_reason = null, agreement = null, reply = null, appraisal_words = null,
        handed_on_words = null
    where call_id = any(:ids::bigint[])
), objected as (
    update objections b set words = null, decision_words = null from undertakings k
    where k.id = b.undertaking_id and k.call_id = any(:ids::bigint[])
)
update case_steps s set note = null, result = null from cases e
where e.id = s.case_id and e.call_id = any(:ids::bigint[]);

-- name: forget_shift_notes
-- General notes of handovers and notices, which belong to no call, when the time of notes is up.
with noted as (
    update handovers set note = null where note is not null and closed_at < now() - make_interval(days => :days::int)
    returning id
), told as (
    delete from shift_notices where ends_at < now() - make_interval(days => :days::int) returning id
)
select 'handover' as kind, id from noted union all select 'notice', id from told;

-- name: correct_call!
-- A caller's data as they say they are.
update calls set caller_number = :caller_number, caller_hash = :caller_hash, caller_name = :caller_name,
    address = :address
where id = :call_id;

-- name: place_hold$
-- Nothing of this call, or of this caller, is erased until the hold is released; its number.
insert into legal_holds (call_id, number_hash, reason, placed_by)
values (:call_id, :number_hash, :reason, :placed_by) returning id;

-- name: release_hold$
-- The hold ends; null where it had ended or never was.
update legal_holds set released_at = now() where id = :hold_id and released_at is null returning id;

-- name: holds
-- Holds, those in force first.
select h.id, h.call_id, h.number_hash is not null as of_caller, h.reason, h.placed_at, h.released_at,
       u.display_name as placed_by, c.line, c.external_id
from legal_holds h left join users u on u.id = h.placed_by left join calls c on c.id = h.call_id
order by h.released_at is not null, h.id;
