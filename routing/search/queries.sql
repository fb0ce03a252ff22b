-- Finding calls by words, by case code, by number. What was said stands sealed: words are found by keyed hashes of the
-- tokens (docs/adr/0019).

-- name: index_calls!
-- The words of calls, as of their newest reading.
insert into call_tokens (call_id, received_at, tokens)
select call_id, received_at, tokens
from jsonb_to_recordset(:rows::jsonb) as r(call_id bigint, received_at timestamptz, tokens bigint[])
order by call_id
on conflict (call_id) do update set received_at = excluded.received_at, tokens = excluded.tokens
where call_tokens.tokens <> excluded.tokens or call_tokens.received_at <> excluded.received_at;

-- name: by_words
-- Calls in which all of these words occur, newest first; the cursor is the last row's (received_at, id).
select t.call_id as id from call_tokens t
where t.tokens @> :tokens::bigint[]
  and (:from_at::timestamptz is null or t.received_at >= :from_at)
  and (:to_at::timestamptz is null or t.received_at < :to_at)
  and (:before_at::timestamptz is null or (t.received_at, t.call_id) < (:before_at, :before_id::bigint))
order by t.received_at desc, t.call_id desc
limit :limit;

-- name: by_code
-- Calls with this case code, of any line. A word that is a code finds both.
select id from calls where external_id = :code
  and (:from_at::timestamptz is null or received_at >= :from_at)
  and (:to_at::timestamptz is null or received_at < :to_at)
  and (:before_at::timestamptz is null or (received_at, id) < (:before_at, :before_id::bigint))
order by received_at desc, id desc
limit :limit;

-- name: by_number
-- Calls of this number, by its keyed hash. Confidential calls are not found by who made them (DESIGN section 5).
select id from calls where caller_hash = :number_hash and not confidential
  and (:from_at::timestamptz is null or received_at >= :from_at)
  and (:to_at::timestamptz is null or received_at < :to_at)
  and (:before_at::timestamptz is null or (received_at, id) < (:before_at, :before_id::bigint))
order by received_at desc, id desc
limit :limit;

-- name: shown
-- The list rows of calls that were found.
select c.id, c.line, c.external_id, c.state, c.received_at, c.contact, c.live, c.region, c.confidential,
       c.caller_number, c.caller_name, c.close_reason, c.excerpt,
       t.route, t.confidence, t.review, t.danger_level, t.topics,
       d.destination, d.queue, d.mode, d.priority, d.deadline
from calls c
left join triages t on t.id = c.triage_id
left join decisions d on d.id = c.decision_id
where c.id = any(:ids::bigint[])
order by c.received_at desc, c.id desc;
