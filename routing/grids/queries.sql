-- The tree of grids.

-- name: grids
-- Every grid in use, above before below, with how many calls name it.
select g.code, g.name, p.code as parent, g.level, g.responsible, g.mediator_group,
       coalesce(n.calls, 0) as calls
from grids g left join grids p on p.id = g.parent_id
left join (select grid_id, count(*) as calls from calls where grid_id is not null group by grid_id) n on n.grid_id = g.id
where g.retired_at is null order by length(g.code) - length(replace(g.code, '.', '')), g.code;

-- name: grid_names
-- Codes and names of grids in use, above before below.
select code, name from grids where retired_at is null order by code;

-- name: serving
-- Who serves which grids, for the tree's counts: agents that name any.
select u.id, u.display_name, u.role, a.grids from agents a join users u on u.id = a.user_id
where u.disabled_at is null and cardinality(a.grids) > 0 order by u.display_name, u.id;

-- name: waiting_in
-- Open queue items by the grid they ask for.
select grid, count(*) as waiting from queue_items
where state in ('waiting', 'offered') and grid is not null group by grid;

-- name: lock_grids$
-- One import of grids at a time ("HG" and a number of its own).
select pg_advisory_xact_lock(18503, 1);

-- name: put_grid!
-- A grid, new, changed, or back in use; the one above stands already.
insert into grids (code, name, parent_id, level, responsible, mediator_group)
values (:code, :name, (select id from grids where code = :parent), :level, :responsible, :mediator_group)
on conflict (code) do update set name = excluded.name, parent_id = excluded.parent_id, level = excluded.level,
    responsible = excluded.responsible, mediator_group = excluded.mediator_group, retired_at = null;

-- name: delete_unused!
-- Grids that nothing names: no call, no grid below them.
delete from grids g where g.code = any(:codes::text[])
  and not exists (select from calls c where c.grid_id = g.id)
  and not exists (select from grids b where b.parent_id = g.id);

-- name: retire!
-- Grids that a new tree leaves out and something still names: no new call gets them.
update grids set retired_at = now() where code = any(:codes::text[]) and retired_at is null;
