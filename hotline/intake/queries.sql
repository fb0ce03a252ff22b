-- Line profiles published on this installation, and imports run from the console.

-- name: published_profiles
-- The published version of each line profile in force.
select p.name, p.version, p.body, p.published_at, u.display_name as by
from published p left join users u on u.id = p.published_by
where p.kind = 'line' and p.withdrawn_at is null order by p.name;

-- name: publications$
-- How often a profile was published here: the next version's number follows.
select count(*) from published where kind = 'line' and name = :name;

-- name: begin_run$
-- An import begins; its number.
insert into import_runs (user_id, profile, version, line, intake, file_bytes)
values (:user_id, :profile, :version, :line, :intake, :file_bytes) returning id;

-- name: end_run!
-- What came of it.
update import_runs set ended_at = now(), accepted = :accepted, updated = :updated, duplicates = :duplicates,
    rejected = :rejected, reject_file = :reject_file, problem = :problem where id = :run_id;

-- name: runs
-- Imports, newest first; profile null: of every profile.
select r.id, r.profile, r.version, r.line, r.intake, r.file_bytes, r.started_at, r.ended_at, r.accepted, r.updated,
       r.duplicates, r.rejected, r.reject_file is not null as has_rejects, r.problem, u.display_name as by
from import_runs r left join users u on u.id = r.user_id
where :profile::text is null or r.profile = :profile order by r.id desc limit :limit;

-- name: run^
-- One import.
select id, profile, reject_file from import_runs where id = :run_id;
