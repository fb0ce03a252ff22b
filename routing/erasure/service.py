"""Retention rounds, legal holds, and correcting what is stored of a caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.files import ConfigFiles
from routing.erasure.parts import PIECE_OF, is_erased, wholes_of, with_corrected
from routing.erasure.periods import Period, Periods, load_periods, parse_periods
from routing.erasure.store import erase_parts, queries, rewrite_versions
from routing.errors import CallNotFound, InvalidRequest
from routing.publishing.service import RETENTION
from routing.publishing.store import queries as published_queries
from routing.sealing import Vault

#: Calls of one transaction: short enough that nobody waits for one of them.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Due:
    """What a rule finds: calls to erase, and calls old enough that a legal hold keeps."""

    rule: Period
    due: int
    held: int


@dataclass(frozen=True, slots=True)
class PersonCall:
    """One call of a number, with what stands in the way of erasing it."""

    call_id: int
    line: str
    external_id: str
    state: str
    open: bool
    """Still being handled."""
    held: bool
    """Under a legal hold."""
    erased_parts: tuple[str, ...]


async def periods_in_force(connection: Any, files: ConfigFiles) -> Periods:
    """What was published last, unless the configuration folder has its own file; else the shipped one.

    Raises ConfigError: then nothing is erased, which can be made up for.
    """
    kind, name = RETENTION
    if not files.overlaid(name) and (row := await published_queries.in_force(connection, kind=kind, name=name)):
        return parse_periods(row["body"])
    return load_periods(files)


async def count_due(pool: Any, periods: Periods) -> list[Due]:
    """What a round would erase now, rule by rule; changes nothing."""
    async with pool.acquire() as connection:
        return [await count_rule(connection, rule, periods) for rule in periods.rules]


async def count_rule(connection: Any, rule: Period, periods: Periods) -> Due:
    """What a round would erase now by one rule; changes nothing."""
    row = await queries.count_due(connection, **_of_rule(rule, periods))
    return Due(rule, row["due"], row["held"])


async def erase_due(pool: Any, vault: Vault, rule: Period, periods: Periods) -> int:
    """Erase one batch of what ``rule`` finds; the calls changed, 0 when nothing is due."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await queries.due(connection, **_of_rule(rule, periods), limit=BATCH)
        return await erase_parts(connection, vault, [row["id"] for row in rows], (rule.part,))


def _of_rule(rule: Period, periods: Periods) -> dict[str, Any]:
    return {
        "part": rule.part,
        "wholes": list(wholes_of(rule.part)),
        "days": rule.days,
        "line": rule.line,
        "named": periods.named_lines(rule.part),
    }


async def forget_shift_notes(connection: Any, periods: Periods) -> int:
    """Erase general notes of handovers and notices as old as the notes of unnamed lines may get; how many."""
    days = next(rule.days for rule in periods.rules if rule.line is None and rule.part == "notes")
    return len(await queries.forget_shift_notes(connection, days=days))


async def calls_of_number(connection: Any, number_hash: bytes) -> list[PersonCall]:
    """The calls of one number, oldest first."""
    return [
        PersonCall(
            row["id"],
            row["line"],
            row["external_id"],
            row["state"],
            row["open"],
            row["held"],
            tuple(row["erased_parts"]),
        )
        for row in await queries.of_number(connection, number_hash=number_hash)
    ]


async def known_of_caller(connection: Any, vault: Vault, call_id: int) -> dict[str, set[str]]:
    """What the versions of a call have as name, address and number, the number as it was sent too."""
    known: dict[str, set[str]] = {"caller_number": set(), "caller_name": set(), "address": set()}
    for row in await queries.versions(connection, ids=[call_id]):
        payload = vault.open_json(row["payload"], "call_versions.payload")
        for field, found in known.items():
            found.update(value for name in (field, f"{field}_raw") if (value := payload.get(name)))
    return known


async def correct_caller(connection: Any, vault: Vault, call_id: int, changes: Mapping[str, str | None]) -> None:
    """Set ``caller_number`` (E.164), ``caller_name`` or ``address`` of a call and of all its stored versions.

    A call whose caller has been erased has nothing to correct: InvalidRequest. Raises CallNotFound.
    """
    rows = await queries.lock_calls(connection, ids=[call_id])
    if not rows:
        raise CallNotFound(f"没有编号为 {call_id} 的来电。")
    if "caller" in rows[0]["erased_parts"] or any(
        is_erased(PIECE_OF[field], rows[0]["erased_parts"]) for field in changes
    ):
        raise InvalidRequest(f"来电 {call_id} 的来电人资料已删除，没有可更正的内容。")
    versions = await queries.versions(connection, ids=[call_id])
    newest = vault.open_json(versions[-1]["payload"], "call_versions.payload")
    now = {name: newest[name] for name in ("caller_number", "caller_name", "address")} | dict(changes)
    await queries.correct_call(
        connection,
        call_id=call_id,
        caller_number=vault.seal(now["caller_number"], "calls.caller_number"),
        caller_hash=vault.number_hash(now["caller_number"]),
        caller_name=vault.seal(now["caller_name"] or None, "calls.caller_name"),
        address=vault.seal(now["address"] or None, "calls.address"),
    )
    replaced = dict(changes)
    if "caller_number" in replaced:
        replaced["caller_number_raw"] = replaced["caller_number"] or ""
    await rewrite_versions(connection, vault, [call_id], lambda payload: with_corrected(payload, replaced))


async def place_hold(
    connection: Any,
    vault: Vault,
    *,
    reason: str,
    call_id: int | None = None,
    number_hash: bytes | None = None,
    placed_by: int | None = None,
) -> int:
    """Keep a call, or all calls of a number, until the hold is released; the hold's number.

    ``placed_by``: the account; None on the command line.
    """
    if len(reason.strip()) < 4:
        raise InvalidRequest("reason：请写明保留的依据（至少 4 个字），如法院调取函号。")
    if call_id is not None and not await queries.lock_calls(connection, ids=[call_id]):
        raise CallNotFound(f"没有编号为 {call_id} 的来电。")
    return int(
        await queries.place_hold(
            connection,
            call_id=call_id,
            number_hash=number_hash,
            reason=vault.seal(reason.strip(), "legal_holds.reason"),
            placed_by=placed_by,
        )
    )


async def release_hold(connection: Any, hold_id: int) -> None:
    """End a hold. Raises InvalidRequest where none of this number is in force."""
    if await queries.release_hold(connection, hold_id=hold_id) is None:
        raise InvalidRequest(f"没有编号为 {hold_id} 的有效保留；用 hotline hold list 查看。")
