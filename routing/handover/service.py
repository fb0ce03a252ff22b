"""Preparing, confirming and closing a handover. Every function works in the caller's transaction.

What is open is always asked of the tables that hold it (``queries.sql::matters``), never kept beside them: a matter
that comes up while a handover is under way joins it, one that is done needs no confirmation, and what is still open
afterwards stands in the next handover again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from routing.calls.store import queries as call_queries
from routing.errors import HandoverChanged, HandoverNotFound, InvalidRequest, NoShiftLeader
from routing.queues.store import queries as queue_queries
from routing.rosters.store import on_duty_shift_leaders
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)

Kind = Literal["danger", "callback", "duty", "notice"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NOTE_LENGTH = 2_000
#: The outgoing leader may finish so long after the shift has ended, the incoming one begin so long before.
OVERLAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes a note; ``oversees``: a manager."""

    user_id: int
    oversees: bool


async def check_leader(connection: Any, user_id: int, *, oversees: bool) -> None:
    """Raise NoShiftLeader unless the person is on the shift leaders' roster about now; a manager always may."""
    if oversees:
        return
    now: datetime = await call_queries.clock(connection)
    for at in (now, now - OVERLAP, now + OVERLAP):
        if user_id in await on_duty_shift_leaders(connection, at):
            return
    raise NoShiftLeader("交接班由当班或接班的班长办理；您不在班长值班表上，请联系管理者排班。")


async def matters(connection: Any) -> list[dict[str, Any]]:
    """Everything that is open now, each once by ``kind`` and ``ref``."""
    return [dict(row) for row in await queries.matters(connection)]


async def prepare(connection: Any, vault: Vault, user_id: int, note: str | None) -> int:
    """The outgoing leader begins; the handover's id. Raises HandoverChanged where one is under way already."""
    handover_id = await queries.insert_handover(
        connection, user_id=user_id, note=_sealed(vault, note, "handovers.note")
    )
    if handover_id is None:
        raise HandoverChanged("已有一份交接班正在进行，请先由接班班长确认完毕。")
    await _bring_up_to_date(connection, handover_id)
    await _tell(connection, handover_id)
    return int(handover_id)


async def _bring_up_to_date(connection: Any, handover_id: int) -> None:
    """What is open now stands in the handover, what is not needs no confirmation; the handover is locked or new."""
    names = ("kind", "ref", "call_id", "owner")
    rows = [
        {name: row[name] for name in names} | {"due_at": row["due_at"].isoformat() if row["due_at"] else None}
        for row in await queries.matters(connection)
    ]
    await queries.put_items(connection, handover_id=handover_id, rows=rows)
    await queries.settle_items(connection, handover_id=handover_id, rows=rows)


async def refresh(connection: Any, handover_id: int) -> None:
    """Bring an open handover up to date before it is shown; nothing where it was closed meanwhile."""
    row = await queries.lock_handover(connection, handover_id=handover_id)
    if row is not None and row["closed_at"] is None:
        await _bring_up_to_date(connection, handover_id)


async def confirm(connection: Any, handover_id: int, kind: str, ref: int, user_id: int) -> None:
    """The incoming leader takes over one matter; a personal duty becomes the desk's.

    Raises HandoverNotFound, or HandoverChanged where somebody else was first, it
    is settled, the handover is closed, or the person is the one who prepared it.
    """
    await _locked(connection, handover_id, incoming=user_id)
    await _bring_up_to_date(connection, handover_id)
    item = await queries.confirm_item(connection, handover_id=handover_id, kind=kind, ref=ref, user_id=user_id)
    if item is None:
        found = await queries.item(connection, handover_id=handover_id, kind=kind, ref=ref)
        if found is None:
            raise HandoverNotFound("这份交接里没有这一项，请刷新。")
        if found["confirmed_at"] is not None:
            raise HandoverChanged(f"这一项已由{found['confirmed_by_name']}确认。")
        raise HandoverChanged("这一项在此期间已经办结，不用再确认。")
    if kind == "duty":
        await queries.duty_to_desk(connection, call_id=item["call_id"], owner=item["owner"], handover_id=handover_id)
        await queries.log_duty(connection, call_id=item["call_id"], user_id=user_id, handover_id=handover_id)
    await _tell(connection, handover_id, call_id=item["call_id"])


async def close(connection: Any, handover_id: int, user_id: int) -> None:
    """The shift is handed over once every matter that is open at this moment is confirmed. Raises HandoverChanged."""
    await _locked(connection, handover_id, incoming=user_id)
    await _bring_up_to_date(connection, handover_id)
    left = await queries.unconfirmed(connection, handover_id=handover_id)
    if left:
        raise HandoverChanged(f"还有 {left} 项没有确认，逐项确认后才能完成交接。")
    await queries.close(connection, handover_id=handover_id, user_id=user_id)
    await _tell(connection, handover_id)


async def call_off(connection: Any, handover_id: int, user_id: int) -> None:
    """The outgoing leader takes back a handover of which nothing is confirmed yet. Raises HandoverChanged."""
    row = await _locked(connection, handover_id)
    if row["prepared_by"] != user_id:
        raise HandoverChanged("只有准备交接的人可以撤回。")
    if await queries.confirmed(connection, handover_id=handover_id):
        raise HandoverChanged("接班班长已开始确认，不能撤回；请继续完成交接。")
    await queries.drop_items(connection, handover_id=handover_id)
    await queries.drop(connection, handover_id=handover_id)
    await _tell(connection, handover_id)


async def write_note(connection: Any, vault: Vault, handover_id: int, note: str, *, by: Writer) -> None:
    """What the outgoing leader wants known beside the matters."""
    await _check_writer(connection, await _locked(connection, handover_id), by)
    await queries.put_note(connection, handover_id=handover_id, note=_sealed(vault, note, "handovers.note"))
    await _tell(connection, handover_id)


async def write_item_note(
    connection: Any, vault: Vault, handover_id: int, *, kind: str, ref: int, note: str, by: Writer
) -> None:
    """The same to one matter. Raises HandoverNotFound."""
    await _check_writer(connection, await _locked(connection, handover_id), by)
    sealed = _sealed(vault, note, "handover_items.note")
    if await queries.put_item_note(connection, handover_id=handover_id, kind=kind, ref=ref, note=sealed) is None:
        raise HandoverNotFound("这份交接里没有这一项，请刷新。")
    await _tell(connection, handover_id)


async def keep_promise(connection: Any, call_id: int, user_id: int) -> None:
    """A promised call-back is kept. Raises HandoverNotFound."""
    if await queries.keep_promise(connection, call_id=call_id, user_id=user_id) is None:
        raise HandoverNotFound("这通来电没有待完成的约定回拨，可能已由他人完成。")
    await queue_queries.event(
        connection, kind="handover_changed", call_id=call_id, queue=None, user_id=user_id, data={}
    )


def opened_item(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``items`` with its note, the notice's text and the beginning of the call opened."""
    shown = opened(vault, row, "handover_items", ("note",))
    shown["excerpt"] = vault.open(row["excerpt"], "calls.excerpt")
    shown["caller_name"] = vault.open(row["caller_name"], "calls.caller_name")
    shown["notice_body"] = vault.open(row["notice_body"], "shift_notices.body")
    return shown


def _sealed(vault: Vault, note: str | None, use: str) -> bytes | None:
    text = (note or "").strip()
    if len(text) > NOTE_LENGTH:
        raise InvalidRequest(f"note：交接说明最多 {NOTE_LENGTH} 字。")
    return vault.seal(text or None, use)


async def _locked(connection: Any, handover_id: int, *, incoming: int | None = None) -> Any:
    row = await queries.lock_handover(connection, handover_id=handover_id)
    if row is None:
        raise HandoverNotFound("没有这份交接班，可能已被撤回。")
    if row["closed_at"] is not None:
        raise HandoverChanged("这份交接班已经完成。")
    if incoming is not None and incoming == row["prepared_by"]:
        raise HandoverChanged("交班人不能替接班人确认，请由接班班长确认。")
    return row


async def _check_writer(connection: Any, row: Any, by: Writer) -> None:
    """Who prepared the handover may add to it after the shift has ended, else a leader. Raises NoShiftLeader."""
    if row["prepared_by"] != by.user_id:
        await check_leader(connection, by.user_id, oversees=by.oversees)


async def _tell(connection: Any, handover_id: int, call_id: int | None = None) -> None:
    await queue_queries.event(
        connection,
        kind="handover_changed",
        call_id=call_id,
        queue=None,
        user_id=None,
        data={"handover_id": handover_id},
    )
