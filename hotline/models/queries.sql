-- Promoted models; the newest is in force.

-- name: model_in_force^
-- Which model workers have to use.
select id, name, digest, files is null as shipped from models order by id desc limit 1;

-- name: model_files$
-- The archive of one promoted model.
select files from models where id = :model_id;

-- name: promote_model<!
-- A model takes the place of the one before.
insert into models (name, files, digest) values (:name, :files, :digest) returning id;

-- name: models
-- All promotions, the newest first.
select id, name, digest, files is null as shipped, promoted_at, octet_length(files) as bytes
from models order by id desc;

-- name: model_before^
-- What was in force before the newest promotion.
select id, name, files, digest, files is null as shipped from models
where id < (select max(id) from models) order by id desc limit 1;

-- name: lock_models!
-- One promotion at a time.
lock table models in share row exclusive mode;

-- name: overruled
-- Calls that a person sent elsewhere than the policy had: the newest decision of a person on each, a page at a time.
-- Confidential calls are left out.
select c.id, c.line, c.transcript, c.caller_name, c.address, d.destination, u.role, t.danger_level, t.topics
from calls c
join lateral (select * from decisions x where x.call_id = c.id and x.by_user is not null
              order by x.id desc limit 1) d on true
join lateral (select * from decisions x where x.call_id = c.id and x.by_user is null and x.id < d.id
              order by x.id desc limit 1) m on true
join users u on u.id = d.by_user
left join triages t on t.id = c.triage_id
where c.id > :after and not c.confidential and d.destination <> m.destination
  and d.destination = any(:destinations::text[]) and d.created_at >= now() - make_interval(days => :days)
order by c.id limit :page;

-- name: erased
-- Calls whose words have been erased.
select id from calls where erased_parts && '{words,transcript}'::text[] order by id;
