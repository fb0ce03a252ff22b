"""Learning from work: calls that people sent elsewhere than the machine proposed, as labelled rows.

The rows are in the form of nlp.labels and masked: numbers, and the caller's name and address where they are known.
A destination stands for the class whose calls it takes; danger and topic stay the machine's, for nobody judged them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from hotline.models.store import queries
from nlp.classification import Route
from nlp.masking import mask_text
from routing.sealing import Vault, opened

CLASS_OF: dict[str, Route] = {
    "police": "police_incident",
    "lawyers": "legal_consultation",
    "mediators": "dispute",
    "departments": "non_police_help",
}
_PAGE = 200
#: A shorter name or address would mask ordinary words.
_SHORTEST = 2


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
