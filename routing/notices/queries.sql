-- Notices.

-- name: insert_notice$
-- A new notice.
insert into shift_notices (body, roles, queue, starts_at, ends_at, written_by)
values (:body, :roles, :queue, :starts_at, :ends_at, :user_id) returning id;

-- name: withdraw$
-- A notice is taken down before its end.
update shift_notices set withdrawn_at = now()
where id = :notice_id and withdrawn_at is null and ends_at > now() returning id;

-- name: current
-- Notices in force at this moment, those that end first before.
select n.id, n.body, n.roles, n.queue, n.starts_at, n.ends_at, u.display_name as written_by_name
from shift_notices n join users u on u.id = n.written_by
where n.withdrawn_at is null and n.starts_at <= :at and n.ends_at > :at order by n.ends_at, n.id;

-- name: recent
-- All notices of late and to come, newest first.
select n.id, n.body, n.roles, n.queue, n.starts_at, n.ends_at, n.withdrawn_at, u.display_name as written_by_name,
       case when n.withdrawn_at is not null then 'withdrawn' when n.ends_at <= now() then 'over'
            when n.starts_at > now() then 'to_come' else 'current' end as state
from shift_notices n join users u on u.id = n.written_by
where n.ends_at > now() - interval '30 days' order by n.starts_at desc, n.id desc limit 50;
