"""``/api/v1/users`` and ``/sessions``: what the security administrator looks after."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from hotline.accounts import administration, sessions
from hotline.accounts.errors import AccountNotFound
from hotline.accounts.store import add_user, queries
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from nlp.taxonomy import Taxonomy
from routing.errors import InvalidRequest
from routing.grids.service import queries as grid_queries
from routing.leavers.service import LeftWork

#: So many letters of what was sent are repeated.
SHOWN = 40


@needs("users.write")
async def listing(request: web.Request) -> web.Response:
    """GET /users."""
    async with services(request).pool.acquire() as connection:
        rows = await queries.users(connection)
    return json_response({"items": [dict(row) for row in rows]})


class UserBody(Body):
    """POST /users."""

    name: str = Field(min_length=2, max_length=64)
    role: str
    display_name: str | None = Field(None, max_length=64)


@needs("users.write")
async def add(request: web.Request) -> web.Response:
    """POST /users: a new account; the first password is shown this once."""
    own = services(request)
    body = await read_body(request, UserBody)
    user_id, password = await add_user(
        own.pool, body.name, body.role, display_name=body.display_name, actor=principal(request)
    )
    return json_response({"user_id": user_id, "name": body.name, "first_password": password}, status=201)


#: What somebody speaks, in a word or two.
Language = Annotated[str, Field(min_length=1, max_length=20)]


class AgentBody(Body):
    """PUT /users/{id}/agent."""

    skills: list[str] = Field(default_factory=list, max_length=50)
    grids: list[str] = Field(default_factory=list, max_length=200)
    languages: list[Language] = Field(default_factory=list, max_length=20)
    mediator_group: str | None = Field(None, max_length=100)


async def _check(connection: Any, taxonomy: Taxonomy, user_id: int, body: AgentBody) -> None:
    """Whoever is looked for by a slip of the hand gets no call. Raises InvalidRequest; what stands already may stay."""
    before = await queries.agent(connection, user_id=user_id) or {"skills": (), "grids": ()}
    if (unknown := _unknown(body.skills, {*taxonomy.topics, *before["skills"]})) is not None:
        raise InvalidRequest(f"skills：没有“{unknown}”这个专长主题，请从列出的里面选。")
    grids = await grid_queries.grid_names(connection)
    if (unknown := _unknown(body.grids, {*(row["code"] for row in grids), *before["grids"]})) is not None:
        raise InvalidRequest(f"grids：没有编码为“{unknown}”的网格，请在网格页核对编码。")


def _unknown(values: Sequence[str], known: Container[str]) -> str | None:
    """The first that is not known, as much of it as a sentence holds."""
    return next((value[:SHOWN] for value in values if value not in known), None)


@needs("rosters.write")
async def set_agent(request: web.Request) -> web.Response:
    """PUT /users/{id}/agent: skills, grids, languages and the mediators' group by which calls are found."""
    own = services(request)
    body = await read_body(request, AgentBody)
    async with own.pool.acquire() as connection, connection.transaction():
        await _check(connection, own.published.policy.taxonomy, path_id(request), body)
        known = await queries.set_agent(
            connection,
            user_id=path_id(request),
            skills=body.skills,
            grids=body.grids,
            languages=body.languages,
            mediator_group=body.mediator_group or None,
        )
        if known is None:
            raise AccountNotFound("没有这个编号的账号，请在账号页核对。")
        await record(
            connection,
            actor=principal(request),
            action="agent_changed",
            subject=f"user:{path_id(request)}",
            detail=body.model_dump(),
        )
    return json_response({"user_id": path_id(request), **body.model_dump()})


def _left(user_id: int, left: LeftWork) -> dict[str, Any]:
    """What a person left behind, for who has to plan anew."""
    return {
        "user_id": user_id,
        "released_calls": list(left.released),
        "returned_calls": [asdict(item) for item in left.returned],
        "withdrawn_offers": [asdict(item) for item in left.withdrawn],
        "left_call_backs": [asdict(item) for item in left.promised],
        "left_cases": [asdict(item) for item in left.cases],
        "duties": [asdict(item) for item in left.duties],
    }


@needs("users.write")
async def disable(request: web.Request) -> web.Response:
    """POST /users/{id}/disable: a leaver. Open work goes back; the answer names it, and rosters to be planned anew."""
    own = services(request)
    left = await administration.disable(own.pool, principal(request), path_id(request))
    await own.published.refresh(own.pool, force=True)
    await own.signals.ring()
    return json_response({"disabled": True, **_left(path_id(request), left)})


@needs("users.write")
async def enable(request: web.Request) -> web.Response:
    """POST /users/{id}/enable: somebody comes back, with a new first password."""
    own = services(request)
    password = await administration.enable(own.pool, principal(request), path_id(request))
    await own.published.refresh(own.pool, force=True)
    return json_response({"user_id": path_id(request), "first_password": password})


class RoleBody(Body):
    """POST /users/{id}/role."""

    role: str


@needs("users.write")
async def set_role(request: web.Request) -> web.Response:
    """POST /users/{id}/role: tokens and sessions end, open work goes back."""
    own = services(request)
    body = await read_body(request, RoleBody)
    left = await administration.set_role(own.pool, principal(request), path_id(request), body.role)
    await own.signals.ring()
    return json_response({"role": body.role, **_left(path_id(request), left)})


@needs("users.write")
async def reset_password(request: web.Request) -> web.Response:
    """POST /users/{id}/password: a new first password, shown this once."""
    own = services(request)
    password = await administration.reset_password(own.pool, principal(request), path_id(request))
    await own.signals.ring()
    return json_response({"user_id": path_id(request), "first_password": password})


@needs("users.write")
async def unlock(request: web.Request) -> web.Response:
    """POST /users/{id}/unlock: a lock-out ends before its time."""
    await administration.unlock(services(request).pool, principal(request), path_id(request))
    return json_response({"user_id": path_id(request), "unlocked": True})


@needs("users.write")
async def reset_second_factor(request: web.Request) -> web.Response:
    """POST /users/{id}/second-factor/reset: for who lost the telephone and the recovery codes."""
    own = services(request)
    had = await administration.reset_second_factor(own.pool, principal(request), path_id(request))
    await own.signals.ring()
    return json_response({"user_id": path_id(request), "reset": had})


@needs("users.write")
async def end_sessions(request: web.Request) -> web.Response:
    """POST /users/{id}/sessions/end: out everywhere, at once."""
    own = services(request)
    await administration.end_sessions(own.pool, principal(request), path_id(request))
    await own.signals.ring()
    return json_response({"user_id": path_id(request), "ended": True})


@needs("users.write")
async def all_sessions(request: web.Request) -> web.Response:
    """GET /sessions: who is logged in, and from where."""
    return json_response({"items": await sessions.listed(services(request).pool, None)})


@needs("users.write")
async def sessions_of(request: web.Request) -> web.Response:
    """GET /users/{id}/sessions."""
    return json_response({"items": await sessions.listed(services(request).pool, path_id(request))})


@needs("users.write")
async def end_session(request: web.Request) -> web.Response:
    """POST /sessions/{id}/end."""
    own = services(request)
    await sessions.end(own.pool, path_id(request), principal(request))
    await own.signals.ring()
    return json_response({"ended": path_id(request)})
