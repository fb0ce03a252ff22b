-- Keys of the sealing, as the database knows them.

-- name: keys
-- Every key that has sealed values here; id 0 is the look-up key.
select id, suite, check_value, first_used_at, retired_at from sealing_keys order by id;

-- name: add_key!
-- A key seals here from now on.
insert into sealing_keys (id, suite, check_value) values (:id, :suite, :check_value) on conflict (id) do nothing;

-- name: retire_key!
-- Nothing is sealed by this key any more, and nothing will be.
update sealing_keys set retired_at = now() where id = :id;

-- name: clear_left$
-- Whether values of before the sealing may still stand here in clear.
select clear_left from sealing_state;

-- name: clear_done!
-- Everything is sealed: values in clear are refused from now on.
update sealing_state set clear_left = false;

-- name: unindexed
-- Calls that no word finds yet, a batch at a time.
select c.id, c.received_at, c.segments from calls c
where c.id > :after and not exists (select from call_tokens t where t.call_id = c.id)
order by c.id limit :limit;
