"""Fills a new database with users, rosters and calls to try the service with."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from hotline.accounts.permissions import ROLES, Role
from hotline.accounts.store import add_user, queries
from hotline.database import open_pool
from hotline.embedded.servers import ServerUrls


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """One demo account."""

    name: str
    password: str
    label: str


async def fill_demo(settings: Settings, urls: ServerUrls) -> list[DemoLogin]:
    """Demo accounts and calls on a database without users; nothing on any other. The log-ins made now."""
    pool = await open_pool(urls.database_url, 2)
    try:
        async with pool.acquire() as connection:
            if await queries.user_count(connection):
                return []
        logins = []
        roles: list[Role] = ["operator", "lawyer", "mediator", "police", "department", "manager", "admin"]
        for role in roles:
            _, password = await add_user(pool, role, role, display_name=f"演示{ROLES[role]}")
            logins.append(DemoLogin(role, password, ROLES[role]))
        return logins
    finally:
        await pool.close()
