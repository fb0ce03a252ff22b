-- Steps of cases.

-- name: insert_step$
-- A planned step.
insert into case_steps (case_id, undertaking_id, kind, due_at, note, created_by)
values (:case_id, :undertaking_id, :kind, :due_at, :note, :user_id) returning id;

-- name: undertaking_of$
-- Whose step it is.
select undertaking_id from case_steps where id = :step_id;

-- name: finish_step$
-- It was done; null where somebody has written that already.
update case_steps set done_at = now(), done_by = :user_id, result = :result
where id = :step_id and done_at is null returning id;

-- name: steps_of_case
-- The file's steps: open ones by time, then done ones, newest first.
select s.id, s.undertaking_id, s.kind, s.due_at, s.note, s.created_at, s.done_at, s.result, u.display_name as by_name,
       d.display_name as done_by_name
from case_steps s join users u on u.id = s.created_by left join users d on d.id = s.done_by
where s.case_id = :case_id
order by s.done_at is not null, case when s.done_at is null then s.due_at end, s.done_at desc, s.id;
