-- name: reach^
-- What the connected role could do to the audit log beyond adding to it: as superuser, as owner of a table that carries the
-- trigger append_only (or a member of its owner), or by a grant.
select current_user as role, r.rolsuper as superuser,
       coalesce(bool_or(pg_has_role(current_user, c.relowner, 'member')), false) as owner,
       coalesce(bool_or(has_table_privilege(c.oid, 'update, delete, truncate, trigger')), false) as granted
from pg_roles r
left join (pg_class c join pg_trigger t on t.tgrelid = c.oid and t.tgname = 'append_only' and not t.tgisinternal) on true
where r.rolname = current_user
group by r.rolsuper;
