"""The audit log for those who watch over the others: alerts first, the chain's state, then the entries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hotline.accounts.permissions import allowed
from hotline.accounts.store import queries as account_queries
from hotline.audit.actions import ACTIONS, ALERTS
from hotline.audit.reasons import REASONS
from hotline.audit.store import queries
from hotline.console.render import fragment, page
from hotline.web.api.audit import entry_filter, read_alerts, read_entries
from hotline.web.keys import needs, principal, services

PAGE_SIZE = 100
FILTERS = ("from", "to", "user_id", "action", "subject")


@needs("audit.alerts")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /audit; with HX-Request the next rows only. Entries for the auditor alone."""
    own, who = services(request), principal(request)
    shown: dict[str, Any] = {"actions": ACTIONS, "alert_kinds": ALERTS, "reasons": REASONS, "entries": [], "more": None}
    filters = {name: request.query.get(name, "") for name in FILTERS}
    if allowed(who.role, "audit.read"):
        rows = await read_entries(own, who, entry_filter(request), PAGE_SIZE + 1)
        if len(rows) > PAGE_SIZE:
            place = {name: value for name, value in filters.items() if value} | {"before_id": rows[PAGE_SIZE - 1]["id"]}
            shown["more"] = "/audit?" + urlencode(place)
        shown["entries"] = rows[:PAGE_SIZE]
    if "HX-Request" in request.headers:
        return fragment(request, "_audit_rows.html", shown)
    async with own.pool.acquire() as connection:
        last = await queries.last_verification(connection)
        people = [dict(row) for row in await account_queries.users(connection)]
    context = {
        **shown,
        "live": True,
        "filters": filters,
        "alerts": await read_alerts(own),
        "verified": last,
        "people": people,
    }
    return await page(request, "audit.html", context)
