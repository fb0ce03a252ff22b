-- Accounts.

-- name: insert_user$
-- A new account.
insert into users (name, display_name, role, password_hash, must_change)
values (:name, :display_name, :role, :password_hash, :must_change) returning id;

-- name: user_by_name^
-- For log-in.
select id, name, display_name, role, password_hash, must_change, org_id from users
where name = :name and disabled_at is null;

-- name: users
-- Every account.
select id, name, display_name, role, created_at, disabled_at from users order by role, name;

-- name: set_password!
-- A changed password; the first one needs no further change.
update users set password_hash = :password_hash, must_change = false where id = :user_id;

-- name: disable$
-- A leaver: no log-in, no token, no session any more. The id, or null where nobody has it.
with tokens as (
    update api_tokens set revoked_at = now() where user_id = :user_id and revoked_at is null
), ended as (
    delete from sessions where user_id = :user_id
)
update users set disabled_at = coalesce(disabled_at, now()) where id = :user_id returning id;

-- name: insert_session!
-- A log-in.
insert into sessions (id_hash, user_id, csrf_token, expires_at)
values (:id_hash, :user_id, :csrf_token, now() + make_interval(hours => :hours::int));

-- name: session^
-- Who a cookie belongs to.
select s.csrf_token, s.seen_at, u.id as user_id, u.name, u.display_name, u.role, u.org_id, u.must_change
from sessions s join users u on u.id = s.user_id
where s.id_hash = :id_hash and s.expires_at > now() and u.disabled_at is null;

-- name: touch_session!
-- The session was used; it ends only after so many hours of silence.
update sessions set seen_at = now(), expires_at = now() + make_interval(hours => :hours::int)
where id_hash = :id_hash;

-- name: delete_other_sessions!
-- A changed password: whoever knew the old one is out. The session with this CSRF token stays.
delete from sessions where user_id = :user_id and csrf_token is distinct from :csrf_token;

-- name: delete_session!
-- Log-out.
delete from sessions where id_hash = :id_hash;

-- name: delete_expired!
-- Old sessions, log-in failures and idempotency keys.
with s as (delete from sessions where expires_at < now()),
     f as (delete from login_failures where failed_at < now() - interval '1 day')
delete from idempotency_keys where created_at < now() - interval '24 hours';

-- name: failures$
-- Failed log-ins of one name or from one address within the window.
select count(*) from login_failures
where subject = :subject and failed_at > now() - make_interval(secs => :window_s::double precision);

-- name: add_failure!
-- One more failed log-in.
insert into login_failures (subject) select unnest(:subjects::text[]);

-- name: forget_failures!
-- A right password ends the count of its name.
delete from login_failures where subject = :subject;

-- name: insert_token!
-- A new API token; only its hash is kept.
insert into api_tokens (user_id, role, token_hash) values (:user_id, :role, :token_hash);

-- name: token^
-- Who a token belongs to.
select t.role, u.id as user_id, u.name, u.display_name, u.org_id
from api_tokens t join users u on u.id = t.user_id
where t.token_hash = :token_hash and t.revoked_at is null and u.disabled_at is null;

-- name: user_count$
-- Whether the database is new.
select count(*) from users;

-- name: set_agent$
-- Skills, grids and languages by which calls are found for a person. The id, or null where nobody has it.
insert into agents (user_id, skills, grids, languages)
select id, :skills::text[], :grids::text[], :languages::text[] from users where id = :user_id
on conflict (user_id) do update set skills = excluded.skills, grids = excluded.grids, languages = excluded.languages
returning user_id;

-- name: set_tier!
-- Level and position of a person in a queue.
insert into tiers (queue, user_id, level, position) values (:queue, :user_id, :level, :position)
on conflict (queue, user_id) do update set level = excluded.level, position = excluded.position;
