"""The banner of open alarms: whom they have reached, who asks for a shift leader."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.access.service import without_own
from hotline.web.keys import Services, principal, services
from hotline.web.views import listed_item
from routing.danger.escalation import STAGE_LABELS, Listener, shown, sounds
from routing.danger.service import queries


async def open_alarms(request: web.Request) -> dict[str, Any]:
    """What ``_alarms.html`` needs: danger that nobody has acknowledged and that has reached who asks."""
    own, who = services(request), principal(request)
    listener = own.published.listener(who.user_id, who.role, datetime.now(UTC))
    async with own.pool.acquire() as connection:
        rows = await without_own(connection, who, await queries.open_alarms(connection), "call_id")
        wanted: list[Any] = []
        if listener.leads:
            wanted = await without_own(connection, who, await queries.wanted_leaders(connection), "call_id")
    entries = [_alarm(own, row, listener) for row in rows]
    return {
        "alarms": [entry for entry in entries if entry["shown"]],
        "wanted": [listed_item(own.vault, row) for row in wanted],
        "stage_labels": STAGE_LABELS,
    }


def _alarm(own: Services, row: Any, listener: Listener) -> dict[str, Any]:
    rules = own.published.danger.escalation
    who = {"stage": row["stage"], "holder": row["held_by"], "listener": listener, "rules": rules}
    return listed_item(own.vault, row) | {
        "shown": shown(**who),
        "sounds": row["level"] >= 2 and sounds(**who),
        "next_at": rules.next_at(row["stage"], row["raised_at"]),
    }
