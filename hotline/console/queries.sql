-- What the pages show beside the API's own answers; reading only.

-- name: own_forwards
-- Forwards a person made lately that nobody has taken yet, newest first: what can still be taken back.
select t.id, t.call_id, t.destination, t.queue, t.mode, t.state, t.dial_number, t.our_ticket, t.their_ticket,
       t.receipt_due_at, t.created_at, t.overruled, c.line, c.external_id, c.live, o.name as department
from transfers t join calls c on c.id = t.call_id
left join organisations o on o.id = t.org_id
join queue_items i on i.id = t.queue_item_id and i.state in ('waiting', 'offered')
where t.by_user = :user_id and t.state in ('pending', 'confirmed') and t.created_at > now() - interval '12 hours'
order by t.id desc limit 20;

-- name: own_agent^
-- What an agent is doing now.
select presence, presence_since, wrap_up_until, wrap_up_extended from agents where user_id = :user_id;

-- name: ringing_at^
-- What rings at an agent now.
select i.call_id, i.queue, i.offer_expires_at, c.line, c.region, t.route, t.danger_level
from queue_items i join calls c on c.id = i.call_id
left join triages t on t.id = c.triage_id
where i.state = 'offered' and i.offered_to = :user_id and i.offer_expires_at > now()
order by i.offer_expires_at limit 1;

-- name: in_hand
-- What an agent has in hand, oldest first.
select s.id as assignment_id, s.call_id, s.claimed_at, s.lease_expires_at, i.queue, i.role, c.line, c.received_at,
       c.contact, t.route, t.danger_level
from assignments s join queue_items i on i.id = s.queue_item_id join calls c on c.id = s.call_id
left join triages t on t.id = c.triage_id
where s.user_id = :user_id and s.ended_at is null order by s.id;

-- name: own_assignment^
-- One open assignment of an agent, with what was noted so far.
select s.id as assignment_id, s.call_id, s.claimed_at, s.notes, s.summary, s.summary_approved_at, s.queue_item_id, i.queue, i.role
from assignments s join queue_items i on i.id = s.queue_item_id
where s.id = :assignment_id and s.user_id = :user_id and s.ended_at is null;

-- name: done_today^
-- An agent's own day: calls taken and completed since midnight.
select count(*) as taken, count(*) filter (where outcome = 'completed') as completed
from assignments where user_id = :user_id and claimed_at >= :since::timestamptz;

-- name: beside_call^
-- Who holds a call, and which of the things that only the console shows there are.
select u.display_name as held_by_name,
    exists (select from direct_answers where call_id = c.id) as answers,
    exists (select from wrap_ups where call_id = c.id) as wrapped_up,
    exists (select from desk_duties where call_id = c.id) as desk_duty
from calls c left join users u on u.id = c.held_by where c.id = :call_id;

-- name: direct_answers
-- Answers given by operators, newest first, with the article they rest on or why none fitted.
select a.answer, a.at, u.display_name as by, a.article_id, a.article_version, v.title as article_title,
       o.name as article_owner, a.no_article_reason
from direct_answers a join users u on u.id = a.user_id
left join article_versions v on v.article_id = a.article_id and v.version = a.article_version
left join organisations o on o.id = v.org_id
where a.call_id = :call_id order by a.id desc;

-- name: agents_with_skills
-- Everybody who works on calls, with what they are found by.
select u.id, u.display_name, u.role, coalesce(a.skills, '{}') as skills, coalesce(a.grids, '{}') as grids,
       coalesce(a.languages, '{}') as languages, a.mediator_group, coalesce(a.presence, 'offline') as presence
from users u left join agents a on a.user_id = u.id
where u.disabled_at is null and u.role = any(:roles::text[])
order by u.role, u.display_name limit 500;

-- name: own_wrap_up^
-- The call an agent wraps up now.
select s.id as assignment_id, s.call_id, s.queue
from assignments s join agents a on a.user_id = s.user_id
where s.user_id = :user_id and a.presence = 'wrap_up' and s.ended_at > now() - interval '1 hour'
  and s.outcome in ('completed', 'promised')
order by s.ended_at desc limit 1;

-- name: own_ended^
-- An assignment of an agent that ended a while ago, still to be wrapped up.
select s.id as assignment_id, s.call_id, s.queue, s.role, s.ended_at, s.outcome, s.disposition, s.notes, s.summary,
       s.summary_approved_at
from assignments s
where s.id = :assignment_id and s.user_id = :user_id and s.outcome in ('completed', 'promised')
  and s.ended_at > now() - make_interval(secs => :late_s::double precision);
