"""The notices that stand under the bar: what a person is told now and has not put away in this browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.web.keys import principal, services
from routing.notices import service

#: Ids of notices that were read in this browser, joined by dots (js/notices.js).
READ_COOKIE = "read_notices"


async def told_now(request: web.Request) -> list[dict[str, Any]]:
    """Notices to the person who asks, those they have read left out; nothing for most people most of the time."""
    own, who = services(request), principal(request)
    await own.published.refresh(own.pool)
    async with own.pool.acquire() as connection:
        rows = await service.addressed(
            connection, own.vault, own.published.book, role=who.role, user_id=who.user_id, at=datetime.now(UTC)
        )
    read = set(request.cookies.get(READ_COOKIE, "").split("."))
    return [row for row in rows if str(row["id"]) not in read]
