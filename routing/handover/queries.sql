-- The shift handover.

-- name: matters
-- Everything that is open and must not be lost between two shifts, each once by (kind, ref). Of a duty, the owner is
-- the person who took the call first and owes its end, null once the desk does: what a person did after it passed to
-- the desk makes it personal again.
with duty as (
    -- forwarded and not taken, returned, or a ticket the other side has not signed for
    select c.id as call_id,
           (select f.by_user from transfers f where f.call_id = c.id and f.state <> 'cancelled' order by f.id limit 1) as owner,
           case when t.receipt_at is null then t.receipt_due_at end as due_at, t.created_at as since
    from calls c
    cross join lateral (select n.* from transfers n where n.call_id = c.id and n.state <> 'cancelled'
                        order by n.id desc limit 1) t
    where c.state not in ('completed', 'closed')
      and (t.state in ('pending', 'confirmed', 'returned')
           or (t.state = 'taken' and t.receipt_due_at is not null and t.receipt_at is null))
    union all
    -- on the line with an operator who has not decided yet; while its danger is open it stands there, with its holder
    select c.id, c.held_by, null, c.state_changed_at from calls c
    where c.held_by is not null and c.state in ('received', 'triaged', 'proposed')
      and not exists (select from danger_alarms a where a.call_id = c.id and a.acknowledged_at is null)
    union all
    -- a record in an operator's hand
    select s.call_id, s.user_id, null, s.claimed_at from assignments s
    where s.ended_at is null and s.queue = 'operators' and s.role = 'lead'
), duties as (
    select distinct on (d.call_id) d.call_id, case when k.call_id is null then d.owner end as owner, d.due_at, d.since
    from duty d left join desk_duties k on k.call_id = d.call_id and k.at >= d.since
    order by d.call_id, d.since desc, d.due_at nulls last
), promise as (
    select ch.call_id, ch.recorded_by as owner, ch.window_start as due_at, ch.at as since
    from caller_choices ch
    where ch.choice = 'callback' and ch.kept_at is null
      and not exists (select from caller_choices n where n.call_id = ch.call_id and n.id > ch.id)
      and not exists (select from assignments s where s.call_id = ch.call_id and s.claimed_at > ch.at
                      and s.outcome = 'completed')
      and not exists (select from direct_answers a where a.call_id = ch.call_id and a.at > ch.at)
    union all
    select i.call_id, i.reserved_for, i.not_before, i.entered_at from queue_items i
    where i.not_before is not null and i.state in ('waiting', 'offered')
), promises as (
    select distinct on (call_id) call_id, owner, due_at, since from promise order by call_id, since desc
)
select 'danger' as kind, a.call_id as ref, a.call_id, c.held_by as owner, null::timestamptz as due_at, a.raised_at as since
from danger_alarms a join calls c on c.id = a.call_id where a.acknowledged_at is null
union all
select 'callback', call_id, call_id, owner, due_at, since from promises
union all
select 'duty', call_id, call_id, owner, due_at, since from duties
union all
select 'notice', n.id, null, null, n.ends_at, n.starts_at from shift_notices n
where n.withdrawn_at is null and n.ends_at > now()
order by 1, 2;

-- name: open_handover^
-- The handover under way.
select h.*, u.display_name as prepared_by_name from handovers h join users u on u.id = h.prepared_by
where h.closed_at is null;

-- name: lock_handover^
-- One handover, locked: confirming, closing and calling off happen one after another.
select * from handovers where id = :handover_id for update;

-- name: insert_handover$
-- A new handover; nothing where one is under way.
insert into handovers (prepared_by, note) values (:user_id, :note)
on conflict ((true)) where closed_at is null do nothing returning id;

-- name: put_items!
-- What is open now stands in the handover; what was settled and is open again is so again.
insert into handover_items (handover_id, kind, ref, call_id, owner, due_at)
select :handover_id, m.kind, m.ref, m.call_id, m.owner, m.due_at
from jsonb_to_recordset(:rows::jsonb) as m(kind text, ref bigint, call_id bigint, owner bigint, due_at timestamptz)
order by m.call_id nulls last, m.kind, m.ref
on conflict (handover_id, kind, ref) do update set settled_at = null, due_at = excluded.due_at,
    owner = case when handover_items.confirmed_at is null then excluded.owner else handover_items.owner end
where handover_items.settled_at is not null or handover_items.due_at is distinct from excluded.due_at
   or (handover_items.confirmed_at is null and handover_items.owner is distinct from excluded.owner);

-- name: settle_items!
-- What is no longer open and nobody has confirmed needs no confirmation any more.
update handover_items i set settled_at = now()
where i.handover_id = :handover_id and i.confirmed_at is null and i.settled_at is null
  and not exists (select from jsonb_to_recordset(:rows::jsonb) as m(kind text, ref bigint)
                  where m.kind = i.kind and m.ref = i.ref);

-- name: confirm_item<!
-- One matter is the incoming leader's, unless somebody was first.
update handover_items set confirmed_by = :user_id, confirmed_at = now()
where handover_id = :handover_id and kind = :kind and ref = :ref and confirmed_at is null and settled_at is null
returning *;

-- name: item^
-- One matter with who confirmed it.
select i.*, u.display_name as confirmed_by_name from handover_items i left join users u on u.id = i.confirmed_by
where i.handover_id = :handover_id and i.kind = :kind and i.ref = :ref;

-- name: duty_to_desk!
-- From now on the desk owes the end of this call.
insert into desk_duties (call_id, queue, from_user, handover_id) values (:call_id, 'operators', :owner, :handover_id)
on conflict (call_id) do update set from_user = coalesce(excluded.from_user, desk_duties.from_user),
    handover_id = excluded.handover_id, at = now();

-- name: log_duty!
-- The call's course says where its duty went.
insert into call_log (call_id, action, user_id, detail)
values (:call_id, 'duty_to_desk', :user_id, jsonb_build_object('handover_id', :handover_id::bigint));

-- name: unconfirmed$
-- How many matters nobody has confirmed yet.
select count(*) from handover_items where handover_id = :handover_id and confirmed_at is null and settled_at is null;

-- name: confirmed$
-- How many are confirmed.
select count(*) from handover_items where handover_id = :handover_id and confirmed_at is not null;

-- name: close!
-- The shift is handed over.
update handovers set closed_by = :user_id, closed_at = now() where id = :handover_id;

-- name: drop_items!
-- A handover that is called off leaves nothing.
delete from handover_items where handover_id = :handover_id;

-- name: drop!
-- The handover itself, after its items.
delete from handovers where id = :handover_id;

-- name: put_note!
-- What the outgoing leader wants known.
update handovers set note = :note where id = :handover_id;

-- name: put_item_note$
-- The same to one matter.
update handover_items set note = :note where handover_id = :handover_id and kind = :kind and ref = :ref returning id;

-- name: items
-- The matters of a handover as screens show them, in the order in which they are worked through.
select i.*, u.display_name as confirmed_by_name, o.display_name as owner_name, c.line, c.external_id, c.region,
       c.state as call_state, c.live, c.received_at, c.excerpt, c.caller_name, c.confidential,
       case when i.kind = 'callback' then c.contact_rules end as contact_rules, t.route, t.danger_level,
       ch.window_start, ch.window_end, n.body as notice_body, n.ends_at as notice_ends_at, q.queue, d.destination,
       (select max(e.handover_id) from handover_items e join handovers h on h.id = e.handover_id
        where e.kind = i.kind and e.ref = i.ref and e.handover_id < i.handover_id and h.closed_at is not null) as carried_from
from handover_items i
left join users u on u.id = i.confirmed_by
left join users o on o.id = i.owner
left join calls c on c.id = i.call_id
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
left join lateral (select w.window_start, w.window_end from caller_choices w
                   where i.kind = 'callback' and w.call_id = i.call_id and w.choice = 'callback' order by w.id desc limit 1) ch on true
left join lateral (select x.queue from queue_items x where x.call_id = i.call_id and x.role = 'lead'
                   and x.state in ('waiting', 'offered', 'claimed') limit 1) q on true
left join shift_notices n on i.kind = 'notice' and n.id = i.ref
where i.handover_id = :handover_id
order by array_position(array['danger', 'callback', 'duty', 'notice'], i.kind), i.due_at nulls last, i.id;

-- name: records
-- Handovers of late, newest first.
select h.id, h.prepared_at, h.closed_at, p.display_name as prepared_by_name, k.display_name as closed_by_name,
       count(i.id) as items, count(i.id) filter (where i.settled_at is not null) as settled
from handovers h join users p on p.id = h.prepared_by left join users k on k.id = h.closed_by
left join handover_items i on i.handover_id = h.id
where h.closed_at is not null
group by h.id, p.display_name, k.display_name order by h.id desc limit :limit;

-- name: handover^
-- One handover.
select h.*, p.display_name as prepared_by_name, k.display_name as closed_by_name
from handovers h join users p on p.id = h.prepared_by left join users k on k.id = h.closed_by
where h.id = :handover_id;

-- name: keep_promise$
-- The caller was called back, whatever came of it.
update caller_choices set kept_by = :user_id, kept_at = now()
where id = (select max(id) from caller_choices where call_id = :call_id and choice = 'callback')
  and kept_at is null returning id;

-- name: duty_of_call^
-- Whether the desk owes the end of a call since a handover, and no person has forwarded or taken it again since.
select d.queue, d.at from desk_duties d join calls c on c.id = d.call_id
where d.call_id = :call_id and c.state not in ('completed', 'closed')
  and not exists (select from transfers t where t.call_id = d.call_id and t.created_at > d.at and t.state <> 'cancelled')
  and not exists (select from assignments s where s.call_id = d.call_id and s.claimed_at > d.at and s.ended_at is null);
