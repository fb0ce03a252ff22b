-- Of backups and drills.

-- name: tables
-- Every table that outlives a crash, partitions by themselves.
select c.relname as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as quoted
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' and c.relpersistence = 'p'
order by c.relname;

-- name: snapshot^
-- The transactions that are decided: all below xmax where xmin equals it.
select pg_snapshot_xmin(s)::text as xmin, pg_snapshot_xmax(s)::text as xmax from pg_current_snapshot() s;

-- name: place^
-- The end of the log, and how many transactions that write are open: each holds a lock on its own number.
select pg_current_wal_insert_lsn()::text as lsn,
       (select count(*) from pg_locks where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted) as open;

-- name: mark!
-- A record in the log without a meaning, so that something follows the place just read.
select pg_logical_emit_message(false, 'hotline', :words);

-- name: forget_events!
-- After a dump was restored into another server, whose transaction numbers are its own.
delete from events;
