-- The outbox.

-- name: events_after
-- Committed events after a cursor, in commit order. Rows of transactions that an older one may still precede are
-- left for the next reading: every id below the snapshot minimum is decided.
select txid::text as txid, id, at, kind, call_id, queue, user_id, data
from events
where (txid, id) > (:txid::text::xid8, :id::bigint) and txid < pg_snapshot_xmin(pg_current_snapshot())
order by txid, id
limit :limit;

-- name: newest^
-- Where a console that has seen nothing begins.
select coalesce(max(txid), '0')::text as txid,
       coalesce((select max(id) from events e where e.txid = (select max(txid) from events
                 where txid < pg_snapshot_xmin(pg_current_snapshot()))), 0) as id
from events where txid < pg_snapshot_xmin(pg_current_snapshot());

-- name: prune!
-- Events older than a console can come back for.
delete from events where at < now() - make_interval(hours => :hours::int);
