"""``hotline keys``: the keys that seal personal data, their rotation and retirement."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from config.settings import CipherSuite, Settings, load_settings
from hotline.audit.machine import at_the_machine
from hotline.audit.store import record
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.sealing.errors import KeyInUse, SecretKeyError
from hotline.sealing.files import SUFFIX, keys_of
from hotline.sealing.key_file import activate, add_data_key, remove_data_key
from hotline.sealing.opening import LOOKUP_ID, check_keys, prepare_vault, queries
from hotline.sealing.reseal import Resealed, reseal, usage
from hotline.sealing.suites import SUITES
from hotline.sealing.vault import FOLLOW_S, FileVault

keys = typer.Typer(no_args_is_help=True, help="Keys that seal personal data.")

Answer = TypeVar("Answer")


def _with_vault(work: Callable[[Settings, Any, FileVault], Awaitable[Answer]]) -> Answer:
    settings = load_settings()

    async def main() -> Answer:
        async with embedded_servers(settings) as urls:
            vault = await prepare_vault(settings, urls)
            pool = await open_pool(urls.database_url, 2)
            try:
                return await work(settings, pool, vault)
            finally:
                await close_pool(pool)

    return asyncio.run(main())


@keys.command("list")
def list_keys() -> None:
    """Print every key with its suite, its state and how many stored values it has sealed (never the key itself)."""
    for line in _with_vault(lambda settings, pool, vault: listed(pool, vault)):
        print(line)


async def listed(pool: Any, vault: FileVault) -> list[str]:
    """One line a key, the look-up key first."""
    async with pool.acquire() as connection:
        known = {row["id"]: row for row in await queries.keys(connection)}
        used = await usage(connection)
    ring = vault.ring
    lines = [f"look-up  {ring.lookup_suite:<5} hashes of numbers and words; not rotated"]
    for key_id in sorted(set(known) | set(ring.data) - {LOOKUP_ID}):
        if key_id == LOOKUP_ID:
            continue
        key, row = ring.data.get(key_id), known.get(key_id)
        suite = key.suite if key else row["suite"] if row else "?"
        if row is not None and row["retired_at"] is not None:
            state = f"retired {row['retired_at']:%Y-%m-%d}"
        elif key is None:
            state = "MISSING in the key file"
        elif key.standby:
            state = "standby"
        else:
            state = "active" if key_id == ring.active.id else "opens only"
        count = sum(used.get(key_id, {}).values())
        lines.append(f"{key_id:<8} {suite:<5} {state:<20} {count} values")
    return lines


@keys.command("rotate")
def rotate(
    suite: Annotated[str | None, typer.Option("--suite", help="intl or sm; default: HOTLINE_CIPHER_SUITE")] = None,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare",
            help="only add the new key on standby: copy the key file to all machines, then rotate without this",
        ),
    ] = False,
) -> None:
    """Add a key and seal everything by it, beside the running service. Stopped in between, the next call goes on."""
    if suite is not None and suite not in SUITES:
        raise SecretKeyError(f"--suite is {suite!r}; it is one of {', '.join(SUITES)}.")

    async def work(settings: Settings, pool: Any, vault: FileVault) -> str:
        wanted = suite or settings.cipher_suite
        if prepare:
            key = add_data_key(vault.path, wanted, standby=True)
            return f"Key {key.id} ({key.suite}) stands by in {vault.path}; copy the file to all machines, then rotate."
        return await rotate_in(pool, vault, wanted, asked=suite is not None)

    print(_with_vault(work))


async def rotate_in(
    pool: Any, vault: FileVault, suite: CipherSuite, *, asked: bool, wait_s: float = FOLLOW_S + 0.5
) -> str:
    """Rotate in an open database; what to say. A rotation that was begun goes on, unless another suite is ``asked``.

    ``wait_s`` is given to running processes to see the new key. Raises SecretKeyError, SealBroken.
    """
    async with pool.acquire() as connection:
        used = await usage(connection)
    newest = vault.ring.data[max(vault.ring.data)]
    unfinished = any(key_id != newest.id for key_id in used) and newest.id in used and newest.id > 1
    if newest.standby:
        activate(vault.path, newest.id)
    elif not (unfinished and (not asked or newest.suite == suite)):
        add_data_key(vault.path, suite)
    vault.reload()
    async with pool.acquire() as connection:
        await check_keys(connection, vault)
        await record(
            connection,
            actor=at_the_machine(),
            action="keys_rotated",
            subject=f"key:{vault.ring.active.id}",
            detail={"suite": vault.ring.active.suite},
        )
    # until all processes have seen the new key, they go on sealing by the one before
    await asyncio.sleep(wait_s)
    done = await _show_progress(lambda told: reseal(pool, vault, told))
    active = vault.ring.active
    counts = json.dumps(
        {"key": active.id, "suite": active.suite, "resealed": done.changed, "unreadable": done.unreadable}
    )
    async with pool.acquire() as connection:
        left = [key_id for key_id in await usage(connection) if key_id != active.id]
    if done.unreadable:
        said = "Some values do not open and were left as they are: restore them from a backup, or erase their calls."
    elif left:
        said = f"Values by key {', '.join(map(str, left))} are left, they were in use; run the same again."
    else:
        said = f"Everything is sealed by key {active.id}; older ones may go with: hotline keys retire N"
    return f"{said}\n{counts}"


async def _show_progress(work: Callable[[Callable[[str, int], None]], Awaitable[Resealed]]) -> Resealed:
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("sealing")
        done = 0

        def told(table: str, rows: int) -> None:
            nonlocal done
            done += rows
            progress.update(bar, description=f"{table}: {done} rows sealed anew")

        return await work(told)


@keys.command("retire")
def retire(key_id: Annotated[int, typer.Argument(metavar="N", help="which key")]) -> None:
    """Remove a key that nothing stored needs any more. Backups of before need it still: keep a copy with them."""
    _with_vault(lambda settings, pool, vault: retire_in(pool, vault, key_id, rejects=settings.state_dir / "rejects"))
    print(f"Key {key_id} is retired. Backups made before need it: keep the old key file with them, apart.")


async def retire_in(pool: Any, vault: FileVault, key_id: int, *, rejects: Path) -> None:
    """Take a key away in an open database, unless the reject files in ``rejects`` need it.

    Raises KeyInUse, SecretKeyError.
    """
    if key_id not in vault.ring.data:
        raise KeyInUse(f"There is no key {key_id}; see: hotline keys list")
    if key_id == vault.ring.active.id:
        raise KeyInUse(f"Key {key_id} seals now; rotate first: hotline keys rotate")
    files = await asyncio.to_thread(_needing, key_id, rejects)
    if files:
        raise KeyInUse(
            f"Key {key_id} opens {len(files)} files of {rejects} still ({files[0]}); mend and import what they hold "
            "(hotline rejects show FILE), then delete them."
        )
    async with pool.acquire() as connection, connection.transaction():
        tables = (await usage(connection)).get(key_id, {})
        if tables:
            where = ", ".join(f"{count} in {table}" for table, count in tables.items())
            raise KeyInUse(f"Key {key_id} has values still ({where}); seal them anew with: hotline keys rotate")
        await queries.retire_key(connection, id=key_id)
        await record(connection, actor=at_the_machine(), action="key_retired", subject=f"key:{key_id}")
        remove_data_key(vault.path, key_id)


def _needing(key_id: int, folder: Path) -> list[str]:
    """Names of the sealed files of ``folder`` that this key opens."""
    return [path.name for path in sorted(folder.glob(f"*{SUFFIX}")) if key_id in keys_of(path)]
