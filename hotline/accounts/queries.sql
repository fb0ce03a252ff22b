-- Accounts, tokens, log-ins. Sessions and second factors have files of their own.

-- name: insert_user$
-- A new account.
insert into users (name, display_name, role, password_hash, must_change)
values (:name, :display_name, :role, :password_hash, :must_change) returning id;

-- name: user_by_name^
-- For log-in.
select id, name, display_name, role, password_hash, must_change, org_id from users
where name = :name and disabled_at is null;

-- name: user^
-- One account, disabled or not.
select id, name, display_name, role, created_at, disabled_at, must_change, password_hash is not null as has_password,
       password_changed_at, password_hash
from users where id = :user_id;

-- name: any_user_by_name^
-- One account by name, disabled or not, for the command line.
select id, role, disabled_at from users where name = :name;

-- name: lock_user^
-- One account, kept from being changed by anybody else until the transaction ends.
select id, name, display_name, role, disabled_at from users where id = :user_id for no key update;

-- name: lock_security_administrators
-- Everybody who looks after accounts, in one order, so that two of them cannot remove each other at once.
select id from users where role = 'security' and disabled_at is null and password_hash is not null
order by id for no key update;

-- name: users
-- Every account, with what the security administrator looks after.
select u.id, u.name, u.display_name, u.role, u.created_at, u.disabled_at, u.must_change,
       u.password_hash is null as tokens_only, f.confirmed_at is not null as second_factor,
       (select max(l.locked_until) from lock_outs l
        where l.subject in ('name:' || lower(u.name), 'code:' || u.id) and l.locked_until > now()) as locked_until,
       (select count(*) from sessions s
        where s.user_id = u.id and s.expires_at > now() and s.stage = 'open') as sessions
from users u left join second_factors f on f.user_id = u.id
order by u.disabled_at nulls first, u.role, u.name;

-- name: set_password!
-- A changed password; the old one is kept to be refused later.
with old as (
    insert into old_passwords (user_id, password_hash)
    select id, password_hash from users where id = :user_id and password_hash is not null
)
update users set password_hash = :password_hash, must_change = :must_change, password_changed_at = now()
where id = :user_id;

-- name: old_passwords
-- The last so many passwords before the present one, newest first.
select password_hash from old_passwords where user_id = :user_id order by id desc limit :count;

-- name: forget_old_passwords!
-- Only as many as the rules look at are kept.
delete from old_passwords where user_id = :user_id and id not in
    (select id from old_passwords where user_id = :user_id order by id desc limit :count);

-- name: disable!
-- A leaver: no log-in, no token, no session any more.
with tokens as (
    update api_tokens set revoked_at = now() where user_id = :user_id and revoked_at is null
), ended as (
    delete from sessions where user_id = :user_id
), told as (
    insert into events (kind, user_id) values ('sessions_ended', :user_id)
)
update users set disabled_at = now() where id = :user_id;

-- name: enable!
-- Somebody comes back, with a first password to be changed.
update users set disabled_at = null where id = :user_id;

-- name: set_role!
-- Another role: tokens and sessions of the old one end.
with tokens as (
    update api_tokens set revoked_at = now() where user_id = :user_id and revoked_at is null
), ended as (
    delete from sessions where user_id = :user_id
), told as (
    insert into events (kind, user_id) values ('sessions_ended', :user_id)
)
update users set role = :role where id = :user_id;

-- name: insert_token!
-- A new API token; only its hash is kept.
insert into api_tokens (user_id, role, token_hash) values (:user_id, :role, :token_hash);

-- name: token^
-- Who a token belongs to.
select t.role, u.id as user_id, u.name, u.display_name, u.org_id
from api_tokens t join users u on u.id = t.user_id
where t.token_hash = :token_hash and t.revoked_at is null and u.disabled_at is null;

-- name: delete_expired!
-- Old sessions, log-ins never finished, failures and lock-outs that ran out, and idempotency keys.
with s as (delete from sessions where expires_at < now()),
     p as (delete from provider_logins where expires_at < now()),
     l as (delete from lock_outs where locked_until < now()),
     f as (delete from login_failures where failed_at < now() - interval '1 day')
delete from idempotency_keys where created_at < now() - interval '24 hours';

-- name: locked_until$
-- Until when any of these is locked out; null where none is.
select max(locked_until) from lock_outs where subject = any(:subjects::text[]) and locked_until > now();

-- name: add_failure!
-- An attempt counts as failed until it has succeeded, so that many at once get no more tries than one after another.
insert into login_failures (subject) select unnest(:subjects::text[]);

-- name: failures$
-- Attempts of one name or from one address within the window.
select count(*) from login_failures
where subject = :subject and failed_at > now() - make_interval(mins => :minutes::int);

-- name: take_back_failure!
-- One attempt of this subject did not fail after all.
delete from login_failures where ctid = (select ctid from login_failures where subject = :subject limit 1);

-- name: lock_out$
-- So many failures: nobody logs in here for a while. True where it was not locked already.
insert into lock_outs (subject, locked_until) values (:subject, now() + make_interval(mins => :minutes::int))
on conflict (subject) do update set locked_until = excluded.locked_until where lock_outs.locked_until <= now()
returning true;

-- name: forget_failures!
-- A right password ends the count of its name; the security administrator ends a lock-out.
with unlocked as (delete from lock_outs where subject = any(:subjects::text[]))
delete from login_failures where subject = any(:subjects::text[]);

-- name: user_count$
-- Whether the database is new.
select count(*) from users;

-- name: agent^
-- What calls find a person by; none where nothing was entered yet.
select skills, grids from agents where user_id = :user_id;

-- name: set_agent$
-- Skills, grids, languages and the mediators' group by which calls are found for a person. The id, or null where
-- nobody has it.
insert into agents (user_id, skills, grids, languages, mediator_group)
select id, :skills::text[], :grids::text[], :languages::text[], :mediator_group from users where id = :user_id
on conflict (user_id) do update set skills = excluded.skills, grids = excluded.grids, languages = excluded.languages,
    mediator_group = excluded.mediator_group
returning user_id;

-- name: set_tier!
-- Level and position of a person in a queue.
insert into tiers (queue, user_id, level, position) values (:queue, :user_id, :level, :position)
on conflict (queue, user_id) do update set level = excluded.level, position = excluded.position;
