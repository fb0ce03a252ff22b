-- Looking at what is hidden.

-- name: in_hand$
-- Whether somebody has the call on the line, in hand, or carries its case.
select exists (select from calls where id = :call_id and held_by = :user_id)
    or exists (select from assignments where call_id = :call_id and user_id = :user_id and ended_at is null)
    or exists (select from undertakings where call_id = :call_id and holder = :user_id and state in ('handling', 'objected'));

-- name: concerned
-- Those of these calls that complain about an organisation.
select call_id from call_concerns where org_id = :org_id and call_id = any(:call_ids::bigint[]);

-- name: export
-- Calls for an export, newest first; the words of what was said are no part of it.
select c.id, c.line, c.external_id, c.received_at, c.state, c.contact, c.region, c.confidential, c.request_kind,
       c.channel, c.urgency, c.lead_unit, c.close_reason, c.caller_number, c.caller_name, c.address,
       t.route, t.danger_level, t.topics, d.destination
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where (:line::text is null or c.line = :line)
  and (:route::text is null or t.route = :route)
  and (:destination::text is null or d.destination = :destination)
  and (:state::text is null or c.state = :state)
  and c.received_at >= :from_at::timestamptz and c.received_at < :to_at::timestamptz
order by c.received_at desc, c.id desc
limit :limit;
