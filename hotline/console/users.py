"""The security administrator's pages: accounts, one account, what each role may do, everybody's sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from hotline.accounts import sessions
from hotline.accounts.errors import AccountNotFound
from hotline.accounts.permission_words import GROUPS
from hotline.accounts.permissions import GRANTS, ROLES
from hotline.accounts.store import queries
from hotline.console.render import page
from hotline.web.bodies import path_id
from hotline.web.keys import needs, services

#: More accounts than this are found by a filter.
LISTED = 300
#: States of accounts, as the filter names them.
STATES = {
    "active": "在用",
    "initial": "初始密码",
    "locked": "已锁定",
    "no_factor": "缺动态口令",
    "service": "仅令牌",
    "disabled": "已停用",
}


@needs("users.write")
async def listing(request: web.Request) -> web.StreamResponse:
    """GET /admin/users?q=&role=&state=."""
    own = services(request)
    required = own.settings.accounts.second_factor_roles
    async with own.pool.acquire() as connection:
        everybody = [dict(row) for row in await queries.users(connection)]
    wanted = {name: request.query.get(name, "").strip() for name in ("q", "role", "state")}
    found = [user for user in everybody if _matches(user, wanted, required)]
    shown = {
        "users": found[:LISTED],
        "found": len(found),
        "everybody": len(everybody),
        "listed_at_most": LISTED,
        "wanted": wanted,
        "states_of_accounts": STATES,
        "required": required,
        "session_count": sum(user["sessions"] for user in everybody),
        "by_role": {role: sum(1 for u in everybody if u["role"] == role and not u["disabled_at"]) for role in ROLES},
    }
    return await page(request, "users.html", shown)


def _matches(user: Mapping[str, Any], wanted: Mapping[str, str], required: Iterable[str]) -> bool:
    words = wanted["q"].lower()
    if words and words not in user["name"].lower() and words not in user["display_name"].lower():
        return False
    if wanted["role"] and user["role"] != wanted["role"]:
        return False
    return not wanted["state"] or wanted["state"] in _states(user, required)


def _states(user: Mapping[str, Any], required: Iterable[str]) -> set[str]:
    if user["disabled_at"] is not None:
        return {"disabled"}
    if user["tokens_only"]:
        return {"service"}
    found = {"active"}
    if user["must_change"]:
        found.add("initial")
    if user["locked_until"] is not None:
        found.add("locked")
    if user["role"] in required and not user["second_factor"]:
        found.add("no_factor")
    return found


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
async def role_table(request: web.Request) -> web.StreamResponse:
    """GET /admin/roles: what each role may do, as the code grants it."""
    own = services(request)
    shown = {"groups": GROUPS, "grants": GRANTS, "required": own.settings.accounts.second_factor_roles}
    return await page(request, "roles.html", shown)


@needs("users.write")
async def all_sessions(request: web.Request) -> web.StreamResponse:
    """GET /admin/sessions."""
    return await page(request, "sessions.html", {"sessions": await sessions.listed(services(request).pool, None)})
