"""What people get to see of cases: files, lists; texts stay with the desk that works on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hotline.access.service import check_concern
from hotline.accounts.store import Principal
from hotline.web.keys import Services
from hotline.web.views import excerpt
from nlp.masking import mask_text
from routing.cases.deadlines import nearness, objection_until
from routing.cases.steps.service import steps_of_case
from routing.cases.store import opened_objection, opened_undertaking, queries
from routing.errors import UndertakingNotFound
from routing.sealing import Vault

#: Whose words a role reads beside its own desk's: who answers for the whole.
READS_ALL = frozenset({"manager"})
DESK_OF_ROLE = {"mediator": "mediators", "department": "departments"}


def may_read(row: Mapping[str, Any], who: Principal) -> bool:
    """Whether this person reads what the desk wrote: agreements, steps and objections stay with the desk."""
    return who.role in READS_ALL or DESK_OF_ROLE.get(who.role) == row["desk"]


async def case_file(own: Services, who: Principal, undertaking_id: int) -> dict[str, Any]:
    """One undertaking with steps and objections. Raises UndertakingNotFound or OwnComplaint.

    Who is of neither the desk nor the managers sees the reply the caller was given, states and times.
    """
    async with own.pool.acquire() as connection:
        row = await queries.undertaking(connection, undertaking_id=undertaking_id)
        if row is None:
            raise UndertakingNotFound(f"没有编号为 {undertaking_id} 的承办。")
        await check_concern(connection, who, row["call_id"])
        inside = may_read(row, who)
        steps = await steps_of_case(connection, own.vault, row["case_id"]) if inside else []
        objections = await queries.objections_of(connection, undertaking_id=undertaking_id) if inside else []
    shown = opened_undertaking(own.vault, row)
    calendar = own.published.policy.calendar
    until = objection_until(row["dispatched_at"], calendar)
    file = {
        name: shown[name]
        for name in (
            *("id", "code", "call_id", "desk", "queue", "role", "state", "state_changed_at", "holder", "holder_name"),
            *("dispatched_at", "opened_at", "due_at", "extended_from", "outcome", "reply", "fed_back_at"),
            *("appraisal", "resolved", "appraised_at", "appraised_by_name", "handed_on_reason"),
        )
    }
    private = ("agreement", "extension_reason", "appraisal_words", "handed_on_words")
    # a desk's own file holds its own words in clear; what others see of replies is masked
    file["reply"] = file["reply"] if inside else mask_text(file["reply"] or "") or None
    return file | {
        **{name: shown[name] if inside else None for name in private},
        "nearness": nearness(row["due_at"], row["read_at"]),
        "mine": row["holder"] == who.user_id,
        "objection_until": until,
        "may_object": (
            row["desk"] == "departments"
            and row["state"] == "handling"
            and row["read_at"] <= until
            and row["appraised_at"] is None
            and not objections
        ),
        "steps": steps,
        "objections": [opened_objection(own.vault, each) for each in objections],
    }


def listed_case(vault: Vault, row: Mapping[str, Any], now: datetime | None = None) -> dict[str, Any]:
    """One row of a list of cases: the excerpt masked, how near the next date is as a code."""
    shown = dict(row)
    text = vault.open(shown.pop("excerpt"), "calls.excerpt") or ""
    moment = now or datetime.now(UTC)
    return shown | {
        "excerpt": excerpt(text, caller=vault.open(shown.pop("caller_name"), "calls.caller_name")),
        "topic": (row["read_topics"] or [None])[0],
        "nearness": nearness(row["next_at"], moment) if "next_at" in shown else None,
    }
