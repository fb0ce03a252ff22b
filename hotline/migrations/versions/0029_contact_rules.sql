-- How a caller wants to be called back (routing/calls/contact_rules.py): a sealed JSON value. What a person noted is not
-- written over by what the line sends later, and what a person took back does not come back with it.
alter table calls
    add column contact_rules bytea,
    add column contact_rules_by_hand boolean not null default false;
