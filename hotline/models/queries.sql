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
