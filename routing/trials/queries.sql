-- Trials of drafts.

-- name: start_trial$
-- Ordered by a person; a worker takes it up.
insert into trials (kind, started_by, wanted, body) values (:kind, :user_id, :wanted, :body) returning id;

-- name: waiting_trials$
-- How many trials of one person are under way.
select count(*) from trials where started_by = :user_id and state in ('waiting', 'running');

-- name: trial^
-- One trial as its person sees it.
select id, kind, created_at, wanted, total, done, state, result, error,
       (select count(*) from trials e where e.state in ('waiting', 'running') and e.id < t.id) as before
from trials t where id = :trial_id and started_by = :user_id;

-- name: cancel_trial$
-- Called off by who ordered it; what runs stops at its next step.
update trials set state = 'cancelled', leased_until = null
where id = :trial_id and started_by = :user_id and state in ('waiting', 'running') returning id;

-- name: take_trial^
-- The oldest that waits, or that a worker has left: it begins anew.
update trials set state = 'running', worker = :worker, done = 0, total = null,
    leased_until = now() + make_interval(secs => :lease_s::double precision)
where id = (select id from trials where state = 'waiting' or (state = 'running' and leased_until < now())
            order by id limit 1 for update skip locked)
returning id, kind, wanted, body;

-- name: tell_progress$
-- So far; null where the trial was called off or taken by another worker.
update trials set done = :done, total = :total,
    leased_until = now() + make_interval(secs => :lease_s::double precision)
where id = :trial_id and worker = :worker and state = 'running' returning id;

-- name: finish_trial$
-- Done or failed; null where it was called off meanwhile.
update trials set state = :state, result = :result, error = :error, leased_until = null
where id = :trial_id and worker = :worker and state = 'running' returning id;

-- name: forget_trials!
-- What was tried out a day ago is of no use.
delete from trials where created_at < now() - interval '1 day';

-- name: newest_calls
-- The last calls with a reading in force and words that have not been erased, newest first.
select c.id from calls c
where c.triage_id is not null and not c.erased_parts && '{words,transcript}'::text[]
order by c.received_at desc, c.id desc limit :wanted;

-- name: calls_to_try
-- What policy and reader look at, as calls_to_read gives it, with the stored reading. live: as it was when the call was
-- decided, which its log tells.
select c.id, c.line, c.external_id, c.intake,
       c.live or exists (select from call_log l where l.call_id = c.id and l.state = 'proposed') as live,
       c.received_at, c.transcript, c.talk_time_s, c.region, c.caller_number is not null as has_number,
       c.confidential, t.reading
from calls c join triages t on t.id = c.triage_id
where c.id = any(:ids::bigint[]) order by c.received_at desc, c.id desc;
