"""What people get to see of calls: numbers masked, others' advice left out, confidential fields hidden."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hotline.access.rules import caller_hidden
from hotline.access.service import check_concern, timeline_of
from hotline.accounts.store import Principal
from hotline.audit.store import record_look
from hotline.web.contact_rules import contact_rules_view
from hotline.web.keys import Services
from nlp.masking import mask_address, mask_name, mask_number, mask_text, names_of
from routing.calls.record import CONTACTS
from routing.calls.states import STATES
from routing.calls.store import opened_call, with_excerpt
from routing.calls.store import queries as call_queries
from routing.cases.store import queries as case_queries
from routing.danger.service import NOTHING_TOLD, panel
from routing.danger.service import queries as danger_queries
from routing.errors import CallNotFound
from routing.queues.store import claims as queue_claims
from routing.queues.store import queries as queue_queries
from routing.recusals.counterparty import Counterparty
from routing.recusals.service import counterparties, counterparty
from routing.sealing import Vault, opened
from routing.transfers.store import opened_transfer
from routing.transfers.store import queries as transfer_queries
from routing.triage.store import queries as triage_queries


def masked(number: str | None) -> str | None:
    """138****1111, with the country code left out for numbers of the mainland."""
    return None if number is None else mask_number(number.removeprefix("+86"))


def excerpt(text: str, length: int = 80, *, caller: str | None = None) -> str:
    """The beginning of a transcript for lists: masked first and cut then, so that no cut number or name shows.

    ``caller``: the recorded name, hidden in what was said as well.
    """
    return mask_text(text, names_of(caller, ()))[:length]


def listed_item(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of a list whose transcript shows by its beginning: queue items, held calls, alarms."""
    shown = with_excerpt(vault, row)
    return shown | {"excerpt": excerpt(shown["excerpt"], caller=shown.pop("caller_name"))}


def listed_call(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of ``GET /calls``."""
    hidden = row["confidential"]
    return {
        "id": row["id"],
        "line": row["line"],
        "external_id": row["external_id"],
        "state": row["state"],
        "received_at": row["received_at"],
        "contact": row["contact"],
        "live": row["live"],
        "region": None if hidden else row["region"],
        "caller_number": None if hidden else masked(row["caller_number"]),
        "confidential": hidden,
        "excerpt": excerpt(row["excerpt"], 120, caller=row["caller_name"]),
        "route": row["route"],
        "confidence": _probability(row["confidence"]),
        "review": row["review"],
        "danger_level": row["danger_level"],
        "topic": (row["topics"] or [None])[0],
        "destination": row["destination"],
        "queue": row["queue"],
        "mode": row["mode"],
        "priority": row["priority"],
        "deadline": row["deadline"],
        "close_reason": row["close_reason"],
    }


def _probability(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def call_view(row: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """One call. Departments do not see who made a confidential one (DESIGN section 5)."""
    hidden = caller_hidden(row, who)
    names = spoken_names(row)
    return {
        "id": row["id"],
        "line": row["line"],
        "external_id": row["external_id"],
        "version": row["version"],
        "state": row["state"],
        "state_label": STATES[row["state"]],
        "state_changed_at": row["state_changed_at"],
        "close_reason": row["close_reason"],
        "intake": row["intake"],
        "contact": row["contact"],
        "contact_label": CONTACTS[row["contact"]],
        "live": row["live"],
        "held_by": row["held_by"],
        "received_at": row["received_at"],
        "caller_number": None if hidden else masked(row["caller_number"]),
        "caller_name": None if hidden else mask_name(row["caller_name"]),
        "address": None if hidden else mask_address(row["address"] or ""),
        "region": row["region"],
        "operator": row["operator_name"],
        "confidential": row["confidential"],
        "request_kind": row["request_kind"],
        "channel": row["channel"],
        "urgency": row["urgency"],
        "lead_unit": row["lead_unit"],
        "joint_units": row["joint_units"],
        "dispatched_at": row["dispatched_at"],
        "received_by_unit_at": row["received_by_unit_at"],
        "ended_at": row["ended_at"],
        "recording_number": None if hidden else row["recording_number"],
        "talk_time_s": row["talk_time_s"],
        "connected": row["connected"],
        "ring_s": row["ring_s"],
        "satisfaction": row["satisfaction"],
        "contact_rules": None if hidden else contact_rules_view(row["contact_rules"], names),
        # masking keeps the length, so offsets of evidence and danger still point to their words
        "transcript": mask_text(row["transcript"], names),
        "segments": [segment | {"text": mask_text(segment["text"], names)} for segment in row["segments"]],
    }


def spoken_names(call: Mapping[str, Any]) -> frozenset[str]:
    """The names to hide in what was said in one opened call, quoted pieces of it included: the caller's and those said.

    A name may be asked for in one segment and told in the next, so all are read together.
    """
    said = "\n".join(segment["text"] for segment in call["segments"])
    return names_of(call["caller_name"], (call["transcript"], said))


def triage_view(row: Mapping[str, Any] | None, vault: Vault, names: frozenset[str]) -> dict[str, Any] | None:
    """One reading with its spans masked; ``names``: of :func:`spoken_names`."""
    if row is None:
        return None
    reading: dict[str, Any] = vault.open_json(row["reading"], "triages.reading")
    spans = {
        name: [span | {"text": mask_text(span["text"], names)} for span in reading.get(name, [])]
        for name in ("evidence", "cues", "entities")
    }
    for entity in spans["entities"]:
        if isinstance(entity.get("value"), str):
            entity["value"] = mask_text(entity["value"], names)
    danger = reading["danger"]
    return {
        **reading,
        **spans,
        "danger": danger | {"signals": [s | {"text": mask_text(s["text"], names)} for s in danger["signals"]]},
        "id": row["id"],
        "revision": row["revision"],
        "created_at": row["created_at"],
    }


def decision_view(row: Mapping[str, Any] | None, services: Services) -> dict[str, Any] | None:
    """One decision: the stored body with its id, who decided, and the joint ones by name."""
    if row is None:
        return None
    policy = services.published.policy
    body: dict[str, Any] = services.vault.open_json(row["body"], "decisions.body")
    return {
        **body,
        "id": row["id"],
        "by": row["by_name"] if row["by_user"] else None,
        "created_at": row["created_at"],
        "joint_labels": [policy.joint_label(joint) for joint in body["joint"]],
        "agencies": [
            {"key": agency.key, "label": agency.label, "phone": agency.phone}
            for joint in body["joint"]
            if (agency := policy.agencies.get(joint)) is not None
        ],
    }


def transfer_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """One forward."""
    names = (
        "id",
        "call_id",
        "decision_id",
        "destination",
        "queue",
        "mode",
        "requested_mode",
        "state",
        "overruled",
        "reason",
        "dial_number",
        "our_ticket",
        "their_ticket",
        "receipt_due_at",
        "receipt_at",
        "return_reason",
        "created_at",
        "ended_at",
        "department",
    )
    view = {name: row[name] for name in names}
    for name in ("reason", "return_reason"):
        view[name] = mask_text(view[name]) if view[name] else None
    for name in ("receipt_due_at", "receipt_at", "created_at", "ended_at"):
        view[name] = view[name].isoformat() if view[name] else None
    return view


async def call_page(services: Services, who: Principal, call_id: int) -> dict[str, Any]:
    """``{call, triage, decision, queue_item, transfers, timeline}`` and what the console shows beside it.

    Raises CallNotFound.
    """
    async with services.pool.acquire() as connection:
        call = await call_queries.call(connection, call_id=call_id)
        if call is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        await check_concern(connection, who, call_id)
        call = opened_call(services.vault, call)
        triage = await triage_queries.triage(connection, call_id=call_id)
        decision = await triage_queries.decision(connection, call_id=call_id)
        items = await queue_queries.items_of_call(connection, call_id=call_id)
        timeline = await call_queries.timeline(connection, call_id=call_id)
        there = await call_queries.parts_there(connection, call_id=call_id)

        async def listed(part: str, query: Callable[..., Awaitable[Any]]) -> Any:
            return await query(connection, call_id=call_id) if there[part] else []

        transfers = [
            opened_transfer(services.vault, row)
            for row in await listed("transfers", transfer_queries.transfers_of_call)
        ]
        alarm = await listed("alarm", danger_queries.alarm)
        told_of = there["danger_answers"] or there["leader"] or there["release"]
        told = await panel(connection, services.vault, call_id) if told_of else NOTHING_TOLD
        notices = await listed("notices", triage_queries.notices)
        assignments = await listed("assignments", queue_queries.assignments_of_call)
        choices = await listed("choices", transfer_queries.choices)
        undertakings = await listed("undertakings", case_queries.undertakings_of_call)
        opposed = (
            (await counterparties(connection, services.vault, [call_id]))[call_id]
            if there["counterparty"]
            else counterparty(services.vault, None, None, triage["reading"] if triage else None)
        )
        others = await timeline_of(connection, services.vault, who, call)
        await record_look(connection, actor=who, action="call_viewed", subject=f"call:{call_id}")
    return {
        "call": call_view(call, who),
        "triage": triage_view(triage, services.vault, spoken_names(call)),
        "decision": decision_view(decision, services),
        "queue_item": next((item_view(i) for i in items if i["role"] == "lead"), None),
        "joint_items": [item_view(i) for i in items if i["role"] == "joint"],
        "transfers": [transfer_view(t) | {"by": t["by_name"]} for t in transfers],
        "timeline": [_told(entry, transfers) for entry in timeline],
        "caller_timeline": others,
        "alarm": dict(alarm) if alarm else None,
        "counterparty": counterparty_view(opposed, call, who),
        "danger_panel": panel_view(told),
        "notices": [
            {
                "id": n["id"],
                "created_at": n["created_at"],
                "destination": n["destination"],
                **_short(n["body"], services.vault),
            }
            for n in notices
        ],
        "assignments": [
            _assignment_view(opened(services.vault, a, "assignments", ("disposition", "notes", "summary")), who)
            for a in assignments
        ],
        "undertakings": [dict(each) for each in undertakings],
        "choices": [_choice_view(opened(services.vault, choice, "caller_choices", ("message",))) for choice in choices],
    }


async def claimed_call(services: Services, who: Principal, call_id: int) -> dict[str, Any]:
    """``{call, triage, decision}`` of a call just claimed: what is read first; the page has the rest."""
    async with services.pool.acquire() as connection:
        row = await queue_claims.claimed_call(connection, call_id=call_id)
        await record_look(connection, actor=who, action="call_viewed", subject=f"call:{call_id}")
    call = opened_call(services.vault, row)
    reading = {"id": row["reading_id"], "revision": row["reading_revision"], "created_at": row["reading_at"]}
    decision = {"id": row["decision_row"], "created_at": row["decided_at"]}
    opposed = counterparty(services.vault, row["opposed_name"], row["opposed_told_by"], row["reading"])
    return {
        "call": call_view(call, who),
        "triage": triage_view(reading | {"reading": row["reading"]}, services.vault, spoken_names(call))
        if row["reading_id"]
        else None,
        "decision": decision_view(decision | {name: row[name] for name in ("body", "by_user", "by_name")}, services)
        if row["decision_row"]
        else None,
        "counterparty": counterparty_view(opposed, call, who),
    }


def panel_view(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the danger panel holds, masked."""
    names = ("version", "by", "answered_at")
    answers = {
        question: {"answer": mask_text(row["answer"])} | {name: row[name] for name in names}
        for question, row in told["answers"].items()
    }
    return {**told, "answers": answers}


def counterparty_view(found: Counterparty, call: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """The other side of a call: whether somebody asked, or the machine heard it. Hidden where the caller is."""
    names = () if caller_hidden(call, who) else found.names
    return {"names": [mask_text(name) for name in names], "asked": found.asked, "told_by": found.told_by}


def _choice_view(choice: dict[str, Any]) -> dict[str, Any]:
    return choice | {"message": mask_text(choice["message"] or "") or None}


def _told(entry: Mapping[str, Any], transfers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One entry of the timeline; the reason of a return stands with its transfer."""
    if entry["action"] != "returned":
        return dict(entry)
    returned = (t["return_reason"] for t in transfers if t["id"] == entry["detail"].get("transfer_id"))
    return dict(entry) | {"detail": entry["detail"] | {"reason": mask_text(next(returned, None) or "") or None}}


def _short(body: bytes, vault: Vault) -> dict[str, Any]:
    return {"reasons": vault.open_json(body, "decisions.body")["reasons"]}


def item_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """One queue item."""
    return {
        "id": row["id"],
        "queue": row["queue"],
        "role": row["role"],
        "state": row["state"],
        "priority": row["priority"],
        "enqueued_at": row["enqueued_at"],
        "deadline": row["deadline"],
        "offered_to": row["offered_to"],
        "claimed_at": row["claimed_at"],
        "ended_at": row["ended_at"],
        "assigned_to": row["assigned_to"],
    }


def _assignment_view(row: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """Notes stay with the desk where they were taken, whatever became of the person since; others see the summary
    that the caller approved. Rows of before approval was asked for by itself have no desk: their summaries were meant
    for others."""
    same_desk = (row["desk_role"] or row["user_role"]) == who.role
    approved = row["summary_approved_at"] is not None or row["desk_role"] is None
    return {
        "id": row["id"],
        "by": row["by_name"],
        "queue": row["queue"],
        "claimed_at": row["claimed_at"],
        "ended_at": row["ended_at"],
        "outcome": row["outcome"],
        "disposition": row["disposition"],
        "summary": row["summary"] if same_desk or approved else None,
        "summary_approved": approved and row["summary"] is not None,
        "notes": row["notes"] if same_desk else None,
    }
