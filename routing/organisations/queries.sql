-- Organisations and their people.

-- name: lock_all$
-- Changes of organisations go one after another: names are compared with all others. Does not hold up foreign keys.
select id from organisations where id = 1 for no key update;

-- name: listed
-- Every organisation with what hangs on it, the city's first, retired ones last.
select o.id, o.code, o.name, o.kind, o.aliases, o.retired_at,
       (select count(*) from users u where u.org_id = o.id and u.disabled_at is null)::int as people,
       (select count(*) from articles a join article_versions v on v.article_id = a.id and v.version = a.version
        where a.withdrawn_at is null and v.org_id = o.id)::int as articles,
       (select count(*) from queue_items i
        where i.org_id = o.id and i.state in ('waiting', 'offered', 'claimed'))::int as addressed
from organisations o order by o.id <> 1, o.retired_at nulls first, o.kind, o.name;

-- name: organisation^
-- One organisation, locked.
select id, code, name, kind, aliases, retired_at from organisations where id = :org_id for no key update;

-- name: by_name$
-- Another organisation in use that has this name.
select id from organisations where name = :name and retired_at is null and id <> :but limit 1;

-- name: by_code$
-- Who has this code.
select id from organisations where code = :code;

-- name: insert$
-- A new organisation; without a code it gets one from its number.
insert into organisations (code, name, kind, aliases)
values (coalesce(:code::text, 'org' || currval(pg_get_serial_sequence('organisations', 'id'))), :name, :kind,
        :aliases::text[])
returning id;

-- name: change!
-- Its name, kind and other names.
update organisations set name = :name, kind = :kind, aliases = :aliases::text[] where id = :org_id;

-- name: set_retired!
-- It is no longer there, or there again.
update organisations set retired_at = case when :retired::boolean then now() end where id = :org_id;

-- name: working_there$
-- How many enabled accounts it has.
select count(*) from users where org_id = :org_id and disabled_at is null;

-- name: people
-- Everybody who could work for one or another, with whom they work for now.
select id, name, display_name, role, org_id from users
where disabled_at is null and role <> 'line' order by display_name, id;

-- name: lock_people
-- These accounts, locked.
select id, display_name, org_id from users where id = any(:user_ids::bigint[]) and disabled_at is null
order by id for no key update;

-- name: assign!
-- They work for it from now on.
update users set org_id = :org_id where id = any(:user_ids::bigint[]);
