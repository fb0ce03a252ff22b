-- Rosters.

-- name: rotations
-- Every rotation.
select id, queue, name, body from rotations order by id;

-- name: rotation^
-- One rotation by its name.
select id, queue, name, body from rotations where name = :name;

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

-- name: rotation_by_id^
-- One rotation by its id.
select id, queue, name, body from rotations where id = :rotation_id;

-- name: change_rotation!
-- A rotation changed, its name too.
update rotations set queue = :queue, name = :name, body = :body::jsonb where id = :rotation_id;

-- name: remove_rotation!
-- A rotation that never should have been.
delete from rotations where id = :rotation_id;

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


-- name: lock_rosters$
-- One change of rosters at a time, until the transaction ends ("HR" and a number of its own): a shift may touch two weeks.
select pg_advisory_xact_lock(18514, 1);

-- name: week^
-- Which version of a week stands, and who made it; none where nobody changed it here yet.
select w.version, w.changed_by as changed_by_id, u.display_name as changed_by, w.changed_at
from roster_weeks w left join users u on u.id = w.changed_by where w.monday = :monday;

-- name: touch_weeks!
-- These weeks were changed by this person.
insert into roster_weeks (monday, changed_by) select distinct unnest(:mondays::date[]), :user_id::bigint
on conflict (monday) do update set version = roster_weeks.version + 1, changed_by = excluded.changed_by,
    changed_at = now();

-- name: shift^
-- One shift, locked.
select id, queue, user_id, starts_at, ends_at from shifts where id = :shift_id for update;

-- name: covering_shift^
-- Another shift of the same person in the same queue that covers a part of this time.
select id, starts_at, ends_at from shifts
where queue = :queue and user_id = :user_id and id <> :but and starts_at < :ends_at and ends_at > :starts_at
order by starts_at limit 1;

-- name: insert_shift$
-- One shift entered by hand; its id.
insert into shifts (queue, user_id, starts_at, ends_at) values (:queue, :user_id, :starts_at, :ends_at) returning id;

-- name: move_shift!
-- A shift at another time, of another person or queue.
update shifts set queue = :queue, user_id = :user_id, starts_at = :starts_at, ends_at = :ends_at
where id = :shift_id;

-- name: remove_shift!
-- A shift that is not worked.
delete from shifts where id = :shift_id;

-- name: remove_shifts!
-- Shifts that an imported sheet leaves out.
delete from shifts where id = any(:ids::bigint[]);

-- name: shifts_beginning
-- Shifts that begin within a time span, of these queues; null: of all.
select id, queue, user_id, starts_at, ends_at from shifts
where starts_at >= :from_at and starts_at < :to_at and (:queues::text[] is null or queue = any(:queues))
order by starts_at, id;

-- name: remove_override$
-- A change by hand that is taken back; its queue and weeks, or null where there is none.
delete from shift_overrides where id = :override_id
returning jsonb_build_object('queue', queue, 'start', starts_at, 'end', ends_at);

-- name: entered_days
-- Days entered by hand, within a span.
select day, workday, note from calendar_days where day >= :first and day < :last order by day;

-- name: enter_day!
-- A day that is no workday, or is one, whatever the published calendar says.
insert into calendar_days (day, workday, note) values (:day, :workday, :note)
on conflict (day) do update set workday = excluded.workday, note = excluded.note;

-- name: forget_day!
-- The published calendar counts again.
delete from calendar_days where day = :day;

-- name: people_of_rosters
-- Everybody who can be planned or is, by name; disabled ones only where they are asked for by id.
select id, display_name, role, disabled_at from users
where (disabled_at is null and role = any(:roles::text[])) or id = any(:ids::bigint[])
order by display_name, id;
