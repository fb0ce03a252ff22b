-- What the lawyer's desk shows beside the shared parts of a desk; reading only.

-- name: own_skills^
-- The fields of an agent: empty is any.
select skills from agents where user_id = :user_id;

-- name: own_day
-- A person's own calls of today, for their own screen and nobody else's.
select claimed_at, ended_at, outcome, disposition from assignments
where user_id = :user_id and claimed_at >= :since::timestamptz order by id;
