"""``/api/v1/articles``: the knowledge base: finding, writing, publishing, importing."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.access.service import check_concern
from hotline.accounts.permissions import allowed
from hotline.accounts.store import Principal
from hotline.audit.store import record
from hotline.console.sentences import told_rows
from hotline.web.bodies import Body, path_id, read_body, whole
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from hotline.web.progress import Progress, answer_with_progress
from routing.calls.store import opened_call
from routing.calls.store import queries as call_queries
from routing.errors import ArticleNotFound, CallNotFound, InvalidRequest
from routing.knowledge import service as knowledge
from routing.knowledge.article import ANSWER_LENGTH, BODY_LENGTH, NOTE_LENGTH, TITLE_LENGTH, ArticleText
from routing.knowledge.service import Editor, queries
from routing.knowledge.sheet import read_articles
from routing.triage.store import queries as triage_queries


def editor_of(who: Principal) -> Editor:
    """The person as the knowledge base sees them."""
    return Editor(who.user_id, who.org_id, allowed(who.role, "knowledge.publish"))


class ArticleBody(Body):
    """POST /articles and PUT /articles/{id}/draft."""

    title: str = Field(min_length=1, max_length=TITLE_LENGTH)
    answer: str = Field(min_length=1, max_length=ANSWER_LENGTH)
    body: str = Field("", max_length=BODY_LENGTH)
    topic: str
    org_id: int
    expires_on: date
    change_note: str = Field(min_length=1, max_length=NOTE_LENGTH)
    propose: bool = False
    """True: a department asks a manager to publish it."""
    revision: int | None = None
    """Of the draft the writer began with; None where there was none."""


async def _text_of(own: Services, connection: Any, body: ArticleBody) -> ArticleText:
    known = {row["id"] for row in await queries.organisations(connection)}
    if body.org_id not in known:
        raise InvalidRequest("org_id：没有这个单位，请从列表中选择。")
    text = ArticleText(**body.model_dump(exclude={"propose", "revision"}))
    text.check(frozenset(own.published.policy.taxonomy.topics))
    return text


@needs("knowledge.read")
async def listing(request: web.Request) -> web.Response:
    """GET /articles: found by words, or all of a state."""
    async with services(request).pool.acquire() as connection:
        rows = await knowledge.find(
            connection,
            request.query.get("q", "")[:200],
            state=request.query.get("state") or "current",
            topic=request.query.get("topic") or None,
            limit=whole(request, "limit", 50, low=1, high=200),
        )
    return json_response({"items": [shown_article(row) for row in rows]})


def shown_article(row: dict[str, Any]) -> dict[str, Any]:
    """One row of a list as the API gives it."""
    names = ("id", "version", "title", "answer", "topic", "org_id", "owner", "validity")
    expires_on = row["expires_on"].isoformat() if row["expires_on"] else None
    return {name: row[name] for name in names} | {"expires_on": expires_on}


@needs("knowledge.read")
async def show(request: web.Request) -> web.Response:
    """GET /articles/{id}?version=: one version (default: the one in force) with the history."""
    article_id = path_id(request)
    async with services(request).pool.acquire() as connection:
        article = await queries.article(connection, article_id=article_id)
        wanted = whole(request, "version", (article["version"] if article else None) or 1, low=1, high=1_000_000)
        version = await queries.version(connection, article_id=article_id, version=wanted)
        if version is None:
            raise ArticleNotFound("知识库里没有这个条目或这个版本。")
        history = [dict(row) for row in await queries.versions(connection, article_id=article_id)]
    return json_response({"current": article["version"], **dict(version), "versions": history})


@needs("calls.answer")
async def suggested(request: web.Request) -> web.Response:
    """GET /calls/{id}/articles?q=: what fits the call, or what fits the words typed; only what may be cited."""
    own, call_id = services(request), path_id(request)
    typed = request.query.get("q", "").strip()[:200]
    async with own.pool.acquire() as connection:
        if typed:
            rows = await knowledge.find(connection, typed, state="citable", limit=8)
        else:
            row = await call_queries.call(connection, call_id=call_id)
            if row is None:
                raise CallNotFound(f"没有编号为 {call_id} 的来电。")
            await check_concern(connection, principal(request), call_id)
            triage = await triage_queries.triage(connection, call_id=call_id)
            said = opened_call(own.vault, row)["transcript"]
            rows = await knowledge.suggest(connection, said, triage["topics"] if triage else [])
    return json_response({"items": [shown_article(row) for row in rows]})


@needs("knowledge.propose")
async def add(request: web.Request) -> web.Response:
    """POST /articles: a new article as a draft."""
    own, who = services(request), principal(request)
    body = await read_body(request, ArticleBody)
    async with own.pool.acquire() as connection, connection.transaction():
        text = await _text_of(own, connection, body)
        article_id = await knowledge.begin(connection, editor_of(who), text, propose=body.propose)
        await record(connection, actor=who, action="article_drafted", subject=f"article:{article_id}")
    await own.signals.ring()
    return json_response({"id": article_id, "revision": 1}, status=201)


@needs("knowledge.propose")
async def save(request: web.Request) -> web.Response:
    """PUT /articles/{id}/draft."""
    own, who, article_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ArticleBody)
    async with own.pool.acquire() as connection, connection.transaction():
        text = await _text_of(own, connection, body)
        revision = await knowledge.save(
            connection, editor_of(who), article_id, text, body.revision, propose=body.propose
        )
        action = "article_proposed" if body.propose else "article_drafted"
        await record(connection, actor=who, action=action, subject=f"article:{article_id}")
    await own.signals.ring()
    return json_response({"id": article_id, "revision": revision})


class RevisionBody(Body):
    """Which draft is meant: one that was saved over meanwhile is refused."""

    revision: int = Field(ge=1)


@needs("knowledge.publish")
async def publish(request: web.Request) -> web.Response:
    """POST /articles/{id}/publish: the draft becomes the next version."""
    own, who, article_id = services(request), principal(request), path_id(request)
    body = await read_body(request, RevisionBody)
    async with own.pool.acquire() as connection, connection.transaction():
        version = await knowledge.publish(connection, editor_of(who), article_id, body.revision)
        await record(
            connection,
            actor=who,
            action="article_published",
            subject=f"article:{article_id}",
            detail={"version": version},
        )
    await own.signals.ring()
    return json_response({"id": article_id, "version": version})


class ReturnDraftBody(Body):
    """POST /articles/{id}/return."""

    reason: str = Field(min_length=1, max_length=400)


@needs("knowledge.publish")
async def give_back(request: web.Request) -> web.Response:
    """POST /articles/{id}/return: a proposal goes back with the reason."""
    own, who, article_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ReturnDraftBody)
    async with own.pool.acquire() as connection, connection.transaction():
        await knowledge.give_back(connection, editor_of(who), article_id, body.reason)
        await record(connection, actor=who, action="article_returned", subject=f"article:{article_id}")
    await own.signals.ring()
    return json_response({"id": article_id})


@needs("knowledge.propose")
async def discard(request: web.Request) -> web.Response:
    """POST /articles/{id}/discard: the draft is not wanted any more."""
    own, who, article_id = services(request), principal(request), path_id(request)
    body = await read_body(request, RevisionBody)
    async with own.pool.acquire() as connection, connection.transaction():
        await knowledge.discard(connection, editor_of(who), article_id, body.revision)
        await record(connection, actor=who, action="article_discarded", subject=f"article:{article_id}")
    await own.signals.ring()
    return json_response({"id": article_id})


@needs("knowledge.publish")
async def withdraw(request: web.Request) -> web.Response:
    """POST /articles/{id}/withdraw: cited no more."""
    own, who, article_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await knowledge.withdraw(connection, editor_of(who), article_id)
        await record(connection, actor=who, action="article_withdrawn", subject=f"article:{article_id}")
    await own.signals.ring()
    return json_response({"id": article_id})


@needs("knowledge.publish")
async def import_file(request: web.Request) -> web.StreamResponse:
    """POST /articles/import: the file as body; good rows are published, bad ones named with row, field and reason.

    A row whose title is in force already becomes that article's next version, unless nothing in it changed. Answers
    as lines of JSON while it stores (``hotline/web/progress.py``); a file that cannot be read is refused at once.
    """
    own, who = services(request), principal(request)
    data = await request.read()
    if not data:
        raise InvalidRequest("file：没有收到文件。")
    taxonomy = own.published.policy.taxonomy.topics
    topics = {code: code for code in taxonomy} | {label: code for code, label in taxonomy.items()}
    async with own.pool.acquire() as connection:
        rows = await queries.organisations(connection)
        today = await queries.today(connection)
    owners = {row["code"]: row["id"] for row in rows} | {row["name"]: row["id"] for row in rows}
    sheet = await asyncio.to_thread(read_articles, data, topics, owners, today, "从文件导入")
    rejected = told_rows(sheet.problems)

    async def store(progress: Progress) -> dict[str, Any]:
        done = {"added": 0, "updated": 0, "unchanged": 0}
        for start in range(0, len(sheet.articles), knowledge.IMPORT_BATCH):
            progress.at(start, len(sheet.articles))
            part = [each.text for each in sheet.articles[start : start + knowledge.IMPORT_BATCH]]
            async with own.pool.acquire() as connection, connection.transaction():
                counts = await knowledge.import_texts(connection, editor_of(who), part)
                await record(connection, actor=who, action="articles_imported", subject="articles", detail=counts)
            done = {name: done[name] + counts[name] for name in done}
        await own.signals.ring()
        return {**done, "rejected": rejected}

    return await answer_with_progress(request, store)
