"""``hotline audit verify``, ``list`` and ``show``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from config.settings import Settings
from hotline.audit.actions import ACTIONS
from hotline.audit.chain import audit_key
from hotline.audit.machine import at_the_machine
from hotline.audit.rounds import checkpoint_file
from hotline.audit.store import NOTE_USE, queries, record
from hotline.audit.verify import Verdict, record_verdict, verify_chain
from hotline.commands.stored_data import with_stored_data
from hotline.errors import HotlineError
from hotline.sealing.vault import FileVault
from routing.policy.facts import LOCAL_ZONE

audit = typer.Typer(no_args_is_help=True, help="The audit log.")


class EntryNotFound(HotlineError):
    """No entry has this number."""


@audit.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="print the verdict as one JSON object")] = False,
) -> None:
    """Walk the whole chain; exit 0 where every link fits, 1 where one is broken, and name the first."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> Verdict:
        verdict = await verify_chain(pool, audit_key(vault.ring), vault, checkpoint_file(settings))
        async with pool.acquire() as connection:
            await record_verdict(connection, at_the_machine(), verdict)
        return verdict

    verdict = with_stored_data(work)
    if as_json:
        print(orjson.dumps(verdict.to_dict()).decode())
    else:
        print("\n".join(sentences(verdict)))
    raise typer.Exit(0 if verdict.broken is None else 1)


@audit.command("list")
def list_entries(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="how many, newest first")] = 50,
    action: Annotated[str | None, typer.Option("--action", help="such as call_unmasked")] = None,
    user: Annotated[int | None, typer.Option("--user", help="staff number of who acted")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="such as call:17")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="local time")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="local time, not included")] = None,
) -> None:
    """Print entries, one JSON object a line."""
    # an empty answer must mean that nothing happened, never that something was mistyped
    if action is not None and action not in ACTIONS:
        raise typer.BadParameter(f"no act is called {action!r}; there are: {', '.join(ACTIONS)}", param_hint="--action")
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter("must be before --to", param_hint="--from")

    async def work(settings: Settings, pool: Any, vault: FileVault) -> list[Any]:
        async with pool.acquire() as connection:
            return list(
                await queries.entries(
                    connection,
                    from_at=since.replace(tzinfo=LOCAL_ZONE) if since else None,
                    to_at=until.replace(tzinfo=LOCAL_ZONE) if until else None,
                    user_id=user,
                    action=action,
                    subject=subject,
                    kind=None,
                    before_id=None,
                    limit=limit,
                )
            )

    for row in with_stored_data(work):
        print(orjson.dumps(dict(row)).decode())


@audit.command("show")
def show(entry_id: Annotated[int, typer.Argument(help="number of the entry")]) -> None:
    """Print one entry with its link and, opened, what was written as reason; that this was read is recorded."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> dict[str, Any]:
        async with pool.acquire() as connection:
            row = await queries.entry(connection, entry_id=entry_id)
            if row is None:
                raise EntryNotFound(f"There is no audit entry {entry_id}; hotline audit list shows which there are.")
            await record(connection, actor=at_the_machine(), action="audit_entry_read", subject=f"audit:{entry_id}")
        shown = dict(row)
        for name in ("link", "note_digest"):
            shown[name] = shown[name].hex() if shown[name] else None
        return shown | {"note": vault.open(shown["note"], NOTE_USE)}

    print(orjson.dumps(with_stored_data(work), option=orjson.OPT_INDENT_2).decode())


def sentences(verdict: Verdict) -> list[str]:
    """The verdict for who reads the command's output."""
    lines = []
    if verdict.broken is None:
        lines.append(f"审计链完整：{verdict.links} 环全部相符。")
    else:
        lines.append(f"审计链在第 {verdict.broken.seq} 环断裂：{verdict.broken.text}")
        lines.append(f"之前的 {verdict.links} 环相符。")
    if verdict.pending:
        since = verdict.pending_since.astimezone(LOCAL_ZONE).strftime("%m-%d %H:%M:%S") if verdict.pending_since else ""
        lines.append(f"另有 {verdict.pending} 条尚未入链（最早 {since}）；工作进程运行时几秒内入链。")
    if verdict.checkpoint is None:
        lines.append("没有签名检查点可对照，不能判断末尾是否被截断。")
    if not verdict.protected:
        lines.append("注意：本服务的数据库账号能改动审计表（库表归它所有），请按运维手册分开账号。")
    return lines
