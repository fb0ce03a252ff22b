"""Writing and reading notices, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from routing.errors import HandoverNotFound, InvalidRequest
from routing.queues.store import queries as queue_queries
from routing.rosters.store import DutyBook
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)

BODY_LENGTH = 500
#: A notice that holds for longer belongs into the knowledge base.
LONGEST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a manager tells a shift or a role."""

    body: str
    roles: tuple[str, ...]
    """Everybody of these roles."""
    queue: str | None
    """Who is on duty there: a queue or a duty group; None: no shift."""
    starts_at: datetime
    ends_at: datetime

    def check(self, roles: Collection[str], queues: Collection[str]) -> None:
        """Raise InvalidRequest naming the field that cannot be used."""
        if not self.body.strip() or len(self.body) > BODY_LENGTH:
            raise InvalidRequest(f"body：请填写通知内容，最多 {BODY_LENGTH} 字。")
        if not self.roles and self.queue is None:
            raise InvalidRequest("roles、queue：请选择通知给哪些角色或哪个班次。")
        if unknown := [role for role in self.roles if role not in roles]:
            raise InvalidRequest(f"roles：没有 {unknown[0]} 这个角色。")
        if self.queue is not None and self.queue not in queues:
            raise InvalidRequest("queue：没有这个队列或班次。")
        if self.ends_at <= self.starts_at:
            raise InvalidRequest("ends_at：结束时间要晚于开始时间。")
        if self.ends_at - self.starts_at > LONGEST:
            raise InvalidRequest(f"ends_at：通知最长 {LONGEST.days} 天，长期有效的内容请写入知识库。")


async def write(connection: Any, vault: Vault, notice: Notice, user_id: int) -> int:
    """A new notice; its id."""
    notice_id = await queries.insert_notice(
        connection,
        body=vault.seal(notice.body.strip(), "shift_notices.body"),
        roles=list(notice.roles),
        queue=notice.queue,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        user_id=user_id,
    )
    await _tell(connection, notice_id)
    return int(notice_id)


async def withdraw(connection: Any, notice_id: int) -> None:
    """The notice is shown no more. Raises HandoverNotFound."""
    if await queries.withdraw(connection, notice_id=notice_id) is None:
        raise HandoverNotFound("没有这条通知，或者它已经结束、已被撤下。")
    await _tell(connection, notice_id)


async def addressed(
    connection: Any, vault: Vault, book: DutyBook, *, role: str, user_id: int, at: datetime
) -> list[dict[str, Any]]:
    """What this person is told at ``at``: notices to the role, and to those on duty where the person is on duty."""
    rows = await queries.current(connection, at=at)
    return [
        opened(vault, row, "shift_notices", ("body",))
        for row in rows
        if role in row["roles"] or (row["queue"] is not None and user_id in book.people(row["queue"], at))
    ]


async def recent(connection: Any, vault: Vault) -> list[dict[str, Any]]:
    """Notices of the last 30 days and to come, for managers."""
    return [opened(vault, row, "shift_notices", ("body",)) for row in await queries.recent(connection)]


async def _tell(connection: Any, notice_id: int) -> None:
    await queue_queries.event(
        connection,
        kind="shift_notice_changed",
        call_id=None,
        queue=None,
        user_id=None,
        data={"notice_id": notice_id},
    )
