"""Cases in PostgreSQL: their rows opened, their files, and who may act on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.errors import HeldByOther, IllegalTransition, UndertakingNotFound
from routing.sealing import Vault, opened
from routing.sql import load_queries
from routing.transfers.store import locked_call

queries = load_queries(__file__)

UNDERTAKING_TEXTS = ("extension_reason", "agreement", "reply", "appraisal_words", "handed_on_words")
OBJECTION_TEXTS = ("words", "decision_words")


async def locked_undertaking(connection: Any, undertaking_id: int) -> Any:
    """One undertaking, locked after its call. Raises UndertakingNotFound."""
    call_id = await queries.call_of(connection, undertaking_id=undertaking_id)
    if call_id is None:
        raise UndertakingNotFound(f"没有编号为 {undertaking_id} 的承办。")
    await locked_call(connection, call_id)
    return await queries.lock_undertaking(connection, undertaking_id=undertaking_id)


async def own_undertaking(connection: Any, undertaking_id: int, user_id: int, *, desk: str | None = None) -> Any:
    """An undertaking this person carries and works on, locked.

    Raises UndertakingNotFound, HeldByOther naming who has it, or IllegalTransition where it is not being handled.
    """
    row = await locked_undertaking(connection, undertaking_id)
    if desk is not None and row["desk"] != desk:
        raise UndertakingNotFound(f"没有编号为 {undertaking_id} 的承办。")
    check_holder(row, user_id)
    if row["state"] == "objected":
        raise IllegalTransition("已提出异议，正等待裁定，裁定后再办理。")
    if row["state"] != "handling":
        raise IllegalTransition("这件案件已反馈或已转出，不能再改；请刷新页面。")
    return row


def check_holder(row: Mapping[str, Any], user_id: int) -> None:
    """One person carries an undertaking at a time. Raises HeldByOther."""
    if row["holder"] is None:
        raise HeldByOther("这件案件的承办人已离岗，请先接手再办理。")
    if row["holder"] != user_id:
        raise HeldByOther(f"案件由{row['holder_name']}承办，请与其联系。")


def opened_undertaking(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """A whole row of ``undertakings`` with its texts opened. Raises SealBroken."""
    return opened(vault, row, "undertakings", UNDERTAKING_TEXTS)


def opened_objection(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``objections`` with the texts it has opened. Raises SealBroken."""
    return opened(vault, row, "objections", [name for name in OBJECTION_TEXTS if name in row.keys()])  # noqa: SIM118
