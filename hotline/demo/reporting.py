"""The demo's groups of staff, saved views of the charts, and exports: one waits for a second person, one is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hotline.accounts.store import Principal
from hotline.audit.reasons import Reason
from hotline.demo.store import queries
from hotline.exports.jobs import Wanted, ask
from hotline.statistics.saved import MOST, NAME_USE
from hotline.statistics.saved import queries as saved_queries
from routing.policy.facts import LOCAL_ZONE
from routing.sealing import Vault

#: Code, name and kind of an organisation, and its people's log-in names.
GROUPS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("gf", "澜江市公共法律服务中心", "law_firm", ("lawyer", "lawyer2", "lawyer3", "lawyer4", "lawyer5")),
    ("zy", "澜江律师志愿团", "law_firm", ("lawyer6", "lawyer7", "lawyer8")),
    ("tj", "澜江市人民调解中心", "mediation", ("mediator", "mediator2", "mediator3", "mediator4")),
    ("zh", "澜江市公安局指挥中心", "police", ("police", "police2", "police3")),
)
#: Owner, name, address, whether it is shared.
VIEWS: tuple[tuple[str, str, str, bool], ...] = (
    ("manager", "近四周法律咨询", "days=28&compare=none&route=legal_consultation", True),
    ("manager", "110 非警务求助去向", "days=28&line=110&route=non_police_help", False),
    ("manager2", "本周对上周", "days=7&compare=week", True),
)


async def add_groups(connection: Any, ids: Mapping[str, int]) -> None:
    """Whom the people work for, before they take any call: figures by group follow it."""
    for code, name, kind, people in GROUPS:
        org_id = await queries.put_organisation(connection, code=code, name=name, kind=kind)
        for person in people:
            await queries.set_organisation(connection, user_id=ids[person], org_id=org_id)


async def add_reports(connection: Any, vault: Vault, ids: Mapping[str, int], now: datetime) -> None:
    """Saved views; a list of calls that waits for the other manager, a report that the worker makes at its start."""
    for owner, name, address, shared in VIEWS:
        await saved_queries.save(
            connection,
            user_id=ids[owner],
            name=vault.seal(name, NAME_USE),
            address=address,
            shared=shared,
            most=MOST,
        )
    today = now.astimezone(LOCAL_ZONE).date()
    span = [("from", str(today - timedelta(days=27))), ("to", str(today + timedelta(days=1)))]
    for owner, wanted, why in (
        ("manager", Wanted("report", "pdf", {"query": span}), None),
        (
            "manager2",
            Wanted(
                "calls",
                "xlsx",
                {"query": [*span, ("line", "12348")], "state": None, "unmasked": False, "reason": "report"},
            ),
            "calls",
        ),
    ):
        who = Principal(ids[owner], owner, owner, "manager", 1)
        await ask(connection, vault, who, wanted, why=why, reason=Reason("report") if why else None)
