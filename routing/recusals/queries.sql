-- Conflicts of interest.

-- name: recuse!
-- This person is not given this call again; a call-back promised by them is anybody's then.
with freed as (
    update queue_items set reserved_for = null, reserved_until = null
    where call_id = :call_id and reserved_for = :user_id and state = 'waiting'
)
insert into recusals (call_id, user_id) values (:call_id, :user_id) on conflict do nothing;

-- name: own_item^
-- The open item of a call in one of a person's queues that is in the person's hands, rings there or waits; locked, call
-- first. Theirs before one that only waits.
select i.id, i.queue, i.role, i.state, i.offered_to, s.id as assignment_id
from calls c join queue_items i on i.call_id = c.id
left join assignments s on s.queue_item_id = i.id and s.ended_at is null
where c.id = :call_id and i.queue = any(:queues::text[])
  and (i.state = 'waiting' or (i.state = 'offered' and i.offered_to = :user_id)
       or (i.state = 'claimed' and s.user_id = :user_id))
order by i.state = 'waiting', i.id limit 1
for update of c, i;

-- name: others_left$
-- How many may still be given a call that waits in a queue of these roles, on duty or not.
select count(*) from users u
where u.role = any(:roles::text[]) and u.disabled_at is null
  and not exists (select from recusals r where r.call_id = :call_id and r.user_id = u.id);

-- name: recused_from
-- Which of these calls a person is recused from.
select call_id from recusals where user_id = :user_id and call_id = any(:call_ids::bigint[]);

-- name: put_counterparty!
-- Who the other side is, as somebody asked.
insert into counterparties (call_id, name, told_by) values (:call_id, :name, :user_id)
on conflict (call_id) do update set name = excluded.name, told_by = excluded.told_by, told_at = now();

-- name: drop_counterparty!
-- The name was wrong, and nothing better is known.
delete from counterparties where call_id = :call_id;

-- name: named
-- Who was named as the other side of these calls, and by whom; with the newest reading, which may hold a name too.
select c.id as call_id, p.name, u.display_name as told_by, p.told_at, t.reading
from calls c left join counterparties p on p.call_id = c.id left join users u on u.id = p.told_by
left join triages t on t.id = c.triage_id
where c.id = any(:call_ids::bigint[]);
