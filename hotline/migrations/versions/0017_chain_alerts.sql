-- An alert that is about no person: the audit chain is broken at a link.
alter table audit_alerts
    alter column user_id drop not null,
    add column seq bigint,                         -- of chain_broken: the first link that does not fit
    add constraint about_somebody_or_the_chain check ((user_id is null) = (seq is not null)) not valid;
-- One at a time, however many walk the chain.
create unique index on audit_alerts (kind) where seq is not null and acknowledged_at is null;
