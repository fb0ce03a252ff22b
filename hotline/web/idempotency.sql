-- Answers to requests that carried an Idempotency-Key.

-- name: reserve$
-- True when the key is new, or older than 24 h; a concurrent request with the same key waits here.
insert into idempotency_keys (principal, route, key, body_hash, status, response)
values (:principal, :route, :key, :body_hash, 0, null)
on conflict (principal, route, key) do update set
    body_hash = excluded.body_hash, status = 0, response = null, created_at = now()
where idempotency_keys.created_at < now() - interval '24 hours'
returning true;

-- name: answered^
-- The answer given before.
select body_hash, status, response from idempotency_keys
where principal = :principal and route = :route and key = :key;

-- name: keep!
-- The answer given now.
update idempotency_keys set status = :status, response = :response
where principal = :principal and route = :route and key = :key;
