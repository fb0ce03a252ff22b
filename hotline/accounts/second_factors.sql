-- Second factors by time, and recovery codes.

-- name: put_secret!
-- A secret shown and not confirmed yet; one that is confirmed stays.
insert into second_factors (user_id, secret) values (:user_id, :secret)
on conflict (user_id) do update set secret = excluded.secret, created_at = now(), last_step = 0
where second_factors.confirmed_at is null;

-- name: secret^
-- A person's second factor.
select secret, confirmed_at, last_step from second_factors where user_id = :user_id;

-- name: lock_secret^
-- The same, locked: two requests with one code are looked at one after the other.
select secret, confirmed_at, last_step from second_factors where user_id = :user_id for update;

-- name: use_step!
-- A code was taken: neither it nor an older one counts again.
update second_factors set last_step = :step, confirmed_at = coalesce(confirmed_at, now()) where user_id = :user_id;

-- name: remove_factor$
-- No second factor any more, and no recovery codes. True where there was one.
with codes as (delete from recovery_codes where user_id = :user_id)
delete from second_factors where user_id = :user_id returning true;

-- name: put_recovery_codes!
-- New recovery codes; the old ones are worth nothing any more.
with old as (delete from recovery_codes where user_id = :user_id)
insert into recovery_codes (user_id, code_hash) select :user_id, unnest(:code_hashes::bytea[]);

-- name: use_recovery_code$
-- A recovery code is used up. True where it was good.
update recovery_codes set used_at = now()
where user_id = :user_id and code_hash = :code_hash and used_at is null returning true;

-- name: recovery_codes_left$
-- How many are left.
select count(*) from recovery_codes where user_id = :user_id and used_at is null;
