"""``/api/v1/policy`` and readings that were set aside."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.calls.store import queries as call_queries
from routing.errors import CallNotFound, IllegalTransition, InvalidRequest
from routing.policy.loading import load_policy
from routing.queues.store import queries as queue_queries
from routing.triage.store import queries


@needs("policy.read")
async def show(request: web.Request) -> web.Response:
    """GET /policy: the version in force and its text."""
    own = services(request)
    await own.published.refresh(own.pool)
    async with own.pool.acquire() as connection:
        row = None if own.published.files.overlaid("policy.toml") else await queries.latest_policy(connection)
    return json_response(
        {
            "version": own.published.policy.version,
            "locked": own.published.files.overlaid("policy.toml"),
            "text": row["body"] if row else own.published.files.read("policy.toml"),
        }
    )


class PolicyBody(Body):
    """POST /policy."""

    text: str = Field(min_length=1, max_length=200_000)


@needs("policy.write")
async def publish(request: web.Request) -> web.Response:
    """POST /policy: checked, then in force for every process within seconds; problems name their lines."""
    own = services(request)
    if own.published.files.overlaid("policy.toml"):
        raise InvalidRequest("分流规则由配置目录（HOTLINE_CONFIG_DIR）锁定，请改那里的 policy.toml。")
    body = await read_body(request, PolicyBody)
    checked = load_policy(body.text + "\n", "policy.toml", own.published.files)
    async with own.pool.acquire() as connection, connection.transaction():
        lost = {row["queue"] for row in await queue_queries.queue_counts(connection)} - set(checked.queues)
        if lost:
            raise InvalidRequest(f"text：队列 {'、'.join(sorted(lost))} 里还有等待的来电，请保留这些队列或先清空。")
        await queries.withdraw_published(connection, kind="policy", name="policy.toml")
        await queries.add_published(
            connection,
            kind="policy",
            name="policy.toml",
            version=checked.version,
            body=body.text + "\n",
            note=None,
            user_id=principal(request).user_id,
        )
        await record(
            connection, actor=principal(request), action="policy_published", subject=f"policy:{checked.version}"
        )
    await own.published.refresh(own.pool, force=True)
    return json_response({"version": checked.version}, status=201)


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
