"""The list of calls behind a figure of the statistics: the same filters, as many calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from hotline.access.service import without_own
from hotline.accounts.permissions import allowed
from hotline.console.language import say
from hotline.console.render import fragment, page, span
from hotline.statistics.tables import KEY_NAMES, labels
from hotline.web.keys import principal, services
from hotline.web.views import listed_call
from routing.calls.store import calls_by_id
from routing.policy.settings import Policy
from routing.statistics.behind.service import Behind, count_behind, list_behind, read_groups
from routing.statistics.counts import COUNTS

PAGE_SIZE = 50
#: Of figures that are no roll-ups; their periods are short.
LISTED_AT_MOST = 500
_WEEKDAYS = "一二三四五六日"


async def show_behind(
    request: web.Request, wanted: Behind, before_at: datetime | None, before_id: int | None
) -> web.StreamResponse:
    """GET /calls?counted=...; with HX-Request the next rows only."""
    own, who = services(request), principal(request)
    if not allowed(who.role, "statistics.read"):
        raise web.HTTPForbidden(text="您的角色不能按统计数字列出来电；请用上方条件查询。")
    async with own.pool.acquire() as connection:
        rows = await list_behind(
            connection, own.vault, wanted, before_at=before_at, before_id=before_id, limit=PAGE_SIZE + 1
        )
        visible = await without_own(connection, who, rows[:PAGE_SIZE])
        more = None
        if len(rows) > PAGE_SIZE:
            last = rows[PAGE_SIZE - 1]
            kept = [(name, value) for name, value in request.query.items() if name not in ("before_at", "before_id")]
            place = [("before_at", last["received_at"].isoformat()), ("before_id", last["id"])]
            more = "/calls?" + urlencode([*kept, *place])
        shown: dict[str, Any] = {"items": [listed_call(row) for row in visible], "more": more}
        if "HX-Request" in request.headers:
            return fragment(request, "_call_rows.html", shown)
        count, times = await count_behind(connection, wanted)
        groups = await read_groups(connection)
    chips = filter_words(wanted, own.published.policy, groups.names)
    return await page(request, "statistics_calls.html", {**shown, "chips": chips, "count": count, "times": times})


async def show_calls(
    request: web.Request, connection: Any, ids: Sequence[int], chips: list[tuple[str, str]]
) -> web.StreamResponse:
    """The same page for a figure that is counted from rows: ``ids`` once for each time a call counts."""
    own, who = services(request), principal(request)
    rows = await calls_by_id(connection, own.vault, set(ids), limit=LISTED_AT_MOST)
    visible = await without_own(connection, who, rows)
    shown = {"items": [listed_call(row) for row in visible], "more": None, "chips": chips}
    count = {"count": len(set(ids)), "times": len(ids), "most": LISTED_AT_MOST}
    return await page(request, "statistics_calls.html", {**shown, **count})


def filter_words(wanted: Behind, policy: Policy, organisations: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the list is filtered by, in words: period, keys, counts."""
    known = labels(policy, organisations)
    said = [(say("时段"), span(wanted.from_at, wanted.to_at))]
    for key, values in wanted.where.items():
        said.append((say(KEY_NAMES[key]), "、".join(_word(known, key, value) for value in values)))
    said.append((say("计数"), "、".join(say(COUNTS[name]) for name in wanted.counted)))
    if wanted.uncounted:
        said.append((say("除去"), "、".join(say(COUNTS[name]) for name in wanted.uncounted)))
    return said


def _word(known: dict[str, dict[str, str]], key: str, value: Any) -> str:
    if key == "weekday":
        return say(f"星期{_WEEKDAYS[value - 1]}")
    if key == "hour":
        return say("%(n)s 时", n=value)
    return say(known[key].get(value, value))
