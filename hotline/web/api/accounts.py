"""``/api/v1/me`` and ``/users``."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hotline.accounts.permissions import GRANTS
from hotline.accounts.store import AccountNotFound, add_user, change_password, queries
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response

_UNKNOWN = "没有这个编号的账号，请在账号页核对。"


@needs("self")
async def me(request: web.Request) -> web.Response:
    """GET /me: who I am and what I may do."""
    who = principal(request)
    return json_response(
        {
            "user_id": who.user_id,
            "name": who.name,
            "display_name": who.display_name,
            "role": who.role,
            "queues": services(request).published.policy.queues_of_role(who.role),
            "permissions": sorted(GRANTS[who.role]),
        }
    )


class PasswordBody(Body):
    """POST /me/password."""

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


@needs("self")
async def set_password(request: web.Request) -> web.Response:
    """POST /me/password."""
    body = await read_body(request, PasswordBody)
    await change_password(services(request).pool, principal(request), body.old, body.new)
    return json_response({"changed": True})


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
    user_id, password = await add_user(own.pool, body.name, body.role, display_name=body.display_name)
    return json_response({"user_id": user_id, "name": body.name, "first_password": password}, status=201)


class AgentBody(Body):
    """PUT /users/{id}/agent."""

    skills: list[str] = Field(default_factory=list, max_length=50)
    grids: list[str] = Field(default_factory=list, max_length=200)
    languages: list[str] = Field(default_factory=list, max_length=20)


@needs("rosters.write")
async def set_agent(request: web.Request) -> web.Response:
    """PUT /users/{id}/agent: skills, grids, languages by which calls are found."""
    own = services(request)
    body = await read_body(request, AgentBody)
    async with own.pool.acquire() as connection, connection.transaction():
        known = await queries.set_agent(
            connection, user_id=path_id(request), skills=body.skills, grids=body.grids, languages=body.languages
        )
        if known is None:
            raise AccountNotFound(_UNKNOWN)
        await record(
            connection,
            actor=principal(request),
            action="agent_changed",
            subject=f"user:{path_id(request)}",
            detail=body.model_dump(),
        )
    return json_response({"user_id": path_id(request), **body.model_dump()})


@needs("users.write")
async def disable(request: web.Request) -> web.Response:
    """POST /users/{id}/disable: no log-in, token or session any more."""
    own = services(request)
    async with own.pool.acquire() as connection, connection.transaction():
        if await queries.disable(connection, user_id=path_id(request)) is None:
            raise AccountNotFound(_UNKNOWN)
        await record(connection, actor=principal(request), action="user_disabled", subject=f"user:{path_id(request)}")
    return json_response({"user_id": path_id(request), "disabled": True})
