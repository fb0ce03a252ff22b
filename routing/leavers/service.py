"""Handing back what a leaver had in hand, and telling what somebody has to plan anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from routing.errors import InvalidRequest
from routing.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class ReturnedCall:
    """A call that stands in a queue again."""

    call_id: int
    queue: str


@dataclass(frozen=True, slots=True)
class LeftDuty:
    """A place in a roster that nobody fills now."""

    kind: Literal["shift", "override", "rotation"]
    queue: str
    name: str
    """Of a rotation its name, of an override its kind."""
    starts_at: datetime | None
    """None: a rotation, which goes on."""
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeftWork:
    """What a person left behind."""

    released: tuple[int, ...]
    """Live calls nobody holds now; callers are on the line."""
    returned: tuple[ReturnedCall, ...]
    """Calls that were claimed, back in their old places."""
    withdrawn: tuple[ReturnedCall, ...]
    """Calls that rang at the person."""
    promised: tuple[ReturnedCall, ...]
    """Call-backs the person promised: at their time they are anybody's of the queue."""
    cases: tuple[ReturnedCall, ...]
    """Cases that nobody carries now; the desk takes them over."""
    duties: tuple[LeftDuty, ...]
    """Not counted as on duty any more; to be planned anew."""

    def counts(self) -> dict[str, int]:
        """How much of each, for the record."""
        return {
            "released": len(self.released),
            "returned": len(self.returned),
            "withdrawn": len(self.withdrawn),
            "promised": len(self.promised),
            "cases": len(self.cases),
            "duties": len(self.duties),
        }


async def stay(connection: Any, user_id: int) -> None:
    """Before a person takes a call: they are there, and stay so until the transaction ends. Raises InvalidRequest."""
    if await queries.stay(connection, user_id=user_id) is None:
        raise InvalidRequest("此账号已停用，不能接来电；请联系安全管理员。")


async def hand_over(connection: Any, user_id: int, now: datetime) -> LeftWork:
    """Give back everything a person has in hand, in the caller's transaction, which has changed the person's account.

    Locks the calls in the order of their ids, then their items, assignments and last the agent.
    """
    await queries.lock_calls(connection, user_id=user_id)
    released = await queries.release_holds(connection, user_id=user_id)
    returned = await queries.return_assignments(connection, user_id=user_id)
    withdrawn = await queries.withdraw_offers(connection, user_id=user_id)
    promised = await queries.leave_promises(connection, user_id=user_id)
    cases = await queries.leave_cases(connection, user_id=user_id)
    await queries.agent_left(connection, user_id=user_id)
    duties = await queries.duties(connection, user_id=user_id, now=now)
    return LeftWork(
        tuple(row["call_id"] for row in released),
        tuple(ReturnedCall(row["call_id"], row["queue"]) for row in returned),
        tuple(ReturnedCall(row["call_id"], row["queue"]) for row in withdrawn),
        tuple(ReturnedCall(row["call_id"], row["queue"]) for row in promised),
        tuple(ReturnedCall(row["call_id"], row["queue"]) for row in cases),
        tuple(LeftDuty(row["kind"], row["queue"], row["name"], row["starts_at"], row["ends_at"]) for row in duties),
    )


async def hand_over_again(pool: Any) -> int:
    """What reached people after they had left goes back too; how many people. Safe in several processes at once."""
    async with pool.acquire() as connection:
        leavers = [row["id"] for row in await queries.leavers_with_work(connection)]
    for user_id in leavers:
        async with pool.acquire() as connection, connection.transaction():
            if await queries.lock_leaver(connection, user_id=user_id) is not None:
                await hand_over(connection, user_id, datetime.now(UTC))
    return len(leavers)
