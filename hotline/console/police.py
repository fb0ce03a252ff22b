"""The police desk 警务台: dangers first, then what waits; the call in hand is worked on as at any desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.access.service import without_own
from hotline.accounts.store import Principal
from hotline.console.calls import call_and_work, shown_call
from hotline.console.desk_view import Desk
from hotline.web.bodies import path_id
from hotline.web.case_views import listed_case
from hotline.web.keys import Services, needs, principal, services
from routing.cases.store import queries
from routing.police_returns.declined import danger_in
from routing.police_returns.service import newest_return
from routing.police_returns.service import queries as return_queries
from routing.police_returns.terms import REASONS

SHOWN = 100


async def _side(own: Services, who: Principal, _shown: dict[str, Any]) -> dict[str, Any]:
    """Alarms nobody has acknowledged by how long they sound, then danger by level, then the rest in their order; what a
    colleague has comes last."""
    names = list(own.published.policy.queues_of_role(who.role))
    now = datetime.now(UTC)
    async with own.pool.acquire() as connection:
        rows = await queries.waiting(connection, queues=names, user_id=who.user_id, readings=True, limit=SHOWN)
        rows = await without_own(connection, who, rows, "call_id")
    entries = []
    for row in rows:
        if row["assigned_to"] == who.user_id:
            continue
        entry = listed_case(own.vault, row, now)
        entry["kinds"] = sorted(danger_in(own.vault.open_json(entry.pop("reading"), "triages.reading")).kinds)
        entry["sounding"] = row["raised_at"] is not None and row["acknowledged_at"] is None
        entries.append(entry)
    entries.sort(key=_urgency)
    return {
        "dangers": [entry for entry in entries if entry["danger_level"] or entry["raised_at"]],
        "others": [entry for entry in entries if not entry["danger_level"] and not entry["raised_at"]],
        "queue_labels": {name: own.published.policy.queue(name).label for name in names},
    }


def _urgency(entry: dict[str, Any]) -> tuple[Any, ...]:
    begun = entry["raised_at"] or entry["enqueued_at"]
    taken = entry["held_by_name"] is not None
    return (taken, not entry["sounding"], -(entry["danger_level"] or 0), entry["priority"], begun, entry["item_id"])


async def _dialogs(_own: Services, _who: Principal, _shown: dict[str, Any]) -> dict[str, Any]:
    return {"no_police_reasons": REASONS}


async def _work(own: Services, _who: Principal, shown: dict[str, Any]) -> dict[str, Any]:
    async with own.pool.acquire() as connection:
        return {"declined": await newest_return(connection, own.vault, shown["call"]["id"]), "reasons": REASONS}


@needs("police.work")
async def look(request: web.Request) -> web.StreamResponse:
    """GET /console/calls/{id}/police: the call and what is asked of it before anybody accepts it, each as HTML."""
    own, who = services(request), principal(request)
    shown = await shown_call(own, who, path_id(request))
    names = list(own.published.policy.queues_of_role(who.role))
    async with own.pool.acquire() as connection:
        holder = await return_queries.holder(connection, call_id=path_id(request), queues=names)
    context = shown | await _work(own, who, shown) | {"holder": holder}
    return call_and_work(request, shown, "_police_look.html", context)


POLICE = Desk(
    page="desk_police.html",
    side="_police_side.html",
    work="_police_work.html",
    page_extra=_dialogs,
    side_extra=_side,
    work_extra=_work,
)
