-- Sessions of browsers.

-- name: insert_session!
-- A log-in, whole or waiting for its second factor.
insert into sessions (id_hash, user_id, csrf_token, expires_at, way, stage, strong, address, browser)
values (:id_hash, :user_id, :csrf_token, now() + make_interval(mins => :minutes::int), :way, :stage, :strong, :address,
        :browser);

-- name: session^
-- Who a cookie belongs to, and what is still to be done before it opens everything.
with touched as (
    update sessions set seen_at = now() where id_hash = :id_hash and seen_at < now() - interval '30 seconds'
)
select s.id, s.csrf_token, s.way, s.stage, s.strong, s.locked_at,
       s.active_at <= now() - make_interval(mins => :idle_min::int) as idle,
       s.way = 'password' and (u.must_change or (:max_age_days::int > 0
           and u.password_changed_at < now() - make_interval(days => :max_age_days::int))) as password_due,
       u.id as user_id, u.name, u.display_name, u.role, u.org_id
from sessions s join users u on u.id = s.user_id
where s.id_hash = :id_hash and s.expires_at > now() and u.disabled_at is null;

-- name: lock_idle$
-- Nobody has touched anything for a while: the session is locked, unless its person holds a live call, has a call in
-- hand, hears one ring, or sits where a danger is waiting to be acknowledged. True where it was locked now.
update sessions s set locked_at = now()
where s.id = :session_id and s.locked_at is null and s.stage = 'open'
  and s.active_at <= now() - make_interval(secs => :idle_s::double precision)
  and not exists (select from calls c where c.held_by = s.user_id and c.live)
  and not exists (select from assignments a where a.user_id = s.user_id and a.ended_at is null)
  and not exists (select from queue_items i where i.state = 'offered' and i.offered_to = s.user_id
                  and i.offer_expires_at > now())
  and not (:sees_alarms::boolean and exists (select from danger_alarms d where d.acknowledged_at is null))
returning true;

-- name: active!
-- The person did something.
update sessions set active_at = now(), seen_at = now() where id = :session_id and locked_at is null;

-- name: unlock!
-- The person is back.
update sessions set locked_at = null, active_at = now(), seen_at = now() where id = :session_id;

-- name: now_strong!
-- The session's person has just set up, and shown, a second factor.
update sessions set strong = true where id = :session_id;

-- name: sessions_of
-- Open sessions of a person, newest first; of everybody where no person is given.
select s.id, s.user_id, u.name, u.display_name, u.role, s.address, s.browser, s.way, s.strong, s.created_at, s.seen_at,
       s.expires_at, s.locked_at
from sessions s join users u on u.id = s.user_id
where s.expires_at > now() and s.stage = 'open' and (:user_id::bigint is null or s.user_id = :user_id)
order by s.created_at desc limit 500;

-- name: end_session$
-- One session ends; whose it was. Only a person's own where one is given.
with ended as (
    delete from sessions where id = :session_id and (:user_id::bigint is null or user_id = :user_id) returning user_id
), told as (
    insert into events (kind, user_id) select 'sessions_ended', user_id from ended
)
select user_id from ended;

-- name: end_sessions!
-- All sessions of a person end, but for one where it is given.
with ended as (
    delete from sessions where user_id = :user_id and id is distinct from :but::bigint returning user_id
)
insert into events (kind, user_id) select distinct 'sessions_ended', user_id from ended;

-- name: delete_session^
-- Log-out; whose it was.
delete from sessions where id_hash = :id_hash returning id, user_id;

-- name: is_open$
-- Whether a session still stands, for streams that were opened with it.
select exists (select from sessions s join users u on u.id = s.user_id
               where s.id = :session_id and s.expires_at > now() and u.disabled_at is null);
