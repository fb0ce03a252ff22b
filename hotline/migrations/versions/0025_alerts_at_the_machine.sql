-- An alert may be about somebody at the machine, who has no account: the role of such acts, 'cli:NAME'.
alter table audit_alerts
    add column role text,                          -- of a bulk look-up by a command
    drop constraint about_somebody_or_the_chain,
    add constraint about_somebody_or_the_chain check (num_nonnulls(user_id, role, seq) = 1) not valid;
create index on audit_alerts (role, kind, raised_at) where role is not null;
