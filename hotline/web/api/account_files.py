"""``/api/v1/users/import``: accounts out of a sheet, looked at before they are made."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from hotline.accounts.errors import AccountError
from hotline.accounts.permissions import ROLES
from hotline.accounts.sheets import read_accounts
from hotline.accounts.store import add_user, queries
from hotline.audit.store import record
from hotline.console.language import say
from hotline.console.sentences import told_rows
from hotline.web.keys import needs, principal, services
from hotline.web.progress import Progress, answer_as_asked, answer_with_progress
from routing.rosters.imported import RowProblem


@needs("users.write")
async def import_file(request: web.Request) -> web.StreamResponse:
    """POST /users/import?preview=: an Excel sheet (用户名, 姓名, 角色) as body.

    ``preview=yes`` makes nothing and names the rows that cannot be used. Else
    the good rows become accounts, each with a first password that is told this
    once, line by line; a row that fails meanwhile is told with the bad ones.
    """
    own, who = services(request), principal(request)
    data = await request.read()
    async with own.pool.acquire() as connection:
        taken = frozenset(row["name"].lower() for row in await queries.users(connection))

    async def look(progress: Progress) -> dict[str, Any]:
        good, bad = await asyncio.to_thread(read_accounts, data, taken, progress.at)
        shown = [
            {"row": row.row, "name": row.name, "display_name": row.display_name, "role": say(ROLES[row.role])}
            for row in good
        ]
        return {"accounts": shown, "count": len(good), "rejected": told_rows(bad)}

    if request.query.get("preview") == "yes":
        return await answer_as_asked(request, look)
    good, bad = await asyncio.to_thread(read_accounts, data, taken)
    rejected = told_rows(bad)

    async def work(progress: Progress) -> dict[str, Any]:
        made: list[dict[str, Any]] = []
        failed = list(rejected)
        for number, row in enumerate(good):
            progress.at(number, len(good))
            try:
                user_id, password = await add_user(
                    own.pool, row.name, row.role, display_name=row.display_name, actor=who
                )
            except AccountError:
                # somebody took the name since the sheet was read
                failed += told_rows([RowProblem(row.row, "用户名", f"“{row.name}”没有建成，请核对后重试")])
                continue
            made.append(
                {
                    "user_id": user_id,
                    "name": row.name,
                    "display_name": row.display_name,
                    "role": say(ROLES[row.role]),
                    "first_password": password,
                }
            )
        async with own.pool.acquire() as connection:
            await record(
                connection,
                actor=who,
                action="users_imported",
                subject="user:many",
                detail={"made": len(made), "rejected": len(failed)},
            )
        return {"made": made, "rejected": failed}

    return await answer_with_progress(request, work)
