-- To whom items go first.

-- name: groups_of_grids
-- Who mediates in each of these grids: what the grid says, or the nearest above it that says so.
with recursive tree as (
    select id, code, mediator_group as committee from grids where parent_id is null
    union all
    select g.id, g.code, coalesce(g.mediator_group, t.committee) from grids g join tree t on g.parent_id = t.id
)
select code, committee from tree where code = any(:codes::text[]) and committee is not null;

-- name: group_of$
-- The mediators' group a person belongs to.
select mediator_group from agents where user_id = :user_id;

-- name: groups
-- Every group named in the tree, for choosing.
select distinct mediator_group as name from grids
where mediator_group is not null and retired_at is null order by 1;

-- name: first_mediators
-- Waiting items of a queue of mediators with those of the grid's group who are at work now and may have the item.
with recursive tree as (
    select id, code, mediator_group as committee from grids where parent_id is null
    union all
    select g.id, g.code, coalesce(g.mediator_group, t.committee) from grids g join tree t on g.parent_id = t.id
)
select i.id as item_id, array_agg(a.user_id) as user_ids
from queue_items i
join tree t on t.code = i.grid
join agents a on a.mediator_group = t.committee and a.presence in ('available', 'ringing', 'on_call', 'wrap_up')
join users u on u.id = a.user_id and u.disabled_at is null and u.role = any(:roles::text[])
where i.queue = :queue and i.state = 'waiting'
  and (i.topics = '{}' or cardinality(a.skills) = 0 or i.topics && a.skills)
  and (i.language is null or cardinality(a.languages) = 0 or i.language = any(a.languages))
  and (cardinality(a.grids) = 0
       or exists (select from unnest(a.grids) g where i.grid = g or starts_with(i.grid, g || '.')))
  and not exists (select from recusals r where r.call_id = i.call_id and r.user_id = a.user_id)
  and not exists (select from call_concerns k where k.call_id = i.call_id and k.org_id = u.org_id)
group by i.id;

-- name: departments_of_fields
-- Which departments answer for which field: they own its articles in the knowledge base. staffed: whether anybody
-- works there who could take a ticket.
select distinct v.topic, v.org_id, o.name,
       exists (select from users u where u.org_id = v.org_id and u.role = 'department' and u.disabled_at is null) as staffed
from articles a join article_versions v on v.article_id = a.id and v.version = a.version
join organisations o on o.id = v.org_id
where a.withdrawn_at is null and v.org_id <> 1 and o.retired_at is null order by v.topic, o.name;

-- name: first_departments
-- Waiting items of a queue of departments with the people of the department they were sent to by name, else of those
-- that answer for the item's field, whether they are there now or not: a ticket has days. A complaint about a
-- department is never one of its own; who objected to the dispatch and was right does not count.
with fields as (
    select distinct v.topic, v.org_id
    from articles a join article_versions v on v.article_id = a.id and v.version = a.version
    join organisations o on o.id = v.org_id
    where a.withdrawn_at is null and v.org_id <> 1 and o.retired_at is null
), items as (
    select i.id, i.call_id, i.org_id, t.topics[1] as topic
    from queue_items i join calls c on c.id = i.call_id left join triages t on t.id = c.triage_id
    where i.queue = :queue and i.state = 'waiting'
), owners as (
    select id, call_id, org_id from items where org_id is not null
    union all
    select n.id, n.call_id, f.org_id from items n join fields f on f.topic = n.topic where n.org_id is null
)
select w.id as item_id, array_agg(u.id) as user_ids
from owners w
join users u on u.org_id = w.org_id and u.disabled_at is null and u.role = any(:roles::text[])
where not exists (select from call_concerns k where k.call_id = w.call_id and k.org_id = w.org_id)
  and not exists (select from objections b join undertakings e on e.id = b.undertaking_id
                  where e.call_id = w.call_id and e.desk = 'departments' and b.decision = 'upheld' and b.by_user = u.id)
group by w.id;
