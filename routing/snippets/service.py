"""Keeping and finding snippets. They are sealed like all that people type, and opened to be searched: a few hundred
short texts, which takes milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.errors import InvalidRequest, SnippetChanged, SnippetNotFound
from routing.sealing import Vault, opened
from routing.snippets.citations import citation
from routing.sql import load_queries

queries = load_queries(__file__)

TITLE_LENGTH, BODY_LENGTH = 80, 2_000
#: Snippets of one person, and shared ones: beyond that nobody finds anything by typing three letters.
OWN_LIMIT, SHARED_LIMIT = 500, 1_000
FOUND_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of law as a lawyer wants it at hand."""

    id: int
    title: str
    citation: str | None
    """In the form of ``routing.snippets.citations``."""
    body: str
    shared: bool
    """All lawyers see it and may improve it."""
    own: bool
    owner: str
    version: int
    """Rises with every change; who saves names the version they saw."""
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SnippetDraft:
    """What somebody typed."""

    title: str
    body: str
    citation: str | None = None
    shared: bool = False


def _checked(draft: SnippetDraft) -> SnippetDraft:
    title, body = draft.title.strip(), draft.body.strip()
    if not title or len(title) > TITLE_LENGTH:
        raise InvalidRequest(f"title：请填写标题，最多 {TITLE_LENGTH} 个字。")
    if not body or len(body) > BODY_LENGTH:
        raise InvalidRequest(f"body：请填写内容，最多 {BODY_LENGTH} 个字。")
    cited = citation(draft.citation) if draft.citation and draft.citation.strip() else None
    return SnippetDraft(title, body, cited, draft.shared)


def _sealed(vault: Vault, draft: SnippetDraft) -> dict[str, Any]:
    return {
        "title": vault.seal(draft.title, "law_snippets.title"),
        "citation": vault.seal(draft.citation, "law_snippets.citation"),
        "body": vault.seal(draft.body, "law_snippets.body"),
        "shared": draft.shared,
    }


def _snippet(vault: Vault, row: Mapping[str, Any], user_id: int) -> Snippet:
    plain = opened(vault, row, "law_snippets", ("title", "citation", "body"))
    return Snippet(
        plain["id"],
        plain["title"],
        plain["citation"],
        plain["body"],
        plain["shared"],
        plain["owner_id"] == user_id,
        plain["owner"],
        plain["version"],
        plain["changed_by"],
        plain["changed_at"],
    )


def matching(snippets: Sequence[Snippet], words: str) -> list[Snippet]:
    """Those that hold every word, in title or citation before text only, own before shared, newest first; pure."""
    sought = [word for word in words.casefold().replace("，", " ").split() if word]
    ranked = []
    for place, snippet in enumerate(snippets):
        head = f"{snippet.title} {snippet.citation or ''}".casefold()
        whole = f"{head} {snippet.body.casefold()}"
        if all(word in whole for word in sought):
            ranked.append((not all(word in head for word in sought), not snippet.own, place, snippet))
    return [snippet for *_, snippet in sorted(ranked, key=lambda entry: entry[:3])][:FOUND_LIMIT]


async def find(pool: Any, vault: Vault, user_id: int, words: str) -> list[Snippet]:
    """What a person may use, by the words typed so far; without words the newest."""
    async with pool.acquire() as connection:
        rows = await queries.visible(connection, user_id=user_id)
    return matching([_snippet(vault, row, user_id) for row in rows], words)


async def add(connection: Any, vault: Vault, user_id: int, draft: SnippetDraft) -> int:
    """Keep a new snippet, in the caller's transaction; its id. Raises InvalidRequest."""
    checked = _checked(draft)
    counts = await queries.counts(connection, user_id=user_id)
    if counts["own"] >= OWN_LIMIT or (checked.shared and counts["shared"] >= SHARED_LIMIT):
        raise InvalidRequest("速查条目已满；请先删除不用的条目。")
    row = await queries.add(connection, user_id=user_id, **_sealed(vault, checked))
    return int(row["id"])


async def change(
    connection: Any, vault: Vault, user_id: int, snippet_id: int, draft: SnippetDraft, *, version: int
) -> None:
    """Improve one, in the caller's transaction. Only its owner may take a shared one back for themselves.

    Raises SnippetNotFound, SnippetChanged when somebody changed it after ``version``, InvalidRequest.
    """
    checked = _checked(draft)
    row = await _locked(connection, snippet_id, user_id)
    if row["version"] != version:
        raise SnippetChanged(f"{row['changed_by_name']}刚改过这一条；请看过新内容再改，您写的还在。")
    if row["shared"] and not checked.shared and row["owner_id"] != user_id:
        raise InvalidRequest("shared：只有作者能把共享条目收回为个人条目。")
    await queries.change(connection, snippet_id=snippet_id, user_id=user_id, **_sealed(vault, checked))


async def remove(connection: Any, user_id: int, snippet_id: int) -> None:
    """Throw one's own away, in the caller's transaction. Raises SnippetNotFound, InvalidRequest."""
    row = await _locked(connection, snippet_id, user_id)
    if row["owner_id"] != user_id:
        raise InvalidRequest("只有作者能删除这一条；内容有误请直接修改。")
    await queries.remove(connection, snippet_id=snippet_id)


async def _locked(connection: Any, snippet_id: int, user_id: int) -> Any:
    row = await queries.lock_visible(connection, snippet_id=snippet_id, user_id=user_id)
    if row is None:
        raise SnippetNotFound("没有这一条速查，或它是别人的个人条目。")
    return row
