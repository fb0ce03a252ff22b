"""Finding calls: by words that were said, by case code, by the caller's number.

What was said stands sealed, so words are found by keyed hashes of the tokens
that jieba's search mode cuts (``nlp.search_tokens``): all words of a query must
occur, in any order. Phrases, parts of words and near misses are not found
(docs/adr/0019). A call is found by its words once it has been read, a moment
after it came in; by code and number at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nlp.search_tokens import search_tokens
from routing.calls.store import calls_by_id
from routing.errors import InvalidRequest
from routing.sealing import Vault
from routing.sql import load_queries

queries = load_queries(__file__)

#: More words than a person types; each is one look into the index.
MAX_WORDS = 20
#: Distinct words kept of one call: a transcript of several hours has fewer.
MAX_TOKENS = 5_000


@dataclass(frozen=True, slots=True)
class CallSearch:
    """What to look for: exactly one of ``words``, ``code`` and ``number``."""

    words: str | None = None
    """Free text; calls in which all its words occur are found."""
    code: str | None = None
    """A case code (``external_id``), whole."""
    number: str | None = None
    """A caller's number in E.164, whole. Searching by person needs a reason and is recorded by the caller of this."""
    from_at: datetime | None = None
    """Received then or later."""
    to_at: datetime | None = None
    """Received before."""
    before_at: datetime | None = None
    """``received_at`` of the last row of the page before."""
    before_id: int | None = None
    limit: int = 50


async def search_calls(connection: Any, vault: Vault, wanted: CallSearch) -> list[dict[str, Any]]:
    """Rows as ``list_calls`` gives them, newest first, at most ``wanted.limit``.

    Raises InvalidRequest when nothing usable is asked for.
    """
    place = {
        "from_at": wanted.from_at,
        "to_at": wanted.to_at,
        "before_at": wanted.before_at,
        "before_id": wanted.before_id,
        "limit": wanted.limit,
    }
    match [name for name in ("words", "code", "number") if getattr(wanted, name)]:
        case ["words"]:
            found = await queries.by_words(connection, tokens=_query_hashes(vault, wanted.words or ""), **place)
        case ["code"]:
            found = await queries.by_code(connection, code=wanted.code, **place)
        case ["number"]:
            number_hash = vault.number_hash(wanted.number)
            found = await queries.by_number(connection, number_hash=number_hash, **place)
        case _:
            raise InvalidRequest("words、code、number：请给出要找的词、编号或号码，三者取一。")
    return await calls_by_id(connection, vault, [row["id"] for row in found])


def _query_hashes(vault: Vault, words: str) -> list[int]:
    tokens = search_tokens(words)
    if not tokens:
        raise InvalidRequest("words：请输入至少一个词（标点和空白不算）。")
    if len(tokens) > MAX_WORDS:
        raise InvalidRequest(f"words：最多 {MAX_WORDS} 个词，请缩短。")
    return vault.token_hashes(tokens)


def call_tokens(segments: Iterable[Mapping[str, Any]]) -> list[str]:
    """The distinct words of everything that was said, by whomever."""
    return search_tokens("\n".join(segment["text"] for segment in segments))[:MAX_TOKENS]


async def index_calls(
    connection: Any, vault: Vault, calls: Sequence[tuple[int, datetime, Sequence[Mapping[str, Any]]]]
) -> None:
    """Make calls (id, received_at, segments as stored) findable by their words, instead of the words of before."""
    await write_tokens(
        connection, vault, [(call_id, received_at, call_tokens(segments)) for call_id, received_at, segments in calls]
    )


async def write_tokens(connection: Any, vault: Vault, calls: Sequence[tuple[int, datetime, Sequence[str]]]) -> None:
    """The same with the words cut already."""
    await queries.index_calls(
        connection,
        rows=[
            {"call_id": call_id, "received_at": received_at.isoformat(), "tokens": vault.token_hashes(tokens)}
            for call_id, received_at, tokens in calls
        ],
    )
