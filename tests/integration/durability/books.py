"""The books of what came in: accepted = stored = triaged = decided = queued + closed, each once."""

from __future__ import annotations

from typing import Any

from tests.integration.durability.installation import Installation, rows

BOOKS = """
with mine as (select * from calls where starts_with(external_id, $1)),
items as (select i.* from queue_items i join mine on mine.id = i.call_id)
select count(*) as stored,
       count(distinct (line, external_id)) as keys,
       (select count(*) from call_versions v join mine on mine.id = v.call_id) as versions,
       (select count(*) from triages t join mine on mine.id = t.call_id) as triaged,
       (select count(*) from decisions d join mine on mine.id = d.call_id) as decided,
       (select count(distinct call_id) from items where role = 'lead') as queued,
       (select count(*) from items where role = 'lead') as lead_items,
       (select count(*) from items) as items,
       (select count(distinct (call_id, queue)) from items) as places,
       count(*) filter (where state = 'closed') as closed,
       (select count(*) from call_log l join mine on mine.id = l.call_id where l.action = 'triaged') as told_triaged,
       (select count(*) from events e join mine on mine.id = e.call_id where e.kind = 'call_received') as told_received,
       (select count(*) from triage_jobs j join mine on mine.id = j.call_id) as jobs_left
from mine
"""


def books(database: str, prefix: str) -> dict[str, int]:
    """The counts of the calls whose external id starts with ``prefix``."""
    return rows(database, BOOKS, prefix)[0]


def balanced(installation: Installation, prefix: str, *, imported: int, posted: list[int]) -> dict[str, Any]:
    """Wait until nothing of ``prefix`` is left to do, then check that everything happened once."""
    total = imported + len(posted)
    installation.until(lambda: books(installation.database, prefix)["jobs_left"] == 0)
    found = books(installation.database, prefix)
    assert len(set(posted)) == len(posted), "two posts were answered with one call"
    assert found["stored"] == found["keys"] == found["versions"] == total, found
    assert found["triaged"] == found["decided"] == found["told_triaged"] == total, found
    assert found["queued"] == found["lead_items"], found
    assert found["items"] == found["places"], found
    assert found["queued"] + found["closed"] == total, found
    assert found["told_received"] == len(posted), found
    return found
