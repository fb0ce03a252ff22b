"""What a new city has still to do before calls are forwarded; the guide of /start shows it and then goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from hotline.accounts.permissions import Role
from hotline.web.keys import services
from routing.sql import load_queries

queries = load_queries(__file__, "start.sql")

#: Who has to be there before a line is switched over: those who answer, and those who take what is forwarded.
NEEDED_ROLES: tuple[Role, ...] = ("operator", "lawyer", "mediator", "police", "department", "manager")
_FINISHED: web.AppKey[list[bool]] = web.AppKey("first_steps_finished", list[bool])

Step = Literal["passwords", "accounts", "lines", "import", "rosters", "policy"]


@dataclass(frozen=True)
class FirstSteps:
    """The state of each step."""

    done: dict[Step, bool]
    missing_roles: tuple[Role, ...]
    unread: int
    calls: int
    """0 unless calls wait to be read."""

    @property
    def finished(self) -> bool:
        """Whether all is done that has to be; a policy of one's own is not needed, the shipped one works."""
        return all(done for step, done in self.done.items() if step != "policy")

    @property
    def next(self) -> Step | None:
        """The first step that is left."""
        return next((step for step, done in self.done.items() if not done), None)


async def first_steps(pool: Any) -> FirstSteps:
    """Where the city stands."""
    async with pool.acquire() as connection:
        row = await queries.first_steps(connection)
        calls = await queries.call_count(connection) if row["unread"] else 0
    missing = tuple(role for role in NEEDED_ROLES if role not in row["roles"])
    done: dict[Step, bool] = {
        "passwords": not row["first_password_left"],
        "accounts": not missing,
        # a profile that calls came in by is right, whoever wrote it
        "lines": "line" in row["published"] or row["has_calls"],
        "import": row["has_calls"] and row["unread"] == 0,
        "rosters": row["has_rosters"],
        "policy": "policy" in row["published"],
    }
    return FirstSteps(done, missing, row["unread"], calls)


def set_up_first_steps(app: web.Application) -> None:
    """A place to remember that the guide is over, so that it is not asked for again with every page."""
    app[_FINISHED] = [False]


async def guide_is_open(request: web.Request) -> bool:
    """Whether the guide still stands in the bar."""
    finished = request.app[_FINISHED]
    if not finished[0]:
        finished[0] = (await first_steps(services(request).pool)).finished
    return not finished[0]
