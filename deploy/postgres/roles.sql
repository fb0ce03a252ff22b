-- The service's two database roles, made once by the superuser on a new, empty server (compose.yaml mounts this file into
-- the PostgreSQL image's docker-entrypoint-initdb.d, which runs it in the database POSTGRES_DB names).
--
--   hotline_owner  owns the database and its tables, and migrates (HOTLINE_OWNER_DATABASE_URL, `hotline migrate` only)
--   hotline        is the service: every `hotline migrate` grants it what web and workers need (hotline/migrations/grants.sql)
--
-- The service owns nothing, so it can neither change the audit log nor switch off the triggers that protect it. The
-- passwords are read from files, so that no statement and no environment holds them.
do $$
declare
    of_role record;
begin
    for of_role in
        select * from (values ('hotline_owner', '/run/secrets/database-owner-password'),
                              ('hotline', '/run/secrets/database-password')) as made(name, file)
    loop
        execute format('create role %I login nosuperuser nocreatedb nocreaterole password %L',
                       of_role.name, btrim(pg_read_file(of_role.file), E' \n\r\t'));
    end loop;
    -- so that the owner may end what the service is doing, as a restore needs it
    grant hotline to hotline_owner;
    execute format('alter database %I owner to hotline_owner', current_database());
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, temporary on database %I to hotline', current_database());
end $$;
