-- What a new city has done so far; reading only.

-- name: first_steps^
-- One row: accounts by role, what was published, whether calls came in and how many wait to be read, rosters.
select (select coalesce(array_agg(distinct role), '{}') from users
        where disabled_at is null and password_hash is not null) as roles,
       exists (select from users where role in ('admin', 'security') and disabled_at is null and must_change)
           as first_password_left,
       (select coalesce(array_agg(distinct kind), '{}') from published) as published,
       exists (select from calls) as has_calls,
       (select count(*) from triage_jobs where set_aside_at is null) as unread,
       exists (select from rotations) or exists (select from shifts where ends_at > now()) as has_rosters;

-- name: call_count$
-- All calls, for the progress of the first import.
select count(*) from calls;
