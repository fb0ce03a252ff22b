-- What the demo's administrators have done.

-- name: name_mediators!
-- Districts have mediation committees, which their streets and communities share; exclusive grids one of their own.
update grids set mediator_group = name || case level when 'exclusive' then '调解室' else '人民调解委员会' end
where level in ('district', 'exclusive');

-- name: join_groups!
-- The mediators of a district are its committee.
update agents a set mediator_group = g.mediator_group
from users u, grids g where u.id = a.user_id and u.role = 'mediator' and g.code = a.grids[1];

-- name: insert_runs!
-- The exports that the demo's older calls came by, as if they had been imported from the console the morning after.
insert into import_runs (user_id, profile, version, line, intake, file_bytes, started_at, ended_at, accepted)
select :user_id, line, 'file', line, intake, count(*) * 640, :started_at::timestamptz + interval '3 minutes' * row_number()
       over (order by line, intake), :started_at::timestamptz + interval '3 minutes' * row_number()
       over (order by line, intake) + interval '4 seconds', count(*)
from calls where intake in ('backlog', 'history') group by line, intake;

-- name: some_closed_call$
-- A call that is over, to be kept for a court.
select id from calls where state = 'closed' and line = '110' order by received_at limit 1;
