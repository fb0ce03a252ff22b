"""Learning from work: what supervisors judged, and where people sent calls elsewhere than proposed, as labelled rows.

The rows are in the form of nlp.labels and masked: numbers, and the caller's name and address where they are known.
A supervisor says class, topic and danger. Of a call that was only sent elsewhere the destination stands for the class
whose calls it takes; danger and topic stay the machine's, for nobody judged them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from hotline.models.store import queries
from nlp.classification import Route
from nlp.masking import mask_text
from routing.sealing import Vault, opened
from routing.supervision.store import queries as review_queries

CLASS_OF: dict[str, Route] = {
    "police": "police_incident",
    "lawyers": "legal_consultation",
    "mediators": "dispute",
    "departments": "non_police_help",
}
#: ``by`` of rows that a supervisor judged; the others name the role that sent the call elsewhere.
SUPERVISOR = "supervisor"
_PAGE = 200
#: A shorter name or address would mask ordinary words.
_SHORTEST = 2


async def work_rows(
    connection: Any, vault: Vault, days: int, *, agreed_too: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """All labelled rows of the last ``days`` days, each call once: supervisors' corrections, then overruled decisions.

    ``agreed_too`` adds the calls of which a supervisor said that the machine had them right. A call that a supervisor
    judged is none of the overruled ones any more: class and destination are not the same.
    """
    judged = set()
    async for row in judged_rows(connection, vault, days, agreed_too=True):
        judged.add(row["id"])
        if agreed_too or not row["agreed"]:
            yield {name: value for name, value in row.items() if name != "agreed"}
    async for row in overruled_rows(connection, vault, days):
        if row["id"] not in judged:
            yield row


async def judged_rows(
    connection: Any, vault: Vault, days: int, *, agreed_too: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """The labelled rows of calls that supervisors judged, and whether they ``agreed``; those without words left out."""
    after = 0
    while True:
        page = await review_queries.judged_calls(connection, after=after, days=days, agreed_too=agreed_too, page=_PAGE)
        for row in page:
            after = row["id"]
            call = opened(vault, row, "calls", ("transcript", "caller_name", "address"))
            text = masked(call["transcript"] or "", call["caller_name"], call["address"])
            if text.strip():
                yield {
                    "id": row_id(vault, call["call_id"]),
                    "text": text,
                    "line": call["line"],
                    "route": call["route"],
                    "also": None,
                    "topic": [call["topic"]] if call["topic"] else [],
                    "danger": int(call["danger"] > 0),
                    "by": SUPERVISOR,
                    "agreed": call["agreed"],
                }
        if len(page) < _PAGE:
            return


async def overruled_rows(connection: Any, vault: Vault, days: int) -> AsyncIterator[dict[str, Any]]:
    """The labelled rows of calls overruled in the last ``days`` days, by call; those without words are left out."""
    after = 0
    while True:
        page = await queries.overruled(connection, after=after, destinations=list(CLASS_OF), days=days, page=_PAGE)
        for row in page:
            call = opened(vault, row, "calls", ("transcript", "caller_name", "address"))
            after = call["id"]
            text = masked(call["transcript"] or "", call["caller_name"], call["address"])
            if text.strip():
                yield {
                    "id": row_id(vault, call["id"]),
                    "text": text,
                    "line": call["line"],
                    "route": CLASS_OF[call["destination"]],
                    "also": None,
                    "topic": list(call["topics"] or [])[:1],
                    "danger": int((call["danger_level"] or 0) > 0),
                    "by": call["role"],
                }
        if len(page) < _PAGE:
            return


def row_id(vault: Vault, call_id: int) -> str:
    """The id of a call's row: tells nobody which call it is, and finds the row again when the call is erased."""
    return "work-" + vault.content_hash(f"labelled call {call_id}".encode()).hex()[:16]


def masked(text: str, *known: str | None) -> str:
    """``text`` without numbers of persons and without these names and addresses."""
    for words in known:
        if words and len(words) >= _SHORTEST:
            text = text.replace(words, "某" * len(words))
    return mask_text(text)
