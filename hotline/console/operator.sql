-- What the operator's table shows beside the API's own answers; reading only.

-- name: own_work
-- Calls an operator has taken from a queue and not finished, oldest first.
select s.id as assignment_id, s.call_id, c.line, c.contact, c.live, c.region, c.excerpt, c.caller_name, i.enqueued_at, t.route, t.confidence, t.review,
       t.danger_level, d.destination
from assignments s join queue_items i on i.id = s.queue_item_id join calls c on c.id = s.call_id
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where s.user_id = :user_id and s.ended_at is null order by s.id;

-- name: own_callbacks
-- Call-backs a person promised in the form after a call and has not made, as the shift handover counts them.
select ch.call_id, ch.window_start as due_at, c.received_at, c.line, c.contact, c.live, c.region, c.excerpt, c.caller_name,
       c.contact_rules, c.confidential, t.route, t.confidence, t.review, t.danger_level, d.destination
from caller_choices ch join calls c on c.id = ch.call_id
join wrap_ups w on w.call_id = ch.call_id and w.saved_by = ch.recorded_by
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where ch.recorded_by = :user_id and ch.choice = 'callback' and ch.kept_at is null
  and not exists (select from caller_choices n where n.call_id = ch.call_id and n.id > ch.id)
  and not exists (select from assignments s where s.call_id = ch.call_id and s.claimed_at > ch.at
                  and s.outcome = 'completed')
  and not exists (select from direct_answers a where a.call_id = ch.call_id and a.at > ch.at)
order by ch.window_start limit 100;

-- name: on_duty_names
-- People of a queue's duty by name, with what they do now: free ones first.
select u.display_name, coalesce(a.presence, 'offline') as presence
from users u left join agents a on a.user_id = u.id
where u.id = any(:user_ids::bigint[]) and u.disabled_at is null
order by coalesce(a.presence, 'offline') <> 'available', u.display_name limit 12;

-- name: present_by_role
-- Where no roster says who is on duty: people of these roles who are there.
select u.display_name, a.presence from agents a join users u on u.id = a.user_id
where u.role = any(:roles::text[]) and u.disabled_at is null and a.presence <> 'offline'
order by a.presence <> 'available', u.display_name limit 12;

-- name: free_people(user_ids)
-- Which of these people are free now.
select user_id from agents where user_id = any(:user_ids::bigint[]) and presence = 'available';
