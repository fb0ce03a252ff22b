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
