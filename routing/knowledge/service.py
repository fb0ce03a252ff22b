"""Writing, publishing, finding and citing articles. Every function works in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nlp.search_tokens import search_tokens
from routing.errors import ArticleChanged, ArticleNotCitable, ArticleNotFound, InvalidRequest, NotYourArticle
from routing.knowledge.article import RENEWAL_DAYS, ArticleText, validity
from routing.policy.facts import LOCAL_ZONE
from routing.queues.store import queries as queue_queries
from routing.sql import load_queries

queries = load_queries(__file__)

#: A word of the title tells more of an article than one of its explanation.
TITLE_WEIGHT, ANSWER_WEIGHT, BODY_WEIGHT = 3.0, 1.5, 1.0
#: More words than a person types, and as many of a call as tell what it is about.
MAX_WORDS, MAX_CALL_WORDS = 20, 400
#: Rows of an import in one transaction.
IMPORT_BATCH = 50
#: What makes a row of an import another version.
IMPORTED_FIELDS = ("answer", "body", "topic", "org_id", "expires_on")
#: Said in every call about anything: they tell nothing of what it is about.
COMMON_WORDS = frozenset(Path(__file__).with_name("said_everywhere.txt").read_text(encoding="utf-8").split())
STATES = ("all", "current", "citable", "renewal", "withdrawn", "drafts")


@dataclass(frozen=True, slots=True)
class Editor:
    """Who writes: a manager publishes everything, a department proposes for its own articles."""

    user_id: int
    org_id: int
    publishes: bool


@dataclass(frozen=True, slots=True)
class Citation:
    """The article a direct answer rests on, in the version the operator read."""

    article_id: int
    version: int


async def begin(connection: Any, editor: Editor, text: ArticleText, *, propose: bool = False) -> int:
    """A new article, as a draft; its id. Raises NotYourArticle."""
    _may_write(editor, text.org_id)
    article_id = int(await queries.insert_article(connection))
    await _put_draft(connection, editor, article_id, text, propose=propose)
    return article_id


async def article_and_draft(connection: Any, article_id: int) -> tuple[Any, Any]:
    """The article's row and its draft, None where nobody is at one. Raises ArticleNotFound."""
    row = await queries.article(connection, article_id=article_id)
    if row is None:
        raise ArticleNotFound("知识库里没有这个条目，可能已被删除。")
    return row, await queries.draft(connection, article_id=article_id)


async def save(
    connection: Any, editor: Editor, article_id: int, text: ArticleText, revision: int | None, *, propose: bool = False
) -> int:
    """The draft as written now; its new revision. ``revision`` is the one the writer began with, None where there was
    no draft. Raises ArticleNotFound, NotYourArticle, or ArticleChanged where somebody else has saved meanwhile.
    """
    await _locked(connection, editor, article_id, revision)
    _may_write(editor, text.org_id)
    return await _put_draft(connection, editor, article_id, text, propose=propose)


async def _put_draft(connection: Any, editor: Editor, article_id: int, text: ArticleText, *, propose: bool) -> int:
    revision = await queries.put_draft(
        connection, article_id=article_id, user_id=editor.user_id, proposed=propose, **asdict(text)
    )
    await _tell(connection, article_id)
    return int(revision)


async def publish(connection: Any, editor: Editor, article_id: int, revision: int) -> int:
    """The draft becomes the version in force; its number. Raises ArticleNotFound, ArticleChanged, NotYourArticle or
    InvalidRequest.
    """
    _must_publish(editor)
    await _locked(connection, editor, article_id, revision)
    draft = await queries.draft(connection, article_id=article_id)
    if draft is None:
        raise ArticleNotFound("这个条目没有草稿，没有可发布的内容。")
    text = ArticleText(**{name: draft[name] for name in ArticleText.__dataclass_fields__})
    text.check_term(await queries.today(connection))
    version = await publish_text(connection, article_id, text, editor.user_id)
    await queries.drop_draft(connection, article_id=article_id)
    return version


async def publish_text(
    connection: Any, article_id: int, text: ArticleText, user_id: int | None, *, at: datetime | None = None
) -> int:
    """A publication without a draft, such as out of an import; the number of the version. ``at`` None: now."""
    version = await queries.insert_version(connection, article_id=article_id, user_id=user_id, at=at, **asdict(text))
    await queries.set_version(connection, article_id=article_id, version=version)
    words = _weighted(text)
    await queries.put_words(
        connection, article_id=article_id, words=list(words), weights=[words[word] for word in words]
    )
    await _tell(connection, article_id)
    return int(version)


async def import_texts(connection: Any, editor: Editor, texts: Sequence[ArticleText]) -> dict[str, int]:
    """Publish the rows of an import: a title in force becomes its article's next version, where anything changed.

    How many were ``added``, ``updated``, ``unchanged``. Drafts of these articles stay. Raises NotYourArticle.
    """
    _must_publish(editor)
    known = {row["title"]: row["id"] for row in await queries.titles(connection)}
    counts = {"added": 0, "updated": 0, "unchanged": 0}
    for text in texts:
        article_id = known.get(text.title)
        if article_id is None:
            article_id = int(await queries.insert_article(connection))
            counts["added"] += 1
        else:
            article = await queries.lock_article(connection, article_id=article_id)
            stands = await queries.version(connection, article_id=article_id, version=article["version"])
            if all(stands[name] == getattr(text, name) for name in IMPORTED_FIELDS):
                counts["unchanged"] += 1
                continue
            counts["updated"] += 1
        await publish_text(connection, article_id, text, editor.user_id)
    return counts


async def give_back(connection: Any, editor: Editor, article_id: int, reason: str) -> None:
    """A proposal is not published as it stands. Raises NotYourArticle, InvalidRequest or ArticleNotFound."""
    _must_publish(editor)
    if not reason.strip():
        raise InvalidRequest("reason：请写明退回的理由。")
    if await queries.return_draft(connection, article_id=article_id, reason=reason.strip()) is None:
        raise ArticleNotFound("这个条目没有待审核的修订，可能已发布或已由他人退回。")
    await _tell(connection, article_id)


async def discard(connection: Any, editor: Editor, article_id: int, revision: int) -> None:
    """The draft goes; an article that was never published goes with it."""
    await _locked(connection, editor, article_id, revision)
    await queries.drop_draft(connection, article_id=article_id)
    await queries.drop_article(connection, article_id=article_id)
    await _tell(connection, article_id)


async def withdraw(connection: Any, editor: Editor, article_id: int) -> None:
    """The article is cited no more; answers that cited it keep it. Raises ArticleNotFound or NotYourArticle."""
    _must_publish(editor)
    if await queries.withdraw(connection, article_id=article_id) is None:
        raise ArticleNotFound("没有这个已发布的条目，或者它已经停用。")
    await _tell(connection, article_id)


async def check_citation(connection: Any, citation: Citation) -> None:
    """Raise ArticleNotFound or ArticleNotCitable; afterwards the version stays in force for this transaction."""
    row = await queries.citable(connection, article_id=citation.article_id)
    if row is None or row["version"] is None:
        raise ArticleNotFound(f"知识库里没有编号为 {citation.article_id} 的已发布条目。")
    if row["withdrawn_at"] is not None:
        raise ArticleNotCitable(f"《{row['title']}》已停用，请另选条目。")
    if row["version"] != citation.version:
        raise ArticleNotCitable(f"《{row['title']}》已更新到第 {row['version']} 版，请看过新版再引用。")
    if validity(row["expires_on"], await queries.today(connection)) == "expired":
        raise ArticleNotCitable(f"《{row['title']}》已于 {row['expires_on']} 到期，续期之前不能引用。")


async def find(
    connection: Any,
    typed: str,
    *,
    state: str = "current",
    topic: str | None = None,
    org_id: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Articles by what somebody types, the best first; all of a state where nothing is typed. Raises InvalidRequest."""
    if state not in STATES:
        raise InvalidRequest(f"state：只能是 {'、'.join(STATES)}。")
    words = search_tokens(typed)[:MAX_WORDS]
    rows = await queries.find(
        connection,
        words=words,
        begun=_begun(words),
        typed=typed.strip().lower(),
        state=state,
        topic=topic,
        org_id=org_id,
        days=RENEWAL_DAYS,
        limit=limit,
    )
    return [listed(row) for row in rows]


async def suggest(connection: Any, said: str, topics: Sequence[str], *, limit: int = 8) -> list[dict[str, Any]]:
    """Articles that may be cited for a call, by what was said and its topics; nothing of it is kept."""
    # single characters stand in every article
    words = [word for word in search_tokens(said) if len(word) > 1 and word not in COMMON_WORDS][:MAX_CALL_WORDS]
    return [listed(row) for row in await queries.suggest(connection, words=words, topics=list(topics)[:2], limit=limit)]


def listed(row: Any) -> dict[str, Any]:
    """A row of a list with its validity; None for one never published."""
    shown = dict(row)
    shown["validity"] = validity(row["expires_on"], row["today"]) if row["expires_on"] else None
    return shown


def _begun(words: Sequence[str]) -> str:
    """The last word, as the beginning of one that is still being typed; nothing where it means something to LIKE."""
    last = words[-1] if words else ""
    return "" if any(sign in last for sign in "%_\\") else last


def _weighted(text: ArticleText) -> dict[str, float]:
    words: dict[str, float] = {}
    for part, weight in ((text.body, BODY_WEIGHT), (text.answer, ANSWER_WEIGHT), (text.title, TITLE_WEIGHT)):
        _raise(words, search_tokens(part), weight)
    return words


def _raise(words: dict[str, float], found: Iterable[str], weight: float) -> None:
    for word in found:
        words[word] = max(weight, words.get(word, 0.0))


def _may_write(editor: Editor, org_id: int | None) -> None:
    if not editor.publishes and org_id != editor.org_id:
        raise NotYourArticle("只能为本单位的条目提出修订；其他单位的请联系管理者。")


def _must_publish(editor: Editor) -> None:
    if not editor.publishes:
        raise NotYourArticle("发布、退回和停用由管理者办理；请提交审核。")


async def _locked(connection: Any, editor: Editor, article_id: int, revision: int | None) -> Any:
    row = await queries.lock_article(connection, article_id=article_id)
    if row is None:
        raise ArticleNotFound(f"知识库里没有编号为 {article_id} 的条目。")
    _may_write(editor, row["org_id"] if row["version"] is not None else row["draft_org_id"])
    if row["draft_revision"] != revision:
        if row["draft_revision"] is None:
            raise ArticleChanged("草稿已发布或已删除，请刷新后从现行版本重新修改；您写的内容还在。")
        at = row["saved_at"].astimezone(LOCAL_ZONE)
        raise ArticleChanged(
            f"{row['saved_by_name'] or '他人'}在 {at:%m-%d %H:%M} 保存了另一份草稿，请先看过再合并；您写的内容还在。"
        )
    return row


async def _tell(connection: Any, article_id: int) -> None:
    await queue_queries.event(
        connection, kind="knowledge_changed", call_id=None, queue=None, user_id=None, data={"article_id": article_id}
    )
