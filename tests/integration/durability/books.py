"""The books of what came in: stored, triaged and decided once per version, queued or closed once per call."""

from __future__ import annotations

from typing import Any

from tests.integration.durability.feeding import Importing, LivePosting
from tests.integration.durability.installation import UNHURRIED_S, Installation, rows, value

#: newest_read, in_force, queued and closed count calls: those whose newest version has been read, whose one decision in
#: force is of that reading, that stand in a lead queue, that were closed. A version that gave way to the next before
#: anybody had read it is never read.
BOOKS = """
with mine as materialized (select * from calls where starts_with(external_id, $1)),
versions as not materialized (select v.* from call_versions v join mine on mine.id = v.call_id),
read as not materialized (select t.* from triages t join mine on mine.id = t.call_id),
decided as not materialized (select d.* from decisions d join mine on mine.id = d.call_id),
open as not materialized (select i.* from queue_items i join mine on mine.id = i.call_id
         where i.state in ('waiting', 'offered', 'claimed')),
told as (select e.kind, count(*) from events e join mine on mine.id = e.call_id group by e.kind)
select count(*) as stored,
       count(distinct (line, external_id)) as keys,
       (select count(*) from versions) as versions,
       (select count(distinct (call_id, content_hash)) from versions) as contents,
       (select count(*) from read) as triaged,
       (select count(distinct (call_id, revision)) from read) as triaged_versions,
       count(*) filter (where exists (select from read where read.id = mine.triage_id
                                      and read.revision = mine.revision)) as newest_read,
       (select count(*) from decided) as decided,
       (select count(distinct triage_id) from decided) as decided_readings,
       count(*) filter (where (select array_agg(decided.triage_id) from decided where decided.call_id = mine.id
                               and decided.superseded_at is null) = array[mine.triage_id]) as in_force,
       (select count(*) from open) as open_items,
       (select count(distinct (call_id, queue)) from open) as places,
       (select count(*) from open where role = 'lead') as lead_items,
       (select count(distinct call_id) from open where role = 'lead') as queued,
       count(*) filter (where state = 'closed') as closed,
       (select count(*) from call_log l join mine on mine.id = l.call_id where l.action = 'triaged') as told_triaged,
       (select count from told where kind = 'call_received') as told_received,
       (select count from told where kind = 'call_updated') as told_updated
from mine
"""


#: Asked over and over while workers work, hence apart and cheap.
JOBS_LEFT = """
select count(*) from triage_jobs j join calls c on c.id = j.call_id where starts_with(c.external_id, $1)
"""


def books(database: str, prefix: str) -> dict[str, int]:
    """The counts of the calls whose external id starts with ``prefix``."""
    return rows(database, BOOKS, prefix)[0]


def balanced(
    installation: Installation, prefix: str, posting: LivePosting, importing: Importing | None = None
) -> dict[str, Any]:
    """Wait until nothing of ``prefix`` is left to do, then check that everything happened once."""
    calls, versions = len(posting.accepted), posting.versions
    if importing is not None:
        calls, versions = calls + importing.count, versions + importing.versions
    installation.until(lambda: value(installation.database, JOBS_LEFT, prefix) == 0, pause_s=UNHURRIED_S)
    found = books(installation.database, prefix)
    assert posting.changed, "no second version was posted"
    assert len(set(posting.accepted)) == len(posting.accepted), "two posts were answered with one call"
    assert found["stored"] == found["keys"] == calls, found
    assert found["versions"] == found["contents"] == versions, found
    assert found["triaged"] == found["triaged_versions"] == found["told_triaged"], found
    assert found["decided"] == found["decided_readings"] == found["triaged"], found
    assert calls <= found["triaged"] <= versions, found
    assert found["newest_read"] == found["in_force"] == calls, found
    assert found["open_items"] == found["places"], found
    assert found["queued"] == found["lead_items"], found
    assert found["queued"] + found["closed"] == calls, found
    assert found["told_received"] == len(posting.accepted), found
    assert found["told_updated"] == posting.changed, found
    return found
