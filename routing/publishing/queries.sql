-- Published versions; one of each (kind, name) is in force.

-- name: in_force^
-- The version in force with its text, if one was published.
select p.id, p.version, p.body, p.published_at, u.display_name as by
from published p left join users u on u.id = p.published_by
where p.kind = :kind and p.name = :name and p.withdrawn_at is null;

-- name: lock_publishing
-- One publication of a kind at a time.
select pg_advisory_xact_lock(hashtext('published'), hashtext(:kind));

-- name: withdraw!
-- Makes room for a new version: the one in force is kept, withdrawn.
update published set withdrawn_at = now() where kind = :kind and name = :name and withdrawn_at is null;

-- name: add$
-- A version is in force from now on.
insert into published (kind, name, version, body, note, published_by)
values (:kind, :name, :version, :body, :note, :user_id) returning id;

-- name: versions
-- What was published, the newest first.
select p.id, p.version, p.published_at, p.withdrawn_at, p.note, u.display_name as by
from published p left join users u on u.id = p.published_by
where p.kind = :kind and p.name = :name order by p.id desc limit :limit;

-- name: published_times$
-- How often something was published here: the next version's number follows.
select count(*) from published where kind = :kind and name = :name;

-- name: version^
-- One version with its text, and the text of the one before it.
select p.id, p.version, p.body, p.published_at, p.withdrawn_at, p.note, u.display_name as by,
       (select e.body from published e where e.kind = p.kind and e.name = p.name and e.id < p.id
        order by e.id desc limit 1) as body_before
from published p left join users u on u.id = p.published_by
where p.kind = :kind and p.name = :name and p.id = :version_id;
