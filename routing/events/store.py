"""Reading the outbox in commit order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.errors import InvalidRequest
from routing.sql import load_queries

queries = load_queries(__file__)

#: A console that was away longer reads its pages anew instead.
KEPT_H = 72


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the outbox; written ``txid-id`` in ``Last-Event-ID``."""

    txid: int
    id: int

    def __str__(self) -> str:
        return f"{self.txid}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read ``txid-id``. Raises InvalidRequest."""
        match = re.fullmatch(r"(\d{1,19})-(\d{1,18})", text)
        if match is None:
            raise InvalidRequest("Last-Event-ID：格式应为本服务发出的事件编号；去掉此头可从现在开始。")
        return cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class Event:
    """One event: ids only, never what was said or by whom."""

    cursor: Cursor
    at: datetime
    kind: str
    call_id: int | None
    queue: str | None
    user_id: int | None
    data: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """The JSON a console gets."""
        return {
            "kind": self.kind,
            "at": self.at.isoformat(),
            "call_id": self.call_id,
            "queue": self.queue,
            "user_id": self.user_id,
            **self.data,
        }


async def events_after(connection: Any, cursor: Cursor, limit: int) -> list[Event]:
    """Up to ``limit`` events after ``cursor``, in commit order."""
    rows = await queries.events_after(connection, txid=str(cursor.txid), id=cursor.id, limit=limit)
    return [
        Event(
            Cursor(int(row["txid"]), row["id"]),
            row["at"],
            row["kind"],
            row["call_id"],
            row["queue"],
            row["user_id"],
            row["data"],
        )
        for row in rows
    ]


async def newest(connection: Any) -> Cursor:
    """The newest event that is decided."""
    row = await queries.newest(connection)
    return Cursor(int(row["txid"]), row["id"])
