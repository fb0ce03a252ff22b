-- The outbox.

-- name: events_after
-- Committed events after a cursor, in commit order. Rows of transactions that an older one may still precede are
-- left for the next reading: every id below the snapshot minimum is decided.
-- The qualified names in the order matter: the bare one would be the text column of the answer, and 1000 < 999.
select e.txid::text as txid, e.id, e.at, e.kind, e.call_id, e.queue, e.user_id, e.data
from events e
where (e.txid, e.id) > (:txid::text::xid8, :id::bigint) and e.txid < pg_snapshot_xmin(pg_current_snapshot())
order by e.txid, e.id
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
