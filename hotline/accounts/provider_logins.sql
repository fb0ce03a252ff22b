-- Log-ins by the outside provider.

-- name: begin!
-- Somebody went to the provider; the answer is waited for this long.
insert into provider_logins (state_hash, browser_hash, nonce, verifier, target, expires_at)
values (:state_hash, :browser_hash, :nonce, :verifier, :target, now() + make_interval(mins => :minutes::int));

-- name: take^
-- The log-in an answer belongs to; it is taken once.
delete from provider_logins where state_hash = :state_hash
returning browser_hash, nonce, verifier, target, expires_at > now() as in_time;
