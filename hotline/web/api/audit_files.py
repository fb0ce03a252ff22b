"""``/api/v1/audit``: filters an auditor uses again, and the log as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web
from pydantic import Field

from hotline.accounts.permissions import ROLES
from hotline.audit.actions import ACTIONS
from hotline.audit.reasons import REASONS
from hotline.audit.store import queries, record
from hotline.console.language import say
from hotline.formulas import harmless
from hotline.web.api.audit import EntryFilter, entries, entry_filter
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE

#: More than this nobody reads in one file; the filter by time divides it.
EXPORTED_AT_MOST = 50_000
_PAGE = 2_000
COLUMNS = ("环号", "记录号", "时间", "工号", "人员", "角色", "操作", "操作代码", "对象", "理由", "明细")
_NAMES = ("from", "to", "user_id", "action", "kind", "subject")


class FilterBody(Body):
    """POST /audit/filters."""

    name: str = Field(min_length=1, max_length=40)
    query: dict[str, str] = Field(max_length=len(_NAMES))


@needs("audit.read")
async def filters(request: web.Request) -> web.Response:
    """GET /audit/filters: one's own."""
    async with services(request).pool.acquire() as connection:
        rows = await queries.own_filters(connection, user_id=principal(request).user_id)
    return json_response({"items": [dict(row) for row in rows]})


@needs("audit.read")
async def save_filter(request: web.Request) -> web.Response:
    """POST /audit/filters: under a name, in place of an earlier one of that name."""
    body = await read_body(request, FilterBody)
    unknown = sorted(set(body.query) - set(_NAMES))
    if unknown or any(len(value) > 100 for value in body.query.values()):
        raise InvalidRequest(f"query：只能有 {'、'.join(_NAMES)}，每项最多 100 个字。")
    async with services(request).pool.acquire() as connection:
        filter_id = await queries.save_filter(
            connection,
            user_id=principal(request).user_id,
            name=body.name,
            query={name: value for name, value in body.query.items() if value},
        )
    return json_response({"filter_id": filter_id}, status=201)


@needs("audit.read")
async def drop_filter(request: web.Request) -> web.Response:
    """DELETE /audit/filters/{id}: of one's own; one that has gone already is no error."""
    async with services(request).pool.acquire() as connection:
        await queries.drop_filter(connection, filter_id=path_id(request), user_id=principal(request).user_id)
    return json_response({"filter_id": path_id(request)})


@needs("audit.read")
async def export(request: web.Request) -> web.StreamResponse:
    """GET /audit/export.csv with the filters of the list: watermarked, at most EXPORTED_AT_MOST entries."""
    own, who, wanted = services(request), principal(request), entry_filter(request)
    async with own.pool.acquire() as connection:
        # before the first row goes out: what was taken stands in the log whatever becomes of the transfer
        await record(
            connection,
            actor=who,
            action="audit_exported",
            subject="audit:log",
            detail={name: request.query[name] for name in _NAMES if request.query.get(name) and name != "subject"},
        )
    now = datetime.now(LOCAL_ZONE)
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="audit-{now:%Y%m%d-%H%M}.csv"',
        }
    )
    await answer.prepare(request)
    mark = say(
        "导出人 %(name)s（工号 %(number)s） %(at)s 审计日志 仅供内部工作使用",
        name=who.display_name,
        number=who.user_id,
        at=f"{now:%Y-%m-%d %H:%M:%S}",
    )
    await answer.write(b"\xef\xbb\xbf" + _csv([[harmless(mark)], [say(name) for name in COLUMNS]]))
    async for page in _pages(own, wanted):
        await answer.write(_csv([_row(entry) for entry in page]))
    await answer.write_eof()
    return answer


async def _pages(own: Services, wanted: EntryFilter) -> AsyncIterator[list[Any]]:
    before, left = wanted.before_id, EXPORTED_AT_MOST
    while left > 0:
        async with own.pool.acquire() as connection:
            rows = await entries(connection, wanted, before, min(_PAGE, left))
        if not rows:
            return
        yield rows
        left -= len(rows)
        before = rows[-1]["id"]


def _row(entry: Mapping[str, Any]) -> list[str]:
    at: datetime = entry["at"]
    values = (
        entry["seq"] or "",
        entry["id"],
        at.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
        entry["user_id"] or "",
        entry["by"] or "",
        say(ROLES.get(entry["role"], "")) if entry["role"] else "",
        say(ACTIONS.get(entry["action"], "")),
        entry["action"],
        entry["subject"],
        say(REASONS.get(entry["reason"], entry["reason"] or "")),
        orjson.dumps(entry["detail"]).decode() if entry["detail"] else "",
    )
    return [harmless(str(value)) for value in values]


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
