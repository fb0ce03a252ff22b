"""``/api/v1/policy`` and readings that were set aside."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.console.sentences import tell, told_outline
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from routing.calls.store import queries as call_queries
from routing.errors import CallNotFound, IllegalTransition, InvalidRequest
from routing.policy.loading import load_policy
from routing.policy.outline import outline
from routing.policy.sections import PolicyInvalid
from routing.publishing.differences import differences
from routing.publishing.service import POLICY, Draft, version, versions
from routing.publishing.service import publish as publish_draft
from routing.publishing.store import queries as published_queries
from routing.queues.store import queries as queue_queries
from routing.triage.store import queries


@needs("policy.read")
async def show(request: web.Request) -> web.Response:
    """GET /policy: the version in force and its text."""
    own = services(request)
    text, locked = await text_in_force(own)
    return json_response({"version": own.published.policy.version, "locked": locked, "text": text})


async def text_in_force(own: Services) -> tuple[str, bool]:
    """The policy's text, and whether the configuration folder locks it."""
    await own.published.refresh(own.pool, force=True)
    kind, name = POLICY
    if own.published.files.overlaid(name):
        return own.published.files.read(name), True
    async with own.pool.acquire() as connection:
        row = await published_queries.in_force(connection, kind=kind, name=name)
    return (row["body"] if row else own.published.files.read(name)), False


class CheckBody(Body):
    """POST /policy/check."""

    text: str = Field(max_length=200_000)
    compare: bool = False
    """Also the lines that differ from the text in force."""


@needs("policy.read")
async def check(request: web.Request) -> web.Response:
    """POST /policy/check: what is wrong by line and key, else the rules in order; nothing is stored."""
    own = services(request)
    body = await read_body(request, CheckBody)
    text = with_end(body.text)
    found: dict[str, Any] = {"version": None, "problems": [], "outline": None, "differences": None}
    try:
        policy = await asyncio.to_thread(own.published.draft, text)
        found |= {"version": policy.version, "outline": told_outline(outline(policy, text))}
    except PolicyInvalid as error:
        found["problems"] = [
            {"source": p.source, "line": p.line, "key": p.key, "reason": tell(p.reason)} for p in error.problems
        ]
    if body.compare:
        before, _ = await text_in_force(own)
        found["differences"] = differences(before, text)
    return json_response(found)


class PolicyBody(Body):
    """POST /policy."""

    text: str = Field(min_length=1, max_length=200_000)
    note: str = Field(min_length=1, max_length=500)
    base_version: str | None = Field(default=None, max_length=200)
    """The version that was edited; another one in force meanwhile is refused."""


@needs("policy.write")
async def publish(request: web.Request) -> web.Response:
    """POST /policy: checked, then in force for every process within seconds; problems name their lines."""
    own, who = services(request), principal(request)
    if own.published.files.overlaid("policy.toml"):
        raise InvalidRequest("分流规则由配置目录（HOTLINE_CONFIG_DIR）锁定，请改那里的 policy.toml。")
    body = await read_body(request, PolicyBody)
    text = with_end(body.text)
    checked = load_policy(text, "policy.toml", own.published.files)
    draft = Draft(checked.version, text, body.note, who.user_id, body.base_version)
    async with own.pool.acquire() as connection, connection.transaction():
        lost = {row["queue"] for row in await queue_queries.queue_counts(connection)} - set(checked.queues)
        if lost:
            raise InvalidRequest(f"text：队列 {'、'.join(sorted(lost))} 里还有等待的来电，请保留这些队列或先清空。")
        shipped = own.published.file_policy.version
        published_id = await publish_draft(connection, own.vault, POLICY, draft, shipped=shipped)
        await record(
            connection,
            actor=who,
            action="policy_published",
            subject=f"policy:{checked.version}",
            detail={"published_id": published_id},
        )
    await own.published.refresh(own.pool, force=True)
    return json_response({"version": checked.version, "id": published_id}, status=201)


def with_end(text: str) -> str:
    """``text`` with one line feed at its end, so that the same rules are the same version."""
    return text.rstrip() + "\n"


@needs("policy.read")
async def listing(request: web.Request) -> web.Response:
    """GET /policy/versions: what was published, the newest first."""
    own = services(request)
    async with own.pool.acquire() as connection:
        return json_response({"items": await versions(connection, own.vault, POLICY)})


@needs("policy.read")
async def one_version(request: web.Request) -> web.Response:
    """GET /policy/versions/{id}: its text, and the lines in which it differs from the one before it and from now."""
    own = services(request)
    now, _ = await text_in_force(own)
    async with own.pool.acquire() as connection:
        found = await version(connection, own.vault, POLICY, path_id(request))
    before = found.pop("body_before") or own.published.files.read("policy.toml")
    text = found.pop("body")
    compared = {"differences": differences(before, text), "from_now": differences(now, text)}
    return json_response({**found, "text": text, **compared})


@needs("triage.repeat")
async def set_aside(request: web.Request) -> web.Response:
    """GET /triage/set-aside: calls whose reading failed too often, with the reason."""
    async with services(request).pool.acquire() as connection:
        rows = await queries.set_aside_jobs(connection)
    return json_response({"items": [dict(row) for row in rows]})


@needs("triage.repeat")
async def repeat(request: web.Request) -> web.Response:
    """POST /calls/{id}/triage: try a set-aside reading again."""
    own = services(request)
    async with own.pool.acquire() as connection:
        if await queries.repeat_set_aside(connection, call_id=path_id(request)) is None:
            if await call_queries.call(connection, call_id=path_id(request)) is None:
                raise CallNotFound(f"没有编号为 {path_id(request)} 的来电。")
            raise IllegalTransition("这通来电没有搁置的研判，可能已由他人重新研判。")
    await own.signals.work_added([path_id(request)])
    return json_response({"call_id": path_id(request), "queued": True})
