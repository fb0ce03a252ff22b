-- Calls whose line never says that they ended.

-- name: end_silent_calls
-- Live calls that an operator holds, or nobody does yet, and of which nothing was heard for :silence_s seconds: the line
-- never said that they ended. They become recorded calls as by hang_up and are read again into a queue; their ids.
-- Rows that somebody is just changing are passed over: they were heard of.
with silent as (
    select id from calls
    where live and state in ('received', 'triaged', 'proposed')
      and heard_at < now() - make_interval(secs => :silence_s::double precision)
    order by id limit 100
    for update skip locked
), changed as (
    update calls c set live = false, held_by = null, revision = revision + 1,
        contact = case when c.intake = 'history' then c.contact when c.caller_hash is null then 'ticket'
                       else 'callback' end
    from silent s where c.id = s.id
    returning c.id, c.revision
), logged as (
    insert into call_log (call_id, action, detail)
    select id, 'hung_up', jsonb_build_object('silent', true) from changed
), told as (
    insert into events (kind, call_id) select 'call_updated', id from changed
), jobs as (
    insert into triage_jobs (call_id, revision, lane)
    select id, revision, 0 from changed
    on conflict (call_id) do update set
        revision = excluded.revision, lane = 0, enqueued_at = now(), attempts = 0,
        leased_until = null, set_aside_at = null
)
select id from changed;
