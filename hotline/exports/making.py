"""Makes the content of an export: reads what was asked for, writes the file. Told how far it is as it goes.

What is ours in a file is said in the language in which it was asked for; codes, names and what callers said stay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from config.audit_limits import AuditLimits
from hotline.access.service import export as export_calls
from hotline.access.sheets import COLUMNS, export_row, watermark
from hotline.accounts.store import Principal
from hotline.audit.reasons import Reason
from hotline.audit.store import record
from hotline.console.language import Language, say, speaking
from hotline.console.words import DESTINATIONS
from hotline.exports.errors import ExportTooLarge
from hotline.exports.report import report_pdf
from hotline.published import Published
from hotline.statistics.asked import Asked, Pairs, asked
from hotline.statistics.sheets import Book, csv_bytes, xlsx_bytes
from hotline.statistics.tables import KEY_NAMES, Table, indicator_table, labels, routing_table
from routing.calls.store import CallFilter
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE
from routing.sealing import Vault
from routing.statistics import store
from routing.statistics.behind.service import read_groups

#: Tables of a report, after the indicators: title and keys.
REPORT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("合计", ()),
    ("线路、类别与去向", ("line", "route", "destination")),
    ("日期", ("day",)),
    ("星期与时段", ("weekday", "hour")),
    ("类别", ("route",)),
    ("去向", ("destination",)),
    ("建议去向与改派", ("proposed",)),
    ("队列", ("queue",)),
    ("承办组", ("org",)),
    ("主题", ("topic",)),
    ("区域", ("region",)),
)
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """One job with all that is needed to make its file."""

    pool: Any
    vault: Vault
    published: Published
    limits: AuditLimits
    who: Principal
    """Who asked: what they may see goes out."""
    job: Mapping[str, Any]
    at: datetime
    told: Told


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file."""

    content: bytes
    rows: int


def span_of(wanted: Mapping[str, Any]) -> Asked:
    """Period and filters out of what was asked for. Raises InvalidRequest."""
    pairs = [(str(key), str(value)) for key, value in wanted.get("query", [])]
    return asked(Pairs(pairs))


def keys_of(wanted: Mapping[str, Any], span: Asked) -> list[str]:
    """What a table is split by. One that is filtered by region shows the region too: small places stay hidden."""
    by = [str(key) for key in wanted.get("by", [])]
    return [*by, "region"] if "region" in span.where and "region" not in by else by


async def tables_of(
    connection: Any, published: Published, what: str, wanted: Mapping[str, Any], told: Told = lambda done, steps: None
) -> list[Table]:
    """The tables of a statistics export, small cells hidden. Raises InvalidRequest."""
    span = span_of(wanted)
    groups = await read_groups(connection)
    span = replace(span, where=groups.widened(span.where))
    words = labels(published.policy, groups.names)
    levels = await store.region_levels(connection)
    defined = published.indicators
    indicators_by = [key for key in wanted.get("by", []) if what == "indicators"]

    async def indicators() -> Table:
        found = await store.indicator_figures(connection, defined, span.from_at, span.to_at, indicators_by)
        return indicator_table(found, indicators_by, defined.version, levels, words)

    async def routing(title: str, by: list[str]) -> list[Table]:
        spans = [(False, (span.from_at, span.to_at))]
        if compared := span.before():
            spans.append((True, compared))
        return [
            routing_table(
                groups.merge(await store.sums(connection, *of, by, span.where)),
                by,
                levels,
                words,
                title=title,
                before=before,
            )
            for before, of in spans
        ]

    if what == "indicators":
        return [await indicators()]
    if what == "routing":
        return await routing("分流统计", keys_of(wanted, span))
    if "region" in span.where:
        raise InvalidRequest("region：报告不能只取一个区域；请改为导出按区域的分流统计。")
    tables = [await indicators()]
    for number, (title, keys) in enumerate(REPORT, 1):
        tables += await routing(title, list(keys))
        told(number, len(REPORT) + 3)
    return tables


def language_of(wanted: Mapping[str, Any]) -> Language:
    """In which language an export was asked for; what was asked for before languages were written down is Chinese."""
    return "en" if wanted.get("language") == "en" else "zh"


async def make(order: Order) -> Made:
    """The file of a job. Raises InvalidRequest, ExportTooLarge or ReportMissing."""
    with speaking(language_of(order.job["asked"])):
        return await _made(order)


async def _made(order: Order) -> Made:
    job, who, told = order.job, order.who, order.told
    if job["what"] == "calls":
        return await _calls(order)
    async with order.pool.acquire() as connection, connection.transaction():
        tables = await tables_of(connection, order.published, job["what"], job["asked"], told)
        rows = sum(len(table.rows) for table in tables)
        if rows > order.limits.export_max_rows:
            raise ExportTooLarge("rows")
        await record(
            connection,
            actor=who,
            action="statistics_exported",
            subject=f"export:{job['id']}",
            detail={
                "what": job["what"],
                "format": job["form"],
                **job["asked"],
                "rows": rows,
                "hidden": sum(table.hidden for table in tables),
            },
        )
    span = span_of(job["asked"])
    book = Book(
        title=say("热线分流统计报告") if job["what"] == "report" else say("热线分流"),
        period=_spans(span),
        filters=tuple(
            say("%(key)s：%(values)s", key=say(KEY_NAMES[key]), values=say("、").join(map(str, values)))
            for key, values in span.where.items()
        ),
        mark=marked(who, order.at),
        tables=tuple(tables),
    )
    if job["form"] == "pdf":
        return Made(await asyncio.to_thread(report_pdf, book, told), rows)
    if job["form"] == "csv":
        return Made(await asyncio.to_thread(csv_bytes, book), rows)
    return Made(await asyncio.to_thread(xlsx_bytes, book, told), rows)


def _spans(span: Asked) -> str:
    """The period in words, and the one it is compared with."""
    said = span_words(span.from_at, span.to_at)
    if before := span.before():
        said += say("；对比 %(span)s", span=span_words(*before))
    return said


async def _calls(order: Order) -> Made:
    job, who, told, at = order.job, order.who, order.told, order.at
    wanted, span = job["asked"], span_of(job["asked"])

    def only(key: str) -> str | None:
        return next(iter(span.where.get(key, ())), None)

    clear = bool(wanted.get("unmasked"))
    rows = await export_calls(
        order.pool,
        order.vault,
        who,
        CallFilter(
            line=only("line"),
            route=only("route"),
            destination=only("destination"),
            state=wanted.get("state"),
            from_at=span.from_at,
            to_at=span.to_at,
        ),
        Reason(wanted.get("reason", "report")),
        limit=order.limits.export_max_rows,
        form=job["form"],
        clear=clear,
        at=at,
    )
    taxonomy = order.published.policy.taxonomy
    names = {
        "routes": dict(taxonomy.routes),
        "topics": dict(taxonomy.topics),
        "destinations": {name: words[0] for name, words in DESTINATIONS.items()},
    }

    def write() -> bytes:
        cells = []
        for number, row in enumerate(rows):
            cells.append(tuple(export_row(row, names, clear=clear)))
            if number % 500 == 0:
                told(number, 2 * len(rows))
        mark = watermark(who.display_name, who.user_id, at, clear=clear, count=len(rows))
        table = Table("来电", (), COLUMNS, tuple(cells), shielded=True)
        book = Book(say("来电列表"), span_words(span.from_at, span.to_at), (), mark, (table,))
        return csv_bytes(book) if job["form"] == "csv" else xlsx_bytes(book, told)

    return Made(await asyncio.to_thread(write), len(rows))


def marked(who: Principal, at: datetime) -> str:
    """Who takes figures out, and when."""
    return say(
        "导出人 %(name)s（工号 %(number)s） %(at)s 仅供内部工作使用",
        name=who.display_name,
        number=who.user_id,
        at=local(at),
    )


def span_words(from_at: datetime, to_at: datetime) -> str:
    """A period in words."""
    return say("%(begin)s 至 %(end)s（不含）", begin=local(from_at), end=local(to_at))


def local(moment: datetime) -> str:
    """On the wall clock of Asia/Shanghai."""
    return f"{moment.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"
