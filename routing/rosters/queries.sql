-- Rosters.

-- name: rotations
-- Every rotation.
select id, queue, name, body from rotations order by id;

-- name: shifts
-- Shifts that touch a time span.
select id, queue, user_id, starts_at, ends_at, source from shifts
where ends_at > :from_at and starts_at < :to_at order by starts_at, id;

-- name: overrides
-- Overrides that touch a time span, in the order they were entered.
select id, queue, kind, user_id, substitute_id, starts_at, ends_at from shift_overrides
where ends_at > :from_at and starts_at < :to_at order by id;

-- name: rostered_queues
-- Queues that have any roster at all.
select queue from rotations union select queue from shifts union select queue from shift_overrides;

-- name: put_rotation$
-- A rotation, new or changed.
insert into rotations (queue, name, body) values (:queue, :name, :body::jsonb)
on conflict (name) do update set queue = excluded.queue, body = excluded.body returning id;

-- name: insert_shifts!
-- Imported or entered shifts; one that stands already is not doubled.
insert into shifts (queue, user_id, starts_at, ends_at, source)
select r.queue, r.user_id, r.starts_at, r.ends_at, :source
from jsonb_to_recordset(:rows::jsonb) as r(queue text, user_id bigint, starts_at timestamptz, ends_at timestamptz)
where not exists (select from shifts s where s.queue = r.queue and s.user_id = r.user_id
                  and s.starts_at = r.starts_at and s.ends_at = r.ends_at);

-- name: insert_override$
-- A change by hand.
insert into shift_overrides (queue, kind, user_id, substitute_id, starts_at, ends_at)
values (:queue, :kind, :user_id, :substitute_id, :starts_at, :ends_at) returning id;

-- name: leavers
-- Who is no longer there, and since when.
select id, disabled_at from users where disabled_at is not null;

-- name: managers
-- Who stands in for shift leaders while nobody has planned their roster.
select id from users where role = 'manager' and disabled_at is null order by id;

-- name: user_ids
-- Names of people as rosters write them.
select id, name, display_name from users where disabled_at is null;

-- name: clock$
-- The database's time: that of every process, whatever the clocks of their machines say.
select now();
