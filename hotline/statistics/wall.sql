-- What a wall display shows beside the roll-ups; its registration.

-- name: open_danger^
-- How many dangers nobody has acknowledged, and for how many seconds the oldest has stood.
select count(*)::int as open, coalesce(extract(epoch from now() - min(raised_at)), 0)::float8 as longest_s
from danger_alarms where acknowledged_at is null;

-- name: display^
-- A display by what it holds: its registration stands, or its code was entered a moment ago and it is the first to come.
update wall_displays set token_hash = :token_hash, seen_at = now()
where ended_at is null and expires_at > now()
  and (token_hash = :token_hash
       or token_hash = convert_to(:code, 'UTF8') and created_at > now() - interval '15 minutes')
returning id, name;

-- name: add$
-- A display whose code somebody has read off it. One that was registered before is the same again: its code is the
-- beginning of what it holds, and its row would stand in the way of a second one.
with again as (
    update wall_displays
    set name = :name, created_by = :user_id, created_at = now(), ended_at = null, seen_at = null,
        expires_at = now() + make_interval(days => :days)
    where token_hash = convert_to(:code, 'UTF8')
       or octet_length(token_hash) > 16 and substring(token_hash for 5) = :beginning
    returning id
), made as (
    insert into wall_displays (name, token_hash, created_by, expires_at)
    select :name, convert_to(:code, 'UTF8'), :user_id, now() + make_interval(days => :days)
    where not exists (select from again)
    returning id
)
select id from again union all select id from made;

-- name: displays
-- All that are registered, newest first.
select d.id, d.name, d.created_at, d.expires_at, d.ended_at, d.seen_at, u.display_name as created_by_name,
       octet_length(d.token_hash) < 16 as pending, d.expires_at < now() as expired
from wall_displays d join users u on u.id = d.created_by order by d.id desc limit 50;

-- name: finish$
-- It shows nothing any more.
update wall_displays set ended_at = now() where id = :id and ended_at is null returning id;
