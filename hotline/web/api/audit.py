"""``/api/v1/audit``: the log, its alerts, its verification. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from hotline.audit.rounds import checkpoint_file
from hotline.audit.store import queries, record, record_look
from hotline.audit.verify import Verdict, record_verdict, verify_chain
from hotline.console.sentences import tell
from hotline.web.bodies import moment, path_id, whole
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from hotline.web.progress import Progress, answer_with_progress
from routing.errors import IllegalTransition

#: More alerts than this nobody reads on one page.
ALERTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What is asked of the log; None leaves a field open."""

    from_at: datetime | None
    to_at: datetime | None
    user_id: int | None
    action: str | None
    subject: str | None
    kind: str | None
    """What the subject is: the part before its colon."""
    before_id: int | None


def entry_filter(request: web.Request) -> EntryFilter:
    """The filter in a query string. Raises InvalidRequest."""
    query = request.query
    limit = 10**9 - 1
    return EntryFilter(
        moment(request, "from"),
        moment(request, "to"),
        whole(request, "user_id", 0, low=0, high=limit) or None,
        query.get("action") or None,
        query.get("subject", "").strip() or None,
        query.get("kind", "").strip() or None,
        whole(request, "before_id", 0, low=0, high=limit) or None,
    )


async def entries(connection: Any, wanted: EntryFilter, before_id: int | None, limit: int) -> list[Any]:
    """Rows of the log newest first, at most ``limit``, with an id below ``before_id`` where one is given."""
    rows: list[Any] = await queries.entries(
        connection,
        from_at=wanted.from_at,
        to_at=wanted.to_at,
        user_id=wanted.user_id,
        action=wanted.action,
        subject=wanted.subject,
        kind=wanted.kind,
        before_id=before_id,
        limit=limit,
    )
    return rows


async def read_entries(own: Services, who: Any, wanted: EntryFilter, limit: int) -> list[dict[str, Any]]:
    """Entries newest first, at most ``limit``; that the log was read is in it afterwards."""
    async with own.pool.acquire() as connection:
        rows = await entries(connection, wanted, wanted.before_id, limit)
        await record_look(connection, actor=who, action="audit_read", subject="audit:log")
    return [dict(row) for row in rows]


async def read_alerts(own: Services) -> list[dict[str, Any]]:
    """Alerts, those nobody has looked into first."""
    async with own.pool.acquire() as connection:
        return [dict(row) for row in await queries.alerts(connection, limit=ALERTS_SHOWN)]


@needs("audit.read")
async def listing(request: web.Request) -> web.Response:
    """GET /audit/entries: newest first; the next page by ``before_id``."""
    limit = whole(request, "limit", 100, low=1, high=1000)
    rows = await read_entries(services(request), principal(request), entry_filter(request), limit + 1)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return json_response({"items": rows[:limit], "next_before_id": more})


@needs("audit.alerts")
async def alerts(request: web.Request) -> web.Response:
    """GET /audit/alerts."""
    return json_response({"items": await read_alerts(services(request))})


@needs("audit.alerts")
async def acknowledge(request: web.Request) -> web.Response:
    """POST /audit/alerts/{id}/acknowledge: somebody has looked into it."""
    own, who, alert_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        if await queries.acknowledge_alert(connection, alert_id=alert_id, user_id=who.user_id) is None:
            raise IllegalTransition("这条告警不存在，或已由他人处理。")
        await record(connection, actor=who, action="alert_acknowledged", subject=f"alert:{alert_id}")
    return json_response({"alert_id": alert_id, "acknowledged": True})


async def verified(own: Services, who: Any, progress: Progress | None = None) -> Verdict:
    """Walk the chain and record the verdict."""
    told = progress.at if progress is not None else lambda done, total: None
    verdict = await verify_chain(own.pool, own.audit_key, own.vault, checkpoint_file(own.settings), told=told)
    async with own.pool.acquire() as connection:
        await record_verdict(connection, who, verdict)
    return verdict


def _told(verdict: Verdict) -> dict[str, Any]:
    """The verdict with what is broken in the reader's language."""
    shown = verdict.to_dict()
    if shown["broken"] is not None:
        shown["broken"]["text"] = tell(shown["broken"]["text"])
    return shown


@needs("audit.read")
async def verify(request: web.Request) -> web.StreamResponse:
    """POST /audit/verify?progress=: walk the whole chain; ``progress=yes`` tells how far it is, line by line."""
    own, who = services(request), principal(request)
    if request.query.get("progress") != "yes":
        return json_response(_told(await verified(own, who)))

    async def work(progress: Progress) -> dict[str, Any]:
        return _told(await verified(own, who, progress))

    return await answer_with_progress(request, work)
