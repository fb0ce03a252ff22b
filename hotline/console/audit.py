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
from hotline.web.keys import Services, needs, principal, services

PAGE_SIZE = 100
FILTERS = ("from", "to", "user_id", "action", "kind", "subject")
#: What entries are about: the part of the subject before its colon.
KINDS = {
    "call": "来电",
    "person": "来电人",
    "user": "账号",
    "queue": "队列",
    "shift": "班次",
    "week": "一周排班",
    "day": "节假日",
    "rotation": "轮值",
    "policy": "分流规则",
    "line_profile": "线路档案",
    "import": "导入",
    "grids": "网格",
    "organisation": "单位",
    "retention": "保存期限",
    "hold": "法律保留",
    "alert": "审计告警",
    "audit": "审计",
}


@needs("audit.alerts")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /audit; with HX-Request the next rows only. Entries for the auditor alone."""
    own, who = services(request), principal(request)
    shown: dict[str, Any] = {"actions": ACTIONS, "alert_kinds": ALERTS, "reasons": REASONS, "entries": [], "more": None}
    filters = {name: request.query.get(name, "") for name in FILTERS}
    chosen = {name: value for name, value in filters.items() if value}
    auditor = allowed(who.role, "audit.read")
    if auditor:
        rows = await read_entries(own, who, entry_filter(request), PAGE_SIZE + 1)
        if len(rows) > PAGE_SIZE:
            shown["more"] = "/audit?" + urlencode(chosen | {"before_id": rows[PAGE_SIZE - 1]["id"]})
        shown["entries"] = rows[:PAGE_SIZE]
    if "HX-Request" in request.headers:
        return fragment(request, "_audit_rows.html", shown)
    context = {
        **shown,
        "live": True,
        "filters": filters,
        "kinds": KINDS,
        "alerts": await read_alerts(own),
        "export": "/api/v1/audit/export.csv?" + urlencode(chosen),
        **(await _state(own, who.user_id) if auditor else {}),
    }
    return await page(request, "audit.html", context)


async def _state(own: Services, user_id: int) -> dict[str, Any]:
    """The chain, its receivers, who can be looked for, what was saved."""
    async with own.pool.acquire() as connection:
        saved = [dict(row) for row in await queries.own_filters(connection, user_id=user_id)]
        return {
            "verified": await queries.last_verification(connection),
            "chain": await queries.chain_state(connection),
            "shipping": [dict(row) for row in await queries.shipping(connection)],
            "receiver": str(own.settings.syslog) if own.settings.syslog else None,
            "people": [dict(row) for row in await account_queries.users(connection)],
            "saved": [each | {"href": "/audit?" + urlencode(each["query"])} for each in saved],
        }
