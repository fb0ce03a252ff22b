-- Claims and completions: one statement each, for they are made most often and hold locks.

-- name: claim_next^
-- An agent claims: the own offer that rings, else the next item they may take by priority and wait, and all that follows
-- from taking it (as in take_item, for an item that was chosen by hand). No row: nobody who may claim. Else one row with
-- the agent's level; assignment_id is null where there was nothing to take.
-- One statement: a claim waits for no round trip while it holds its locks. Item and call are locked; rows locked by
-- others are passed over, so two agents never wait for each other and never get the same call. Mirrors
-- eligibility.matches. open_after_s: how long an item must have waited before the tier of this agent opens; null: not
-- known, so that tiers above the first get nothing but what is theirs already.
-- A call-back this agent promised comes before all that waits, once it is due; others get it after reserved_until.
-- kept: items that go to others first (routing/queues/first/); a caller on the line does not wait longer than kept_s.
with agent as materialized (
    select a.skills, a.languages, a.grids, u.role, coalesce(t.level, 1) as level
    from agents a join users u on u.id = a.user_id
    left join tiers t on t.user_id = a.user_id and t.queue = :queue
    where a.user_id = :user_id and u.disabled_at is null
    -- the person first, then the call: who disables an account waits for claims under way, and none begins after that
    for share of u
), own as materialized (
    select i.id
    from queue_items i join calls c on c.id = i.call_id
    where exists (select from agent)
      and i.state = 'offered' and i.offered_to = :user_id and i.queue = :queue and i.offer_expires_at > now()
    limit 1
    for update of i, c skip locked
), promised as materialized (
    select i.id
    from queue_items i join calls c on c.id = i.call_id
    where exists (select from agent) and not exists (select from own)
      and i.state = 'waiting' and i.queue = :queue and i.not_before <= now() and i.reserved_for = :user_id
      and not exists (select from recusals r where r.call_id = i.call_id and r.user_id = :user_id)
    order by i.not_before, i.id
    limit 1
    for update of i, c skip locked
), best as materialized (
    select i.id
    from queue_items i join calls c on c.id = i.call_id
    where (select level <= 1 or :open_after_s::double precision is not null from agent)
      and not exists (select from own) and not exists (select from promised)
      and i.state = 'waiting' and i.queue = :queue
      and (i.not_before is null or (i.not_before <= now() and (i.reserved_for is null or i.reserved_until <= now())))
      -- who was recused from a call does not get it again
      and not exists (select from recusals r where r.call_id = i.call_id and r.user_id = :user_id)
      -- a complaint never goes to whom it concerns
      and not exists (select from call_concerns k join users u on u.org_id = k.org_id
                      where k.call_id = i.call_id and u.id = :user_id)
      and (i.topics = '{}' or cardinality((select skills from agent)) = 0 or i.topics && (select skills from agent))
      and (i.language is null or cardinality((select languages from agent)) = 0
           or i.language = any((select languages from agent)::text[]))
      and (i.grid is null or cardinality((select grids from agent)) = 0
           or exists (select from unnest((select grids from agent)) g where i.grid = g or starts_with(i.grid, g || '.')))
      and i.enqueued_at <= now() - make_interval(secs => coalesce(:open_after_s::double precision, 0))
      and (i.id <> all(:kept::bigint[])
           or (i.live and i.enqueued_at <= now() - make_interval(secs => :kept_s::double precision)))
    order by i.priority, i.enqueued_at, i.id
    limit 1
    for update of i, c skip locked
), item as (
    update queue_items set state = 'claimed', claimed_at = now(), offered_to = null, offer_expires_at = null
    where id = coalesce((select id from own), (select id from promised), (select id from best))
    returning id, call_id, queue, role, enqueued_at, entered_at, counted, limit_s
), called as (
    update calls c set state = 'claimed' from item i where c.id = i.call_id and i.role = 'lead'
), moved as (
    update transfers t set state = 'taken', ended_at = now() from item i
    where t.queue_item_id = i.id and t.state in ('pending', 'confirmed')
), busy as (
    update agents set presence = 'on_call', presence_since = now(), wrap_up_until = null, wrap_up_extended = false,
        no_answers = 0, penalty_until = null, calls_taken = calls_taken + 1
    where user_id = :user_id and exists (select from item)
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select call_id, case when role = 'lead' then 'claimed' end, 'claimed', :user_id,
           jsonb_build_object('queue', queue, 'off_roster', :off_roster::boolean)
    from item
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_claimed', call_id, queue, :user_id from item
), taken as (
    insert into assignments (queue_item_id, call_id, user_id, lease_expires_at, off_roster, queue, role, enqueued_at,
                             entered_at, counted, limit_s, desk_role)
    select id, call_id, :user_id, now() + make_interval(secs => :lease_s::double precision), :off_roster, queue, role,
           enqueued_at, entered_at, counted, limit_s, (select a.role from agent a)
    from item
    returning id, call_id, lease_expires_at
)
select a.level, now() as read_at, t.id as assignment_id, t.call_id, t.lease_expires_at
from agent a left join taken t on true;

-- name: other_shift!
-- A claim just made was on the roster where it says off, or the other way round.
with turned as (
    update assignments set off_roster = not off_roster where id = :assignment_id returning call_id, off_roster
)
update call_log l set detail = l.detail || jsonb_build_object('off_roster', t.off_roster) from turned t
where l.id = (select max(o.id) from call_log o where o.call_id = t.call_id and o.action = 'claimed');

-- name: claimed_call^
-- A call just claimed with what is read first: its newest reading, the decision in force, who stands on the other side.
select c.*, t.id as reading_id, t.revision as reading_revision, t.created_at as reading_at, t.reading,
       d.id as decision_row, d.body, d.by_user, b.display_name as by_name, d.created_at as decided_at,
       p.name as opposed_name, o.display_name as opposed_told_by
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id left join users b on b.id = d.by_user
left join counterparties p on p.call_id = c.id left join users o on o.id = p.told_by
where c.id = :call_id;

-- name: complete^
-- Handled: the assignment ends, the item has served its purpose, a lead call is completed, the agent wraps up (see
-- after_call) for as long as wrap_ups ({queue: seconds}) says. One statement. The row is the assignment as it stood,
-- locked: where it is somebody else's or has ended, nothing was done.
with found as materialized (
    select s.id, s.user_id, s.ended_at, s.queue
    from calls c join queue_items i on i.call_id = c.id join assignments s on s.queue_item_id = i.id
    where s.id = :assignment_id
    for update
), ended as (
    update assignments s set ended_at = now(), outcome = 'completed', disposition = :disposition,
        notes = coalesce(:notes, s.notes), summary = coalesce(:summary, s.summary),
        summary_approved_at = case when :approved::boolean is null then s.summary_approved_at
                                   when :approved then coalesce(s.summary_approved_at, now()) end
    where s.id = (select id from found where user_id = :user_id and ended_at is null)
    returning s.call_id, s.queue, s.role, s.queue_item_id,
              coalesce((:wrap_ups::jsonb ->> s.queue)::int, 0) as wrap_up_s
), item as (
    update queue_items i set state = 'done', ended_at = now() from ended e where i.id = e.queue_item_id
), called as (
    update calls c set state = 'completed' from ended e where c.id = e.call_id and e.role = 'lead'
    returning c.id, e.queue
), logged as (
    insert into call_log (call_id, state, action, user_id, detail)
    select id, 'completed', 'completed', :user_id, jsonb_build_object('queue', queue) from called
), agent as (
    update agents a set last_completed_at = now(), presence_since = now(), wrap_up_extended = false,
        presence = case when a.presence in ('paused', 'offline') then a.presence
                        when e.wrap_up_s > 0 then 'wrap_up' else 'available' end,
        wrap_up_until = case when e.wrap_up_s > 0 and a.presence not in ('paused', 'offline')
                             then now() + make_interval(secs => e.wrap_up_s) end
    from ended e
    where a.user_id = :user_id and not exists (
        select from assignments s where s.user_id = :user_id and s.ended_at is null and s.id <> :assignment_id)
), told as (
    insert into events (kind, call_id, queue, user_id) select 'call_completed', call_id, queue, :user_id from ended
)
select user_id, ended_at from found;
