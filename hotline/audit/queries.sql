-- The audit log.

-- name: record$
-- One act; its id.
insert into audit_entries (user_id, role, action, subject, reason, note, detail)
values (:user_id, :role, :action, :subject, :reason, :note, :detail::jsonb) returning id;
