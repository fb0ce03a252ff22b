"""The security administrator's pages: accounts, one account, everybody's sessions."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts import sessions
from hotline.accounts.errors import AccountNotFound
from hotline.accounts.store import queries
from hotline.console.render import page
from hotline.web.bodies import path_id
from hotline.web.keys import needs, services


@needs("users.write")
async def listing(request: web.Request) -> web.StreamResponse:
    """GET /admin/users."""
    own = services(request)
    async with own.pool.acquire() as connection:
        rows = [dict(row) for row in await queries.users(connection)]
    return await page(request, "users.html", {"users": rows, "required": own.settings.accounts.second_factor_roles})


@needs("users.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/users/{id}."""
    own, user_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        user = next((dict(row) for row in await queries.users(connection) if row["id"] == user_id), None)
    if user is None:
        raise AccountNotFound("没有这个编号的账号，请回到账号列表。")
    return await page(request, "user.html", {"user": user, "sessions": await sessions.listed(own.pool, user_id)})


@needs("users.write")
async def all_sessions(request: web.Request) -> web.StreamResponse:
    """GET /admin/sessions."""
    return await page(request, "sessions.html", {"sessions": await sessions.listed(services(request).pool, None)})
