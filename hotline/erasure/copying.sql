-- What a person gets as a copy.

-- name: call_rows
-- The calls themselves.
select * from calls where id = any(:ids::bigint[]) order by received_at, id;

-- name: versions
-- Every stored version.
select call_id, version, stored_at, payload from call_versions where call_id = any(:ids::bigint[])
order by call_id, version;

-- name: readings
-- Every reading of the machine.
select call_id, revision, model, created_at, reading from triages where call_id = any(:ids::bigint[]) order by id;

-- name: decisions
-- Every decision, by policy or by a person.
select call_id, created_at, superseded_at, by_user is not null as by_person, policy_version, body
from decisions where call_id = any(:ids::bigint[]) order by id;

-- name: transfers
-- Every forward.
select call_id, created_at, destination, mode, state, our_ticket, their_ticket, reason, return_reason
from transfers where call_id = any(:ids::bigint[]) order by id;

-- name: handled
-- Who handled it (by role), how it ended and what the caller approved (before 0011 approval was not asked for by itself).
-- Notes are left out: they stay with who wrote them.
select a.call_id, a.claimed_at, a.ended_at, coalesce(a.desk_role, u.role) as role, a.outcome, a.disposition,
       case when a.summary_approved_at is not null or a.desk_role is null then a.summary end as summary
from assignments a join users u on u.id = a.user_id where a.call_id = any(:ids::bigint[]) order by a.id;

-- name: answers
-- Direct answers, with the article they rest on or why none fitted.
select call_id, at, answer, article_id, article_version, no_article_reason from direct_answers where call_id = any(:ids::bigint[]) order by id;

-- name: choices
-- What the caller chose while few were on duty, and the message left.
select call_id, at, choice, window_start, window_end, message from caller_choices
where call_id = any(:ids::bigint[]) order by id;

-- name: danger_answers
-- What was asked while danger was heard.
select call_id, answered_at, question, answer from danger_answers where call_id = any(:ids::bigint[])
order by call_id, question;

-- name: wrap_ups
-- What operators noted after the call.
select call_id, saved_at, route, topic, region, disposition, summary from wrap_ups where call_id = any(:ids::bigint[])
order by call_id;

-- name: cases
-- What desks did on the calls' cases: how it ended, the agreement, the reply, what the caller said of it.
select k.call_id, e.code, k.desk, k.state, k.opened_at, k.due_at, k.fed_back_at, k.outcome, k.agreement, k.reply,
       k.appraisal, k.resolved, k.appraisal_words, k.extension_reason, k.handed_on_words
from undertakings k join cases e on e.id = k.case_id where k.call_id = any(:ids::bigint[]) order by k.id;

-- name: case_steps
-- The steps of the calls' cases.
select e.call_id, s.kind, s.due_at, s.note, s.done_at, s.result
from case_steps s join cases e on e.id = s.case_id where e.call_id = any(:ids::bigint[]) order by s.id;

-- name: timeline
-- What happened to the calls.
select call_id, at, state, action from call_log where call_id = any(:ids::bigint[]) order by id;

-- name: alarms
-- Danger that was heard.
select call_id, raised_at, level, kinds, acknowledged_at from danger_alarms where call_id = any(:ids::bigint[])
order by call_id;

-- name: danger_checks
-- Danger read in old records, and what somebody made of it.
select call_id, created_at, checked_at, outcome from danger_checks where call_id = any(:ids::bigint[]) order by call_id;

-- name: closing_releases
-- Calls about harm to oneself that a second person let end, and why.
select call_id, released_at, reason from closing_releases where call_id = any(:ids::bigint[]) order by call_id;

-- name: objections
-- What departments said against a dispatch, and what was decided.
select k.call_id, o.at, o.reason, o.words, o.suggested, o.decided_at, o.decision, o.decision_words, o.destination
from objections o join undertakings k on k.id = o.undertaking_id where k.call_id = any(:ids::bigint[]) order by o.id;

-- name: police_returns
-- Calls the police desk sent back as none of its matters.
select call_id, at, reason, words, danger_level, danger_kinds from police_returns where call_id = any(:ids::bigint[])
order by id;

-- name: handed_over
-- What one shift told the next of the calls.
select call_id, added_at, kind, due_at, note, confirmed_at, settled_at from handover_items
where call_id = any(:ids::bigint[]) order by id;

-- name: other_sides
-- Who was named as the other side.
select call_id, told_at, name from counterparties where call_id = any(:ids::bigint[]) order by call_id;

-- name: reviews
-- What supervisors made of the machine's reading.
select call_id, entered_at, reasons, decided_at, route, topic, danger, agreed from reviews
where call_id = any(:ids::bigint[]) order by id;

-- name: looks
-- Who looked at the calls in clear or by this number: role, time and the reason given, as far as the audit log tells.
select e.at, e.role, e.action, e.subject, e.reason, n.note from audit_entries e left join audit_notes n on n.entry_id = e.id
where e.subject = any(:subjects::text[]) order by e.id;
