-- Reviews: calls that a supervisor looks at again.

-- name: lock_marks
-- How far readings and decisions have been looked at. One process at a time: whoever comes second has nothing to do.
select kind, mark from review_marks order by kind for update skip locked;

-- name: readings_since
-- Readings in force after a mark, a page at a time; what was only to be counted is left out. settled: no transaction
-- that could bring an earlier one is likely to be open.
select t.id as triage_id, c.id as call_id, c.line, c.external_id,
       (c.received_at at time zone 'Asia/Shanghai')::date as day,
       t.confidence, t.review, t.danger_level,
       exists (select from quality_samples q where q.call_id = c.id) as closed_by_machine
from triages t join calls c on c.triage_id = t.id
where t.id > :mark and t.id <= :until and c.intake <> 'history'
order by t.id;

-- name: readings_until^
-- Where a page of readings after a mark ends, and up to where the mark may be moved: rows younger than ten minutes are
-- looked at again, since a transaction may still add one before them.
select max(id) as until, coalesce(max(id) filter (where created_at < now() - interval '10 minutes'), :mark) as mark
from (select id, created_at from triages where id > :mark order by id limit :page) t;

-- name: decisions_until^
-- The same for decisions of people.
select max(id) as until, coalesce(max(id) filter (where created_at < now() - interval '10 minutes'), :mark) as mark
from (select id, created_at from decisions where id > :mark order by id limit :page) d;

-- name: overruled_since
-- Calls whose newest decision of a person sends them elsewhere than the policy did.
select c.id as call_id, c.triage_id, t.danger_level
from decisions d join calls c on c.id = d.call_id join triages t on t.id = c.triage_id
join lateral (select destination from decisions m where m.call_id = d.call_id and m.by_user is null and not m.notice
              and m.id < d.id order by m.id desc limit 1) m on true
where d.id > :mark and d.id <= :until and d.by_user is not null and c.intake <> 'history'
  and d.destination <> m.destination
order by d.id;

-- name: enter
-- Calls enter the queue; one that waits there already has one reason more, one that was judged stays so. Their ids.
-- What stands there as it should is left out before: a conflict would lock it, and who claims passes locked ones over.
insert into reviews (call_id, triage_id, reasons, sample_day, danger_level)
select r.call_id, r.triage_id, array(select jsonb_array_elements_text(r.reasons)), r.sample_day, r.danger_level
from jsonb_to_recordset(:rows::jsonb)
    as r(call_id bigint, triage_id bigint, reasons jsonb, sample_day date, danger_level smallint)
where not exists (select from reviews x where x.call_id = r.call_id and (x.decided_at is not null
    or (x.triage_id = r.triage_id and x.reasons @> array(select jsonb_array_elements_text(r.reasons)))))
on conflict (call_id) do update set
    reasons = array(select x from unnest('{overruled,uncertain,closed_by_machine,sample}'::text[]) x
                    where x = any(reviews.reasons || excluded.reasons)),
    sample_day = coalesce(reviews.sample_day, excluded.sample_day),
    triage_id = excluded.triage_id, danger_level = excluded.danger_level
where reviews.decided_at is null
returning call_id;

-- name: set_mark!
-- Looked at up to here.
update review_marks set mark = greatest(mark, :mark) where kind = :kind;

-- name: own_review^
-- What this supervisor has open.
select id, call_id, reasons, sample_day, leased_until from reviews
where leased_by = :user_id and decided_at is null and leased_until > now() order by id limit 1;

-- name: claim_review^
-- The next call, and nobody else gets it while the lease runs: danger first, then the oldest. A call still on the line
-- waits, one whose words have been erased is left. What this supervisor passed over comes after everything else.
with next as (
    select r.id from reviews r join calls c on c.id = r.call_id
    where r.decided_at is null and (r.leased_until is null or r.leased_until <= now())
      and (:reason::text is null or :reason = any(r.reasons))
      and not c.live and c.state not in ('received', 'triaged', 'proposed')
      and not c.erased_parts && '{words,transcript}'::text[]
    order by :user_id::bigint = any(r.passed_by), r.danger_level desc, r.entered_at, r.id
    limit 1
    for update of r skip locked
)
update reviews r set leased_by = :user_id, leased_until = now() + make_interval(secs => :lease_s::double precision),
    triage_id = c.triage_id
from next, calls c where r.id = next.id and c.id = r.call_id
returning r.id, r.call_id, r.reasons, r.sample_day, r.leased_until;

-- name: keep_review$
-- The supervisor is still at it; null where the lease has gone to somebody else.
update reviews set leased_until = now() + make_interval(secs => :lease_s::double precision)
where id = :review_id and leased_by = :user_id and decided_at is null and leased_until > now()
returning leased_until;

-- name: pass_review$
-- Left to somebody else.
update reviews set leased_by = null, leased_until = null,
    passed_by = case when :user_id = any(passed_by) then passed_by else passed_by || :user_id::bigint end
where id = :review_id and leased_by = :user_id and decided_at is null
returning id;

-- name: review_for_update^
-- One review with the reading it judges and who has it, locked.
select r.*, t.route as read_route, t.topics as read_topics, t.danger_level as read_danger,
       u.display_name as leased_name, r.leased_until > now() as leased,
       r.decided_at > now() - make_interval(secs => :undo_s::double precision) as may_undo
from reviews r join triages t on t.id = r.triage_id left join users u on u.id = r.leased_by
where r.id = :review_id for update of r;

-- name: decide_review!
-- What the supervisor says.
update reviews set decided_by = :user_id, decided_at = now(), route = :route, topic = :topic, danger = :danger,
    agreed = :agreed, leased_by = null, leased_until = null
where id = :review_id;

-- name: undo_review!
-- Open again, with who judged it.
update reviews set decided_by = null, decided_at = null, route = null, topic = null, danger = null, agreed = null,
    leased_by = :user_id, leased_until = now() + make_interval(secs => :lease_s::double precision)
where id = :review_id;

-- name: last_decided^
-- What this supervisor judged last, while it may be taken back.
select id, call_id, decided_at from reviews
where decided_by = :user_id and decided_at > now() - make_interval(secs => :undo_s::double precision)
order by decided_at desc limit 1;

-- name: waiting_reviews
-- How many wait, by reason (a call may have several), and under '' how many there are at all.
select coalesce(x.reason, '') as reason, count(*) as waiting
from reviews r join calls c on c.id = r.call_id cross join lateral unnest(r.reasons || null::text) as x(reason)
where r.decided_at is null and not c.live and c.state not in ('received', 'triaged', 'proposed')
  and not c.erased_parts && '{words,transcript}'::text[]
group by 1;

-- name: decided_since$
-- How many were judged since a moment, by all supervisors together.
select count(*) from reviews where decided_at >= :since;

-- name: sample_days
-- The draws of the last days: calls of the day that could be drawn, drawn ones, and judged ones of these.
select d.day::date as day,
       (select count(*) from calls c where c.intake <> 'history' and c.triage_id is not null
          and c.received_at >= d.day at time zone 'Asia/Shanghai'
          and c.received_at < (d.day + interval '1 day') at time zone 'Asia/Shanghai') as calls,
       count(r.id) as drawn, count(r.decided_at) as decided
from generate_series((now() at time zone 'Asia/Shanghai')::date - :days::int + 1, (now() at time zone 'Asia/Shanghai')::date,
                     interval '1 day') as d(day)
left join reviews r on r.sample_day = d.day::date and 'sample' = any(r.reasons)
group by d.day order by d.day desc;

-- name: judged
-- What machine and supervisors said of the calls judged in a period, oldest first.
select t.call_id, (r.decided_at at time zone 'Asia/Shanghai')::date as day, 'sample' = any(r.reasons) as sampled,
       t.route as read_route, r.route, t.danger_level as read_danger, r.danger,
       t.topics[1] as read_topic, r.topic
from reviews r join triages t on t.id = r.triage_id
where r.decided_at >= :from_at and r.decided_at < :to_at
order by r.decided_at;

-- name: forwarded
-- Where the machine wanted calls to go and where operators sent them first, in a period; what was taken back is left
-- out, and so is what other desks handed on.
select f.call_id, (f.created_at at time zone 'Asia/Shanghai')::date as day, t.route as read_route,
       m.destination as read_destination, f.destination
from transfers f
join lateral (select destination, triage_id from decisions m where m.call_id = f.call_id and m.by_user is null
              and not m.notice and m.created_at <= f.created_at order by m.id desc limit 1) m on true
join triages t on t.id = m.triage_id
where f.created_at >= :from_at and f.created_at < :to_at and f.state <> 'cancelled'
  and (f.from_queue is null or f.from_queue = 'operators')
  and not exists (select from transfers e where e.call_id = f.call_id and e.id < f.id and e.state <> 'cancelled')
order by f.created_at;

-- name: judged_calls
-- Calls whose class, topic or danger a supervisor judged, a page at a time, with what is needed of a labelled row.
-- Confidential calls and erased words are left out.
select r.id, c.id as call_id, c.line, c.transcript, c.caller_name, c.address, r.route, r.topic, r.danger, r.agreed
from reviews r join calls c on c.id = r.call_id
where r.id > :after and r.decided_at >= now() - make_interval(days => :days) and not c.confidential
  and not c.erased_parts && '{words,transcript}'::text[] and (:agreed_too or not r.agreed)
order by r.id limit :page;

-- name: lock_supervisor$
-- One claim at a time by each supervisor, so that two windows open the same call and not two.
select id from users where id = :user_id for no key update;

-- name: release_review!
-- Back to its place in the queue.
update reviews set leased_by = null, leased_until = null where id = :review_id and decided_at is null;

-- name: decisions_of_call
-- By whom a call was sent where: the policy's newest decision before a person's, and the person's.
select by_user, destination, created_at, rule from decisions
where call_id = :call_id and not notice order by id;
