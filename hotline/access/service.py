"""Looking at what is hidden: each look is checked, recorded and answered in one transaction."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hotline.access.errors import AccessRefused, CallerHidden, OwnComplaint, TooManyRows
from hotline.access.rules import caller_hidden, check_unmask
from hotline.accounts.store import Principal
from hotline.audit.reasons import Reason
from hotline.audit.store import record, record_reasoned
from routing.calls.contact_rules import ContactRules
from routing.calls.next_steps import next_step
from routing.calls.store import CallFilter, opened_call
from routing.calls.store import queries as call_queries
from routing.errors import CallNotFound, InvalidRequest
from routing.organisations.organisation import CITY
from routing.sealing import Vault, opened
from routing.search.service import CallSearch, search_calls
from routing.sql import load_queries

queries = load_queries(__file__)

#: Calls of one number within so many days form one timeline.
TIMELINE_WINDOW_DAYS = 90


async def without_own(connection: Any, who: Principal, rows: Sequence[Any], key: str = "id") -> list[Any]:
    """``rows`` without calls that complain about the organisation of ``who`` (DESIGN section 5)."""
    if who.org_id == CITY or not rows:
        return list(rows)
    found = await queries.concerned(connection, org_id=who.org_id, call_ids=[row[key] for row in rows])
    hidden = {row["call_id"] for row in found}
    return [row for row in rows if row[key] not in hidden]


async def check_concern(connection: Any, who: Principal, call_id: int) -> None:
    """Refuse a call that complains about the organisation of ``who``; the refusal goes on record.

    Raises OwnComplaint.
    """
    if await without_own(connection, who, [{"id": call_id}]):
        return
    await record(connection, actor=who, action="call_refused", subject=f"call:{call_id}")
    raise OwnComplaint("这通来电涉及对您所在单位的投诉，按规定不能由本单位查看或办理。")


async def unmask(
    pool: Any, vault: Vault, who: Principal, call_id: int, *, fields: list[str], reason: Reason
) -> dict[str, Any]:
    """``fields`` of a call in clear, for this one view. A refusal goes on record too.

    Raises CallNotFound, NotInHand, CallerHidden or InvalidRequest.
    """
    async with pool.acquire() as connection:
        row = await call_queries.call(connection, call_id=call_id)
        if row is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        await check_concern(connection, who, call_id)
        in_hand = await queries.in_hand(connection, call_id=call_id, user_id=who.user_id)
        try:
            check_unmask(row, who, in_hand=in_hand, fields=fields)
        except AccessRefused:
            await record(
                connection,
                actor=who,
                action="call_unmask_refused",
                subject=f"call:{call_id}",
                reason=reason.code,
                detail={"fields": sorted(set(fields))},
            )
            raise
        async with connection.transaction():
            await record_reasoned(
                connection,
                vault,
                actor=who,
                action="call_unmasked",
                subject=f"call:{call_id}",
                reason=reason,
                detail={"fields": sorted(set(fields))},
            )
        call = opened_call(vault, row)
    rules = ContactRules.from_document(call["contact_rules"])
    shown = call | {"contact_rules": rules.words() if rules else None}
    return {name: shown[name] for name in dict.fromkeys(fields)}


def timeline_entry(vault: Vault, call_id: int, other_id: int) -> str:
    """What stands in a caller's timeline instead of the other call's id: it leads there only with a reason."""
    return vault.content_hash(hashlib.sha256(f"timeline {call_id} {other_id}".encode()).digest())[:12].hex()


async def timeline_of(connection: Any, vault: Vault, who: Principal, call: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Other calls of the same number: line, date, state and the next step; nothing that was said (phones are shared in
    households)."""
    return [
        {
            "entry": timeline_entry(vault, call["id"], other["id"]),
            "line": other["line"],
            "received_at": other["received_at"],
            "state": other["state"],
            "next": asdict(step) if (step := next_step(other)) else None,
        }
        for other in await _others(connection, who, call)
    ]


async def _others(connection: Any, who: Principal, call: Mapping[str, Any]) -> list[Any]:
    if call["caller_hash"] is None or caller_hidden(call, who):
        return []
    others = await call_queries.calls_of_caller(
        connection,
        caller_hash=call["caller_hash"],
        call_id=call["id"],
        at=call["received_at"],
        window_days=TIMELINE_WINDOW_DAYS,
    )
    return await without_own(connection, who, others)


async def open_timeline(pool: Any, vault: Vault, who: Principal, call_id: int, *, entry: str, reason: Reason) -> int:
    """The id of another call of the same caller, for somebody who says why; recorded.

    Raises CallNotFound, CallerHidden or InvalidRequest.
    """
    async with pool.acquire() as connection, connection.transaction():
        call = await call_queries.call(connection, call_id=call_id)
        if call is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        if caller_hidden(call, who):
            raise CallerHidden("这是保密来电，不能查看来电人的其他来电。")
        for other in await _others(connection, who, call):
            if hmac.compare_digest(timeline_entry(vault, call_id, other["id"]), entry):
                await record_reasoned(
                    connection,
                    vault,
                    actor=who,
                    action="timeline_opened",
                    subject=f"call:{other['id']}",
                    reason=reason,
                    detail={"from_call": call_id},
                )
                return int(other["id"])
    raise InvalidRequest("entry：这条来电不在同号来电中，请刷新后再试。")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; confidential calls are found by their code only, and without what was said."""

    kind: str
    """``words``, ``code`` or ``number``."""
    rows: list[dict[str, Any]]


async def search(pool: Any, vault: Vault, who: Principal, wanted: CallSearch, reason: Reason | None) -> Found:
    """Search, recorded: by whom, for which kind of thing, how much was found; never the words themselves.

    Raises InvalidRequest.
    """
    kind = "number" if wanted.number else "code" if wanted.code else "words"
    asked = wanted.number or wanted.code or wanted.words or ""
    # the same search again counts once; which search it was cannot be told from this
    mark = vault.content_hash(hashlib.sha256(f"{kind} {asked}".encode(errors="replace")).digest())[:8].hex()
    async with pool.acquire() as connection, connection.transaction():
        rows = await without_own(connection, who, await search_calls(connection, vault, wanted))
        if kind != "code":
            rows = [row for row in rows if not row["confidential"]]
        action = "person_searched" if kind == "number" else "calls_searched"
        subject = f"{'person' if kind == 'number' else 'search'}:{mark}"
        detail = {"kind": kind, "found": len(rows)}
        if reason is None:
            await record(connection, actor=who, action=action, subject=subject, detail=detail)
        else:
            await record_reasoned(
                connection, vault, actor=who, action=action, subject=subject, reason=reason, detail=detail
            )
    return Found(kind, rows)


async def export(
    pool: Any,
    vault: Vault,
    who: Principal,
    wanted: CallFilter,
    reason: Reason,
    *,
    limit: int,
    form: str,
    clear: bool,
    at: datetime,
) -> list[dict[str, Any]]:
    """Rows for an export, recorded. ``wanted`` needs both times. Raises TooManyRows."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await queries.export(
            connection,
            line=wanted.line,
            route=wanted.route,
            destination=wanted.destination,
            state=wanted.state,
            from_at=wanted.from_at,
            to_at=wanted.to_at,
            limit=limit + 1,
        )
        if len(rows) > limit:
            raise TooManyRows(f"符合条件的来电超过 {limit} 条，一次不能导出；请缩短时间或加上条件。")
        rows = await without_own(connection, who, rows)
        await record_reasoned(
            connection,
            vault,
            actor=who,
            action="calls_exported",
            subject=f"export:{at:%Y%m%dT%H%M%S}-{who.user_id}",
            reason=reason,
            detail={
                "rows": len(rows),
                "format": form,
                "clear": clear,
                "from": wanted.from_at.isoformat() if wanted.from_at else None,
                "to": wanted.to_at.isoformat() if wanted.to_at else None,
                "line": wanted.line,
                "route": wanted.route,
                "destination": wanted.destination,
                "state": wanted.state,
            },
        )
    return [opened(vault, row, "calls", ("caller_number", "caller_name", "address")) for row in rows]
