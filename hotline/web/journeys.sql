-- Whose trace a request belongs to; asked only while tracing is on.

-- name: call_of_assignment$
-- The call somebody has in hand.
select call_id from assignments where id = :id;

-- name: call_of_transfer$
-- The call that was forwarded.
select call_id from transfers where id = :id;
