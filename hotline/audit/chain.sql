-- The chain over the audit log: linking, checkpoints, walking, shipping, counting look-ups.

-- name: lock_chain$
-- One linker at a time ("HA" in ASCII); whoever comes second goes away.
select pg_try_advisory_xact_lock(18497);

-- name: chain$
-- The chain's id.
select id::text from audit_chain;

-- name: last_link^
-- The end of the chain.
select seq, txid::text as txid, entry_id, link from audit_links order by seq desc limit 1;

-- name: to_link
-- Entries after the end of the chain in commit order: none of these can be preceded by one that is still to come.
select txid::text as txid, id, at, user_id, role, action, subject, reason, note_digest, detail
from audit_entries
where (txid, id) > (:txid::text::xid8, :entry_id::bigint) and txid < pg_snapshot_xmin(pg_current_snapshot())
-- by the number, not by the column of the answer, which is its text: 999 comes before 1000
order by audit_entries.txid, id limit :limit;

-- name: add_links!
-- More links.
insert into audit_links (seq, txid, entry_id, link, key_id)
select r.seq, r.txid::xid8, r.entry_id, r.link, :key_id
from unnest(:seqs::bigint[], :txids::text[], :entry_ids::bigint[], :links::bytea[]) as r(seq, txid, entry_id, link);

-- name: last_checkpoint^
-- The newest checkpoint in the database.
select seq, at from audit_checkpoints order by seq desc limit 1;

-- name: add_checkpoint!
-- A signed statement how long the chain is.
insert into audit_checkpoints (seq, link, key_id, signature, at) values (:seq, :link, :key_id, :signature, :at)
on conflict (seq) do nothing;

-- name: checkpoints
-- Every checkpoint.
select seq, link, key_id, signature, at from audit_checkpoints order by seq;

-- name: links
-- A stretch of the chain with what it covers; entry columns are null where the entry is gone.
select l.seq, l.link, l.key_id, l.entry_id, e.txid::text as txid, e.id, e.at, e.user_id, e.role, e.action, e.subject,
       e.reason, e.note_digest, e.detail
from audit_links l left join audit_entries e on e.id = l.entry_id and e.txid = l.txid
where l.seq > :after order by l.seq limit :limit;

-- name: slipped_in^
-- The first entry within the chain's length that no link covers, and the link it stands before.
select e.id, (select min(l.seq) from audit_links l where (l.txid, l.entry_id) > (e.txid, e.id)) as before_seq
from audit_entries e left join audit_links l on l.entry_id = e.id
where l.seq is null and (e.txid, e.id) < (:txid::text::xid8, :entry_id::bigint)
order by e.txid, e.id limit 1;

-- name: pending^
-- Entries that wait for their link.
select count(*) as entries, min(at) as oldest from audit_entries
where (txid, id) > (:txid::text::xid8, :entry_id::bigint);

-- name: notes
-- Notes of a stretch of entries, with the digests their entries keep.
select n.entry_id, n.note, e.note_digest from audit_notes n join audit_entries e on e.id = n.entry_id
where n.entry_id > :after order by n.entry_id limit :limit;

-- name: looked_up$
-- How many different calls or persons somebody looked up in the time before; with :user_id null, somebody at the machine,
-- whom :role names.
select count(distinct subject) from audit_entries
where (user_id = :user_id or (:user_id::bigint is null and user_id is null and role = :role::text))
  and action = any(:actions::text[])
  and at > :at::timestamptz - make_interval(secs => :window_s) and at <= :at;

-- name: raise_alert$
-- One alert a person, kind and window; its id, or null where one stands already. :role names who has no account.
insert into audit_alerts (kind, user_id, role, counted, allowed)
select :kind, :user_id, :role, :counted, :allowed
where (:user_id::bigint is null or exists (select from users where id = :user_id)) and not exists (
    select from audit_alerts
    where (user_id = :user_id or role = :role::text) and kind = :kind
      and raised_at > now() - make_interval(secs => :window_s))
returning id;

-- name: raise_chain_alert$
-- The chain is broken at this link; its id, or null while nobody has looked into the one before.
insert into audit_alerts (kind, seq, counted, allowed) values ('chain_broken', :seq, 1, 0)
on conflict do nothing returning id;

-- name: lock_verifying$
-- One process at a time walks the chain by itself; held until the connection lets go.
select pg_try_advisory_lock(18497, 1);

-- name: unlock_verifying$
-- The walk is over.
select pg_advisory_unlock(18497, 1);

-- name: verified_since$
-- Whether the chain was begun or walked within so many seconds, by whomever.
select exists (select from audit_entries where action = 'audit_verified'
               and at > now() - make_interval(secs => :within_s::double precision))
    or exists (select from audit_chain where started_at > now() - make_interval(secs => :within_s::double precision));

-- name: tell!
-- Consoles of those who look into alerts.
insert into events (kind, user_id, data) values ('audit_alert', :user_id, jsonb_build_object('alert_id', :alert_id::bigint, 'alert', :kind::text));

-- name: shipped$
-- How far a receiver has been told; 0: nothing yet.
select coalesce((select seq from audit_shipping where receiver = :receiver), 0);

-- name: set_shipped!
-- The receiver has it up to this link.
insert into audit_shipping (receiver, seq) values (:receiver, :seq)
on conflict (receiver) do update set seq = excluded.seq, shipped_at = now();

-- name: to_ship
-- Linked entries after a place, for the receiver.
select l.seq, l.link, e.id, e.at, e.user_id, e.role, e.action, e.subject, e.reason
from audit_links l join audit_entries e on e.id = l.entry_id and e.txid = l.txid
where l.seq > :after order by l.seq limit :limit;

-- name: lock_shipping$
-- One sender at a time ("HS" and a number of its own).
select pg_try_advisory_xact_lock(18515, 4);
