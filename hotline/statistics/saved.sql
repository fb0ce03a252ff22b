-- Saved views of the charts: a person's own and shared ones. Names are sealed.

-- name: views
-- One's own and those others share; oldest first.
select v.id, v.user_id, v.name, v.address, v.shared, u.display_name as owner
from statistics_views v join users u on u.id = v.user_id
where v.user_id = :user_id or v.shared order by v.id;

-- name: save$
-- Keep one; at most :most of a person.
insert into statistics_views (user_id, name, address, shared)
select :user_id, :name, :address, :shared
where (select count(*) from statistics_views where user_id = :user_id) < :most
returning id;

-- name: forget$
-- One's own is kept no more.
delete from statistics_views where id = :id and user_id = :user_id returning id;
