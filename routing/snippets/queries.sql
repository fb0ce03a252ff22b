-- Snippets of law.

-- name: visible
-- A person's own snippets and those shared among lawyers, newest first.
select s.id, s.owner_id, s.shared, s.title, s.citation, s.body, s.version, s.changed_at,
       o.display_name as owner, c.display_name as changed_by
from law_snippets s join users o on o.id = s.owner_id join users c on c.id = s.changed_by
where s.shared or s.owner_id = :user_id
order by s.changed_at desc, s.id desc;

-- name: lock_visible^
-- One of them, locked.
select s.*, c.display_name as changed_by_name from law_snippets s join users c on c.id = s.changed_by
where s.id = :snippet_id and (s.shared or s.owner_id = :user_id)
for update of s;

-- name: counts^
-- How many there are, against filling up.
select count(*) filter (where owner_id = :user_id) as own, count(*) filter (where shared) as shared from law_snippets;

-- name: add<!
-- A new one.
insert into law_snippets (owner_id, shared, title, citation, body, changed_by)
values (:user_id, :shared, :title, :citation, :body, :user_id) returning id;

-- name: change!
-- One improved.
update law_snippets set shared = :shared, title = :title, citation = :citation, body = :body, version = version + 1,
    changed_at = now(), changed_by = :user_id
where id = :snippet_id;

-- name: remove!
-- One thrown away.
delete from law_snippets where id = :snippet_id;
