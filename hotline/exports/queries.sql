-- Exports as jobs (migration 0013). Files are sealed by the caller.

-- name: ask$
-- A new export; its id. The consoles are told.
with made as (
    insert into export_jobs (what, form, asked, state, why, asked_by)
    values (:what, :form, :asked, case when :why::text is null then 'queued' else 'asked' end, :why, :user_id)
    returning id
), told as (
    insert into events (kind, user_id) values ('export_changed', :user_id)
)
select id from made;

-- name: jobs
-- Exports of a person, and for who decides those of all that wait; newest first.
select j.id, j.what, j.form, j.asked, j.state, j.why, j.asked_by, j.asked_at, j.decided_at, j.steps_done, j.steps,
       j.finished_at, j.failure, j.rows, j.bytes, a.display_name as asked_by_name, d.display_name as decided_by_name
from export_jobs j join users a on a.id = j.asked_by left join users d on d.id = j.decided_by
where j.asked_by = :user_id or (:decides::boolean and (j.state = 'asked' or j.decided_by = :user_id))
order by j.id desc limit 60;

-- name: job^
-- One export, locked.
select * from export_jobs where id = :id for update;

-- name: decide$
-- Agreed, refused or taken back.
with told as (
    insert into events (kind, user_id) select 'export_changed', asked_by from export_jobs where id = :id
)
update export_jobs set state = :state, decided_by = coalesce(:decided_by, decided_by), decided_at = now(),
       finished_at = case when :state = 'queued' then null else now() end
where id = :id and state = :before returning id;

-- name: take^
-- The oldest that is due, with a lease; one whose worker is gone is taken again.
update export_jobs set state = 'running', attempts = attempts + 1, steps_done = 0,
       lease_until = now() + make_interval(secs => :lease_s)
where id = (
    select id from export_jobs
    where state = 'queued' or (state = 'running' and lease_until < now())
    order by id limit 1 for update skip locked
)
returning id, what, form, asked, asked_by, attempts;

-- name: keep!
-- How far it is; the lease goes on.
update export_jobs set steps_done = :done, steps = :steps, lease_until = now() + make_interval(secs => :lease_s)
where id = :id and state = 'running' and attempts = :attempt;

-- name: finish$
-- The file is there.
with told as (
    insert into events (kind, user_id) select 'export_changed', asked_by from export_jobs where id = :id
)
update export_jobs set state = 'done', steps_done = steps, finished_at = now(), rows = :rows, bytes = :bytes,
       file = :file
where id = :id and state = 'running' and attempts = :attempt returning id;

-- name: fail!
-- It will not come; why, as a code.
with told as (
    insert into events (kind, user_id) select 'export_changed', asked_by from export_jobs where id = :id
)
update export_jobs set state = 'failed', finished_at = now(), failure = :failure where id = :id and state = 'running';

-- name: expire!
-- Files go a day after they were made, requests nobody decided after a week, the list after 90 days.
with gone as (
    delete from export_jobs where asked_at < now() - interval '90 days'
)
update export_jobs set state = 'expired', file = null
where (state = 'done' and finished_at < now() - interval '1 day')
   or (state = 'asked' and asked_at < now() - interval '7 days');

-- name: asker^
-- Who asked, as they are now.
select id, name, display_name, role, org_id from users where id = :user_id and disabled_at is null;
