-- What the service's own role may do, run by the owner of the tables after every migration.
-- hotline.service_role names the role. Tables that carry the trigger append_only take inserts only; the schema's
-- version is only read. No table is the service's own, so it can neither alter one nor switch a trigger off.
do $$
declare
    who text := current_setting('hotline.service_role');
    protected regclass;
begin
    if who = current_user then
        return;
    end if;
    execute format('grant usage on schema public to %I', who);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', who);
    execute format('grant usage, select on all sequences in schema public to %I', who);
    for protected in
        select t.tgrelid::regclass from pg_trigger t where t.tgname = 'append_only' and not t.tgisinternal
    loop
        execute format('revoke update, delete, truncate, references, trigger on %s from %I', protected, who);
    end loop;
    execute format('revoke insert, update, delete on alembic_version from %I', who);
    -- by which keys a wrong key file is known, and what must be kept: ended by a mark, never removed
    for protected in select to_regclass(name) from unnest(array['sealing_keys', 'legal_holds']) as name
    loop
        if protected is not null then
            execute format('revoke delete on %s from %I', protected, who);
        end if;
    end loop;
    -- tables the owner makes later, such as partitions
    execute format('alter default privileges in schema public grant select, insert, update, delete on tables to %I', who);
    execute format('alter default privileges in schema public grant usage, select on sequences to %I', who);
end $$;
