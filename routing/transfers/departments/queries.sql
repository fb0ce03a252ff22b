-- Departments a person may name when a call is forwarded.

-- name: choices
-- Departments in use that the call does not complain about, each with the call's topics.
select o.id, o.name, o.aliases, t.topics,
       exists (select from users u where u.org_id = o.id and u.role = 'department' and u.disabled_at is null) as staffed
from organisations o
join calls c on c.id = :call_id left join triages t on t.id = c.triage_id
where o.kind = 'department' and o.retired_at is null
  and not exists (select from call_concerns k where k.call_id = :call_id and k.org_id = o.id)
order by o.name;

-- name: named^
-- One department in use, and whether the call complains about it.
select o.name, exists (select from call_concerns k where k.call_id = :call_id and k.org_id = o.id) as concerned
from organisations o where o.id = :org_id and o.kind = 'department' and o.retired_at is null;
