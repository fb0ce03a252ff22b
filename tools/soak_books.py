"""The books of a soak: what was accepted, and what has become of each call, once per call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil

#: Each call counts once. queued: it has, or had, a lead item in a queue. held: live, a proposal on an operator's table.
#: closed: ended without a queue (by policy, or answered directly). aside: its reading failed three times.
#: read_twice: by the same reader; the second one (a + in its model) may read what the first has read.
BOOKS = """
with call as (
    select c.id, c.state, c.live, c.triage_id, c.decision_id,
           exists (select from queue_items i where i.call_id = c.id and i.role = 'lead') as has_item,
           exists (select from queue_items i where i.call_id = c.id and i.role = 'lead'
                   and i.state in ('waiting', 'offered', 'claimed')) as has_open_item
    from calls c
)
select count(*) as stored,
       count(*) filter (where triage_id is not null) as triaged,
       count(*) filter (where decision_id is not null) as decided,
       count(*) filter (where has_item) as queued,
       count(*) filter (where not has_item and state = 'proposed') as held,
       count(*) filter (where not has_item and state in ('completed', 'closed')) as closed,
       (select count(*) from triage_jobs where set_aside_at is null) as to_read,
       (select count(*) from triage_jobs where set_aside_at is not null) as aside,
       count(*) filter (where state in ('queued', 'offered', 'claimed') and not has_open_item) as lost_items,
       count(*) filter (where state in ('completed', 'closed') and has_open_item) as left_items,
       (select count(*) from (select 1 from triages group by call_id, revision, position('+' in model) > 0
                              having count(*) > 1) d) as read_twice,
       (select count(*) from (select 1 from decisions where triage_id is not null
                              group by triage_id having count(*) > 1) d) as decided_twice,
       (select count(*) from (select 1 from queue_items where state in ('waiting', 'offered', 'claimed')
                              group by call_id, queue having count(*) > 1) d) as open_twice,
       (select count(*) from (select 1 from assignments where ended_at is null
                              group by queue_item_id having count(*) > 1) d) as claimed_twice
from call
"""
FAULTS = ("lost_items", "left_items", "read_twice", "decided_twice", "open_twice", "claimed_twice")


@dataclass
class Accepted:
    """What the service has answered for."""

    keys: set[tuple[str, str]] = field(default_factory=set)
    imported: int = 0

    @property
    def count(self) -> int:
        """Calls the service has said it has."""
        return len(self.keys) + self.imported


async def books(url: str) -> dict[str, int]:
    """The counts of BOOKS."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return dict(await connection.fetchrow(BOOKS))
    finally:
        await connection.close()


async def missing(url: str, keys: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Accepted keys that are not stored."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        found = await connection.fetch("select line, external_id from calls")
    finally:
        await connection.close()
    return sorted(keys - {(row["line"], row["external_id"]) for row in found})


def faults(found: dict[str, int], accepted: int, *, at_the_end: bool) -> list[str]:
    """What does not balance, in sentences; while traffic runs only what must hold at any moment."""
    wrong = [f"{name} is {found[name]}" for name in FAULTS if found[name]]
    if not at_the_end:
        return wrong
    if found["stored"] != accepted:
        wrong.append(f"accepted {accepted}, stored {found['stored']}")
    if not found["stored"] == found["triaged"] == found["decided"]:
        wrong.append(f"stored {found['stored']}, triaged {found['triaged']}, decided {found['decided']}")
    if found["queued"] + found["closed"] != found["decided"]:
        wrong.append(
            f"decided {found['decided']}, queued {found['queued']} + closed {found['closed']}, held {found['held']}"
        )
    if found["to_read"] or found["aside"]:
        wrong.append(f"{found['to_read']} still to read, {found['aside']} set aside")
    return wrong


def line_of(found: dict[str, int], accepted: int) -> str:
    """The books on one line."""
    return (
        f"accepted {accepted} stored {found['stored']} triaged {found['triaged']} decided {found['decided']} = queued "
        f"{found['queued']} + closed {found['closed']} (held {found['held']}, to read {found['to_read']}, aside "
        f"{found['aside']})"
    )


def memory(processes: list[psutil.Process]) -> str:
    """Resident memory of web and workers in MiB, the readers a worker starts counted with it."""
    shown: list[str] = []
    for process in processes:
        try:
            verb = process.cmdline()[-1]
            if verb not in ("serve", "work"):
                continue
            whole: list[Any] = [process, *process.children(recursive=True)]
            shown.append(f"{verb} {sum(one.memory_full_info().uss for one in whole) >> 20}")
        except psutil.Error:
            continue
    return "memory " + (", ".join(sorted(shown)) or "unknown")
