-- What of a person's calls stands outside the calls themselves.

-- name: erase_audit_notes!
-- What staff wrote as reasons for looking at these calls; the entries and their digests stay, so that the chain holds.
delete from audit_notes n using audit_entries e
where e.id = n.entry_id and e.subject = any(:subjects::text[]);

-- name: erase_events!
-- Live events of these calls: ids only, and no console comes back for them.
delete from events where call_id = any(:ids::bigint[]);

-- name: stored_answers
-- Answers kept for repeated requests, a day at most; sealed, so they are looked into one by one.
select principal, route, key, response from idempotency_keys where response is not null;

-- name: erase_answer!
-- One of them.
delete from idempotency_keys where principal = :principal and route = :route and key = :key;

-- name: retention_runs
-- Retention rounds that erased something, newest first.
select at, subject, detail from audit_entries where action = 'retention_erased' order by at desc limit :limit;

-- name: drop_export_files!
-- Files of calls that somebody asked for and that are still kept: they may hold the person.
update export_jobs set state = 'expired', file = null where what = 'calls' and file is not null;
