"""``/api/v1/statistics``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hotline.audit.store import record
from hotline.console.language import say
from hotline.exports.making import marked, span_words
from hotline.statistics.asked import asked
from hotline.statistics.picture import picture
from hotline.statistics.sheets import Book, csv_bytes, xlsx_bytes
from hotline.statistics.tables import Table, indicator_table, labels, routing_table
from hotline.web.bodies import moment
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE
from routing.statistics import store
from routing.statistics.behind.service import read_groups

_FORMATS = {
    "csv": ("text/csv", csv_bytes),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_bytes),
}


def _today() -> datetime:
    return datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def _span(request: web.Request) -> tuple[datetime, datetime]:
    """``from`` and ``to``; today without them."""
    return moment(request, "from") or _today(), moment(request, "to") or _today() + timedelta(days=1)


def _indicator_span(request: web.Request) -> tuple[datetime, datetime]:
    """``period``, else ``from`` and ``to``, else the reporting period of today."""
    indicators = services(request).published.indicators
    period = request.query.get("period")
    if period or not (request.query.get("from") or request.query.get("to")):
        return indicators.period(period or indicators.period_of(_today().date()))
    return _span(request)


def _listed(request: web.Request, name: str) -> list[str]:
    return list(dict.fromkeys(one for value in request.query.getall(name, []) for one in value.split(",") if one))


def _by(request: web.Request) -> list[str]:
    return _listed(request, "by")


@needs("statistics.read")
async def routing(request: web.Request) -> web.Response:
    """GET /statistics/routing?from=&to=&by=: from inclusive, to exclusive; today without them.

    ``line``, ``route`` and every other key, repeatable, let through only calls that have one of the values.
    Organisations of few people are shown as one, as on the pages and in exports.
    """
    wanted, by = asked(request.query), _by(request)
    async with services(request).pool.acquire() as connection:
        groups = await read_groups(connection) if "org" in (*by, *wanted.where) else None
        buckets = await store.routing_statistics(
            connection, wanted.from_at, wanted.to_at, by, wanted.where, groups=groups
        )
    return json_response({"from": wanted.from_at, "to": wanted.to_at, "by": by, "buckets": buckets})


@needs("statistics.read")
async def charts(request: web.Request) -> web.Response:
    """GET /statistics/charts?from=&to=&compare=: what the page of charts draws, with the same filters.

    ``parts``, repeatable or with commas, names those that are wanted, such as the charts that are seen.
    """
    async with services(request).pool.acquire() as connection:
        return json_response(await picture(connection, asked(request.query), _listed(request, "parts")))


@needs("statistics.read")
async def totals(request: web.Request) -> web.Response:
    """GET /statistics/totals?from=&to=: received, waiting, in hand, completed, closed, danger, review."""
    from_at, to_at = _span(request)
    async with services(request).pool.acquire() as connection:
        counts = await store.totals(connection, from_at, to_at)
    return json_response({"from": from_at, "to": to_at, **counts})


@needs("statistics.read")
async def indicators(request: web.Request) -> web.Response:
    """GET /statistics/indicators?period= or from=&to=, by=: each figure with its definition and version beside it."""
    own = services(request)
    defined = own.published.indicators
    from_at, to_at = _indicator_span(request)
    by = _by(request)
    async with own.pool.acquire() as connection:
        found = await store.indicator_figures(connection, defined, from_at, to_at, by)
    answered: list[dict[str, Any]] = [
        {
            "code": indicator.code,
            "name": indicator.name,
            "version": defined.version,
            "definition": indicator.definition(),
            "figures": [
                {
                    "keys": figure.keys,
                    "value": figure.value,
                    "numerator": figure.numerator,
                    "denominator": figure.denominator,
                    "reason": figure.reason,
                }
                for figure in figures
            ],
        }
        for indicator, figures in found
    ]
    return json_response(
        {
            "from": from_at,
            "to": to_at,
            "by": by,
            "version": defined.version,
            "first_day": defined.first_day,
            "indicators": answered,
        }
    )


@needs("statistics.export")
async def export(request: web.Request) -> web.Response:
    """GET /statistics/export?what=routing or indicators&format=csv or xlsx: small cells hidden, recorded."""
    own, who = services(request), principal(request)
    what, form = request.query.get("what", "routing"), request.query.get("format", "xlsx")
    if form not in _FORMATS:
        raise InvalidRequest("format：只能是 csv 或 xlsx。")
    if what not in ("routing", "indicators"):
        raise InvalidRequest("what：只能是 routing（分流统计）或 indicators（指标）。")
    by, at = _by(request), datetime.now(UTC)
    from_at, to_at = _indicator_span(request) if what == "indicators" else _span(request)
    async with own.pool.acquire() as connection, connection.transaction():
        groups = await read_groups(connection)
        words = labels(own.published.policy, groups.names)
        levels = await store.region_levels(connection)
        table: Table
        if what == "routing":
            buckets = groups.merge(await store.sums(connection, from_at, to_at, by))
            table = routing_table(buckets, by, levels, words)
        else:
            defined = own.published.indicators
            found = await store.indicator_figures(connection, defined, from_at, to_at, by)
            table = indicator_table(found, by, defined.version, levels, words)
        if len(table.rows) > own.audit_limits.export_approval_rows:
            return problem(
                409,
                "approval-needed",
                "须审批",
                f"表格有 {len(table.rows)} 行，超过 {own.audit_limits.export_approval_rows} 行须另一名管理者审批；"
                "请在“统计 › 导出与审批”申请。",
            )
        detail = {"what": what, "by": by, "format": form, "from": from_at.isoformat(), "to": to_at.isoformat()}
        await record(
            connection,
            actor=who,
            action="statistics_exported",
            subject=f"export:{at:%Y%m%dT%H%M%S}-{who.user_id}",
            detail={**detail, "rows": len(table.rows), "hidden": table.hidden},
        )
    book = Book(say("热线分流"), span_words(from_at, to_at), (), marked(who, at), (table,))
    kind, write = _FORMATS[form]
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="statistics-{at:%Y%m%d%H%M%S}.{form}"',
    }
    return web.Response(body=await asyncio.to_thread(write, book), content_type=kind, headers=headers)
