"""What lawyers' work needs beside queues: the other side of a call, conflicts of interest, snippets of law."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web
from pydantic import Field

from hotline.access.service import check_concern
from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.errors import InvalidRequest
from routing.recusals.service import name_counterparty, recuse
from routing.snippets import service as snippets
from routing.snippets.citations import citation, meant_by


class CounterpartyBody(Body):
    """PUT /calls/{id}/counterparty; an empty name takes it back."""

    name: str = Field("", max_length=200)


@needs("queues.claim")
async def put_counterparty(request: web.Request) -> web.Response:
    """PUT /calls/{id}/counterparty: who the other side is, as the caller said when asked."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, CounterpartyBody)
    async with own.pool.acquire() as connection, connection.transaction():
        await check_concern(connection, who, call_id)
        await name_counterparty(connection, own.vault, call_id, who.user_id, body.name)
        await record(connection, actor=who, action="counterparty_named", subject=f"call:{call_id}")
    await own.signals.ring()
    return json_response({"call_id": call_id, "named": bool(body.name)})


class RecusalBody(Body):
    """POST /calls/{id}/recusal; ``counterparty`` where the conflict showed only in the talk."""

    counterparty: str | None = Field(None, max_length=200)


@needs("queues.claim")
async def step_back(request: web.Request) -> web.Response:
    """POST /calls/{id}/recusal: a conflict of interest; the call keeps its place and goes to somebody else."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, RecusalBody)
    policy = own.published.policy
    async with own.pool.acquire() as connection, connection.transaction():
        queues = policy.queues_of_role(who.role)
        stands = await recuse(connection, own.vault, policy, call_id, who.user_id, queues=queues)
        if body.counterparty:
            await name_counterparty(connection, own.vault, call_id, who.user_id, body.counterparty)
        await record(connection, actor=who, action="recused", subject=f"call:{call_id}", detail={"stands": stands})
    await own.signals.ring()
    return json_response({"call_id": call_id, "stands": stands})


class SnippetBody(Body):
    """POST /snippets and PUT /snippets/{id}."""

    title: str = Field(min_length=1, max_length=snippets.TITLE_LENGTH)
    body: str = Field(min_length=1, max_length=snippets.BODY_LENGTH)
    citation: str | None = Field(None, max_length=120)
    shared: bool = False
    #: Of a change: the version that was seen.
    version: int | None = None

    def draft(self) -> snippets.SnippetDraft:
        """What was typed."""
        return snippets.SnippetDraft(self.title, self.body, self.citation, self.shared)


@needs("snippets.use")
async def find_snippets(request: web.Request) -> web.Response:
    """GET /snippets?q=: own and shared ones by the words typed so far; a citation by itself where the words are one."""
    own, words = services(request), request.query.get("q", "")[:100]
    found = await snippets.find(own.pool, own.vault, principal(request).user_id, words)
    return json_response({"items": [asdict(snippet) for snippet in found], "citation": meant_by(words)})


@needs("snippets.use")
async def add_snippet(request: web.Request) -> web.Response:
    """POST /snippets."""
    own, who = services(request), principal(request)
    body = await read_body(request, SnippetBody)
    async with own.pool.acquire() as connection, connection.transaction():
        snippet_id = await snippets.add(connection, own.vault, who.user_id, body.draft())
        if body.shared:
            await record(connection, actor=who, action="snippet_shared", subject=f"snippet:{snippet_id}")
    return json_response({"id": snippet_id, "version": 1, "citation": _cited(body)}, status=201)


@needs("snippets.use")
async def change_snippet(request: web.Request) -> web.Response:
    """PUT /snippets/{id}: own and shared ones; 409 when somebody changed it meanwhile."""
    own, who, snippet_id = services(request), principal(request), path_id(request)
    body = await read_body(request, SnippetBody)
    if body.version is None:
        raise InvalidRequest("version：请带上看到的版本号。")
    async with own.pool.acquire() as connection, connection.transaction():
        await snippets.change(connection, own.vault, who.user_id, snippet_id, body.draft(), version=body.version)
        if body.shared:
            await record(connection, actor=who, action="snippet_shared", subject=f"snippet:{snippet_id}")
    return json_response({"id": snippet_id, "version": body.version + 1, "citation": _cited(body)})


@needs("snippets.use")
async def remove_snippet(request: web.Request) -> web.Response:
    """DELETE /snippets/{id}: one's own."""
    own, who, snippet_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        await snippets.remove(connection, who.user_id, snippet_id)
    return json_response({"id": snippet_id, "removed": True})


def _cited(body: SnippetBody) -> str | None:
    return citation(body.citation) if body.citation else None
