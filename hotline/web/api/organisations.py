"""``/api/v1/organisations``: departments, law firms, mediation committees, and who works for them."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.organisations import service as organisations
from routing.organisations.organisation import CITY, checked


async def listed(connection: Any) -> list[dict[str, Any]]:
    """Every organisation with its people, articles, and what was sent there by name and is open."""
    rows = await organisations.queries.listed(connection)
    return [{**dict(row), "aliases": list(row["aliases"])} for row in rows]


@needs("organisations.write")
async def listing(request: web.Request) -> web.Response:
    """GET /organisations, with everybody who could work for one."""
    async with services(request).pool.acquire() as connection:
        people = await organisations.queries.people(connection)
        return json_response({"items": await listed(connection), "people": [dict(row) for row in people]})


class OrganisationBody(Body):
    """PUT /organisations/{id}."""

    name: str = Field(max_length=200)
    kind: str = Field("department", max_length=20)
    aliases: list[str] = Field(default_factory=list, max_length=50)


class NewOrganisationBody(OrganisationBody):
    """POST /organisations."""

    code: str | None = Field(None, max_length=40)


@needs("organisations.write")
async def add(request: web.Request) -> web.Response:
    """POST /organisations: a new one; its code is made where none is given."""
    body = await read_body(request, NewOrganisationBody)
    wanted = checked(body.name, body.kind, body.aliases)
    async with services(request).pool.acquire() as connection, connection.transaction():
        org_id = await organisations.add(connection, wanted, body.code)
        await _note(connection, request, "organisation_added", org_id, {"kind": wanted.kind})
        return json_response(await _one(connection, org_id), status=201)


@needs("organisations.write")
async def change(request: web.Request) -> web.Response:
    """PUT /organisations/{id}: its name, kind and other names."""
    body, org_id = await read_body(request, OrganisationBody), path_id(request)
    wanted = checked(body.name, body.kind, body.aliases, city=org_id == CITY)
    async with services(request).pool.acquire() as connection, connection.transaction():
        before = await organisations.locked(connection, org_id)
        await organisations.change(connection, org_id, wanted)
        changed = {
            "name": before["name"] != wanted.name,
            "kind": before["kind"] != wanted.kind,
            "aliases": tuple(before["aliases"]) != wanted.aliases,
        }
        detail = {"changed": [name for name, different in changed.items() if different]}
        await _note(connection, request, "organisation_changed", org_id, detail)
        return json_response(await _one(connection, org_id))


@needs("organisations.write")
async def retire(request: web.Request) -> web.Response:
    """POST /organisations/{id}/retire."""
    org_id = path_id(request)
    async with services(request).pool.acquire() as connection, connection.transaction():
        await organisations.retire(connection, org_id)
        await _note(connection, request, "organisation_retired", org_id, {})
        return json_response(await _one(connection, org_id))


@needs("organisations.write")
async def restore(request: web.Request) -> web.Response:
    """POST /organisations/{id}/restore."""
    org_id = path_id(request)
    async with services(request).pool.acquire() as connection, connection.transaction():
        await organisations.restore(connection, org_id)
        await _note(connection, request, "organisation_restored", org_id, {})
        return json_response(await _one(connection, org_id))


class PeopleBody(Body):
    """POST /organisations/{id}/people."""

    user_ids: list[int] = Field(min_length=1, max_length=500)


@needs("organisations.write")
async def assign(request: web.Request) -> web.Response:
    """POST /organisations/{id}/people: they work there from now on; each move is on record."""
    own, who, org_id = services(request), principal(request), path_id(request)
    body = await read_body(request, PeopleBody)
    async with own.pool.acquire() as connection, connection.transaction():
        moved = await organisations.assign(connection, org_id, body.user_ids, by=who.user_id)
        for user_id, before in moved:
            await record(
                connection,
                actor=who,
                action="organisation_assigned",
                subject=f"user:{user_id}",
                detail={"from": before, "to": org_id},
            )
        answer = {**await _one(connection, org_id), "moved": [user_id for user_id, _ in moved]}
    await own.signals.ring()
    return json_response(answer)


async def _one(connection: Any, org_id: int) -> dict[str, Any]:
    return next(row for row in await listed(connection) if row["id"] == org_id)


async def _note(connection: Any, request: web.Request, action: str, org_id: int, detail: dict[str, Any]) -> None:
    await record(connection, actor=principal(request), action=action, subject=f"organisation:{org_id}", detail=detail)
