"""``hotline person``, ``hotline retention`` and ``hotline hold``: what is stored of a person, and how long."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from config.files import ConfigFiles
from config.settings import Settings, load_settings
from hotline.audit.machine import at_the_machine
from hotline.audit.reasons import read_reason
from hotline.audit.store import record
from hotline.commands.stored_data import with_stored_data
from hotline.erasure import person as person_data
from hotline.erasure.copying import export_person
from hotline.erasure.correcting import correct_person
from hotline.erasure.rounds import old_rejects, retention_round
from hotline.models.label_files import known_files
from hotline.sealing.vault import FileVault
from routing.erasure.parts import LABELS
from routing.erasure.periods import load_periods
from routing.erasure.service import count_due, periods_in_force, place_hold, release_hold
from routing.erasure.store import queries as erasure_queries
from routing.policy.facts import LOCAL_ZONE

person = typer.Typer(no_args_is_help=True, help="What is stored of a caller: give out, correct, erase.")
retention = typer.Typer(no_args_is_help=True, help="How long what is kept (retention.toml).")
hold = typer.Typer(no_args_is_help=True, help="Legal holds: what must be kept although its time is over.")

#: The database numbers no further.
MAX_ID = 2**63 - 1

Number = Annotated[str, typer.Argument(help="the caller's telephone number")]
Why = Annotated[str, typer.Option("--reason", help="for the audit log, such as the number of the request")]


@person.command("export")
def export(
    number: Number,
    reason: Why,
    out: Annotated[Path | None, typer.Option("--out", help="a new file, readable by you alone; default stdout")] = None,
) -> None:
    """Print everything stored of the calls of a number, in clear, as one JSON object."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> dict[str, Any]:
        async with pool.acquire() as connection, connection.transaction():
            return await export_person(
                connection,
                vault,
                number,
                read_reason(reason),
                label_files=known_files(settings.state_dir),
                actor=at_the_machine(),
            )

    if out is None:
        sys.stdout.write(_as_text(with_stored_data(work)))
        return
    # before anything is opened and recorded: a copy that cannot be written is not taken
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be made ({error.strerror}); name a new file.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        try:
            file.write(_as_text(with_stored_data(work)))
        except BaseException:
            out.unlink()
            raise
    print(f"written to {out}")


def _as_text(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n"


@person.command("correct")
def correct(
    *,
    number: Number,
    reason: Why,
    name: Annotated[str | None, typer.Option("--name", help="the right name")] = None,
    address: Annotated[str | None, typer.Option("--address", help="the right address")] = None,
    new_number: Annotated[str | None, typer.Option("--number", help="the right telephone number")] = None,
    call: Annotated[int | None, typer.Option("--call", min=1, max=MAX_ID, help="only this call")] = None,
) -> None:
    """Correct name, address or number in all calls of a number, in every version and in what staff wrote of them."""
    given = {"caller_name": name, "address": address, "caller_number": new_number}
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("Say what is right: --name, --address or --number.")

    async def work(settings: Settings, pool: Any, vault: FileVault) -> list[int]:
        async with pool.acquire() as connection, connection.transaction():
            return await correct_person(
                connection,
                vault,
                number,
                changes,
                read_reason(reason),
                only_call=call,
                label_files=known_files(settings.state_dir),
                actor=at_the_machine(),
            )

    print(json.dumps({"corrected": with_stored_data(work)}))


@person.command("erase")
def erase(
    number: Number,
    reason: Why,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be erased")] = False,
) -> None:
    """Erase the ended calls of a number; exit 3 where calls had to be left (being handled, or under a legal hold)."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> person_data.Erased:
        if not dry_run:
            return await person_data.erase_person(
                pool, vault, settings, number, read_reason(reason), actor=at_the_machine()
            )
        async with pool.acquire() as connection:
            found = await person_data.calls_of(connection, vault, number)
        return person_data.Erased(
            tuple(c.call_id for c in found if not c.open and not c.held),
            tuple(c.call_id for c in found if c.open),
            tuple(c.call_id for c in found if c.held),
        )

    done = with_stored_data(work)
    word = "would_erase" if dry_run else "erased"
    answer: dict[str, Any] = {word: done.erased, "being_handled": done.open, "held": done.held}
    if not dry_run:
        answer |= {"training_rows": done.training_rows, "label_files_missing": done.label_files_missing}
    print(json.dumps(answer))
    raise typer.Exit(3 if done.open or done.held else 0)


@person.command("reapply")
def reapply() -> None:
    """After a restore: erase again what was erased since that backup, by the ledger in the state folder."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> int:
        ids = person_data.read_ledger(settings.state_dir / person_data.LEDGER)
        async with pool.acquire() as connection, connection.transaction():
            await person_data.erase_everywhere(connection, vault, ids)
            if ids:
                await record(
                    connection,
                    actor=at_the_machine(),
                    action="person_erased",
                    subject="ledger",
                    detail={"calls": len(ids)},
                )
        return len(ids)

    print(json.dumps({"in_ledger": with_stored_data(work)}))


@retention.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count what would be erased")] = False,
) -> None:
    """Erase what is past its period now (the worker does it every hour); prints one JSON line last."""
    files = ConfigFiles(load_settings().config_dir)
    load_periods(files)  # a file that cannot be used is told before any server starts

    async def work(settings: Settings, pool: Any, vault: FileVault) -> dict[str, Any]:
        async with pool.acquire() as connection:
            periods = await periods_in_force(connection, files)
        said, rejects = {"version": periods.version}, settings.state_dir / "rejects"
        if not dry_run:
            erased = await retention_round(pool, vault, periods, rejects=rejects, actor=at_the_machine())
            return said | {"erased": erased}
        counted = await count_due(pool, periods)
        for due in counted:
            line = due.rule.line or "其他线路"
            print(f"{line}  {LABELS[due.rule.part]}  {due.rule.days} 天：{due.due} 件到期，{due.held} 件被保留")
        old = len(old_rejects(rejects, periods.rejects_days))
        print(f"退回文件  {periods.rejects_days} 天：{old} 份到期")
        return said | {
            "would_erase": {f"{d.rule.line or '*'}:{d.rule.part}": d.due for d in counted} | {"*:rejects": old},
            "held": {f"{d.rule.line or '*'}:{d.rule.part}": d.held for d in counted},
        }

    print(json.dumps(with_stored_data(work)))


@hold.command("place")
def place(
    reason: Why,
    call: Annotated[int | None, typer.Option("--call", min=1, max=MAX_ID, help="one call")] = None,
    number: Annotated[str | None, typer.Option("--number", help="all calls of this number")] = None,
) -> None:
    """Keep a call, or all calls of a number, until the hold is released; prints the hold's number."""
    if (call is None) == (number is None):
        raise typer.BadParameter("Name either --call or --number.")

    async def work(settings: Settings, pool: Any, vault: FileVault) -> int:
        number_hash = vault.number_hash(person_data.e164(number)) if number is not None else None
        async with pool.acquire() as connection, connection.transaction():
            hold_id = await place_hold(connection, vault, reason=reason, call_id=call, number_hash=number_hash)
            await record(
                connection,
                actor=at_the_machine(),
                action="hold_placed",
                subject=f"hold:{hold_id}",
                detail={"call": call} if call is not None else {},
            )
        return hold_id

    print(with_stored_data(work))


@hold.command("release")
def release(hold_id: Annotated[int, typer.Argument(min=1, max=MAX_ID, help="number of the hold")]) -> None:
    """End a hold: retention applies again."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await release_hold(connection, hold_id)
            await record(connection, actor=at_the_machine(), action="hold_released", subject=f"hold:{hold_id}")

    with_stored_data(work)
    print(f"hold {hold_id} released")


@hold.command("list")
def list_holds() -> None:
    """Print every hold, those in force first."""

    async def work(settings: Settings, pool: Any, vault: FileVault) -> list[str]:
        async with pool.acquire() as connection:
            rows = await erasure_queries.holds(connection)
        return [
            f"{row['id']:>6}  {row['placed_at'].astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}  "
            f"{'来电 ' + str(row['call_id']) if row['call_id'] else '一个号码的全部来电'}  "
            f"{vault.open(row['reason'], 'legal_holds.reason')}  "
            f"{'已解除' if row['released_at'] else '有效'}"
            for row in rows
        ]

    for line in with_stored_data(work):
        print(line)
