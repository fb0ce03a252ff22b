"""The knowledge base 知识库: list, article with its history and differences, the editor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from hotline.console.render import fragment, page
from hotline.web.api.articles import editor_of
from hotline.web.bodies import path_id, whole
from hotline.web.keys import Services, needs, principal, services
from routing.errors import ArticleNotFound, NotYourArticle
from routing.knowledge import service as knowledge
from routing.knowledge.article import RENEWAL_DAYS, VALIDITIES, Change, blocks, differences, validity
from routing.knowledge.service import queries

#: Filters of the list with the words of the screen; the number beside some is what waits there.
STATES: dict[str, str] = {
    "current": "在用",
    "renewal": "待续期",
    "drafts": "草稿与待审",
    "withdrawn": "已停用",
    "all": "全部",
}
#: A new article holds so long unless its writer says otherwise.
USUAL_TERM = timedelta(days=365)
#: What is compared between two versions, with the words of the screen.
_COMPARED = {"title": "标题", "answer": "答复口径", "body": "依据与说明", "owner": "承办单位", "expires_on": "有效期至"}


@needs("knowledge.read")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /knowledge."""
    own = services(request)
    shown = await _listed(request, own)
    async with own.pool.acquire() as connection:
        shown["owners"] = [dict(row) for row in await queries.organisations(connection)]
    return await page(request, "knowledge.html", {"live": True, **shown})


@needs("knowledge.read")
async def article_list(request: web.Request) -> web.StreamResponse:
    """GET /knowledge/list: the left side."""
    return fragment(request, "_article_list.html", await _listed(request, services(request)))


async def _listed(request: web.Request, own: Services) -> dict[str, Any]:
    state = request.query.get("state") or "current"
    async with own.pool.acquire() as connection:
        rows = await knowledge.find(
            connection,
            request.query.get("q", "")[:200],
            state=state,
            topic=request.query.get("topic") or None,
            org_id=whole(request, "org_id", 0, low=0, high=2_000_000_000) or None,
            limit=200,
        )
        counts = dict(await queries.counts(connection, days=RENEWAL_DAYS))
    counts["renewal"] = counts["expired"] + counts["expiring"]
    return {"articles": rows, "counts": counts, "state": state, "article_states": STATES, "validities": VALIDITIES}


@needs("knowledge.read")
async def article(request: web.Request) -> web.StreamResponse:
    """GET /knowledge/articles/{id}?version=&draft=yes: one version, with what it changed against the one before."""
    own, article_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        row, draft = await knowledge.article_and_draft(connection, article_id)
        wanted = whole(request, "version", row["version"] or 0, low=0, high=1_000_000)
        shown = await queries.version(connection, article_id=article_id, version=wanted)
        as_draft = draft is not None and (shown is None or request.query.get("draft") == "yes")
        before = await queries.version(
            connection, article_id=article_id, version=(row["version"] or 0) if as_draft else wanted - 1
        )
        history = [dict(each) for each in await queries.versions(connection, article_id=article_id)]
        cited = [dict(each) for each in await queries.cited_by_month(connection, article_id=article_id)]
        today = await queries.today(connection)
    shown = draft if as_draft else shown
    if shown is None:
        raise ArticleNotFound("这个条目没有这个版本。")
    owner = row["version"] and next((each for each in history if each["version"] == row["version"]), None)
    context = {
        "article": dict(row),
        "shown": dict(shown),
        "as_draft": as_draft,
        "draft": dict(draft) if draft else None,
        "blocks": blocks(shown["body"]),
        "changes": _changes(before, shown) if before else [],
        "history": history,
        "cited": cited,
        "most": max((each["cited"] for each in cited), default=0),
        "validity": validity(shown["expires_on"], today),
        "validities": VALIDITIES,
        "in_force": owner,
        "may_write": _may_write(request, shown["org_id"]),
    }
    return fragment(request, "_article.html", context)


def _may_write(request: web.Request, org_id: int) -> bool:
    editor = editor_of(principal(request))
    return editor.publishes or editor.org_id == org_id


def _changes(before: Any, after: Any) -> list[tuple[str, list[Change]]]:
    """What differs, field by field."""
    found = []
    for name, label in _COMPARED.items():
        if str(before[name]) != str(after[name]):
            found.append((label, differences(str(before[name]), str(after[name]))))
    return found


@needs("knowledge.propose")
async def new_form(request: web.Request) -> web.StreamResponse:
    """GET /knowledge/new: the editor of an article that does not exist yet."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        today = await queries.today(connection)
        owners = await _owners(connection, request)
    values = {
        "id": "",
        "revision": None,
        "title": "",
        "answer": "",
        "body": "",
        "topic": "other",
        "org_id": who.org_id,
        "expires_on": today + USUAL_TERM,
        "change_note": "首次发布",
    }
    return fragment(request, "_article_form.html", {"values": values, "owners": owners, "draft": None})


@needs("knowledge.propose")
async def form(request: web.Request) -> web.StreamResponse:
    """GET /knowledge/articles/{id}/edit: the editor, on the draft or on the version in force."""
    own, article_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        row, draft = await knowledge.article_and_draft(connection, article_id)
        text = draft or await queries.version(connection, article_id=article_id, version=row["version"])
        owners = await _owners(connection, request)
    if not _may_write(request, text["org_id"]):
        raise NotYourArticle("只能为本单位的条目提出修订；其他单位的请联系管理者。")
    values = dict(text) | {"id": article_id, "revision": draft["revision"] if draft else None}
    if draft is None:
        values["change_note"] = ""
    return fragment(request, "_article_form.html", {"values": values, "owners": owners, "draft": draft})


async def _owners(connection: Any, request: web.Request) -> list[dict[str, Any]]:
    """Organisations the writer may write for."""
    rows = [dict(row) for row in await queries.organisations(connection)]
    return [row for row in rows if _may_write(request, row["id"])]


def add_pages(app: web.Application) -> None:
    """The pages of the knowledge base."""
    app.router.add_get("/knowledge", show)
    app.router.add_get("/knowledge/list", article_list)
    app.router.add_get("/knowledge/new", new_form)
    app.router.add_get(r"/knowledge/articles/{id:\d{1,18}}", article)
    app.router.add_get(r"/knowledge/articles/{id:\d{1,18}}/edit", form)
