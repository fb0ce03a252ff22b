"""``/api/v1/lexicon``: what the readers' word lists hold, amendments of this installation, their publication."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.console.sentences import tell
from hotline.lexicon.store import in_force, read_amendments
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from nlp.amendments import (
    FILES,
    Amendment,
    Entry,
    Table,
    dumps,
    entries,
    problems,
    shipped_danger_off,
    version_of,
)
from routing.errors import DangerWordsOff, InvalidRequest
from routing.publishing.service import LEXICON, Draft, version
from routing.publishing.service import publish as publish_draft

MOST_AMENDMENTS = 2000
SHIPPED = "shipped"
#: So many words are named in a message.
_NAMED = 8


class AmendmentBody(Body):
    """One entry added, or one of the product's switched off."""

    table: Table
    kind: str = Field(default="", max_length=40)
    level: int = 0
    text: str = Field(max_length=400)
    off: bool = False

    def amendment(self) -> Amendment:
        """As the domain has it."""
        return Amendment(Entry(self.table, self.kind, self.level, self.text), self.off)


def checked(own: Services, bodies: Sequence[AmendmentBody]) -> list[Amendment]:
    """The amendments of a request. Raises InvalidRequest naming each entry that cannot be used."""
    draft = [body.amendment() for body in bodies]
    found = problems(own.published.files, own.published.policy.taxonomy, draft)
    if found:
        raise InvalidRequest(
            "；".join(f"{draft[n].entry.text or '（空）'}（{field}）：{why}" for n, field, why in found)
        )
    return draft


@needs("lexicon.write")
async def show(request: web.Request) -> web.Response:
    """GET /lexicon: all entries, the amendments in force and their version."""
    own = services(request)
    files = own.published.files
    async with own.pool.acquire() as connection:
        now = await in_force(connection)
    shipped = await asyncio.to_thread(entries, files)
    return json_response(
        {
            "version": version_of(now),
            "entries": [asdict(entry) for entry in shipped],
            "amendments": [_view(one) for one in now],
            "locked": [table for table, name in FILES.items() if files.overlaid(name)],
        }
    )


def _view(one: Amendment) -> dict[str, Any]:
    return {**asdict(one.entry), "off": one.off}


class CheckBody(Body):
    """POST /lexicon/check."""

    amendments: list[AmendmentBody] = Field(max_length=MOST_AMENDMENTS)


@needs("lexicon.write")
async def check(request: web.Request) -> web.Response:
    """POST /lexicon/check: ``{version, problems: [{index, field, reason}]}``; nothing is stored."""
    own = services(request)
    draft = [body.amendment() for body in (await read_body(request, CheckBody)).amendments]
    found = await asyncio.to_thread(problems, own.published.files, own.published.policy.taxonomy, draft)
    return json_response(
        {
            "version": version_of(draft),
            "problems": [{"index": n, "field": field, "reason": tell(reason)} for n, field, reason in found],
        }
    )


class LexiconBody(Body):
    """POST /lexicon."""

    amendments: list[AmendmentBody] = Field(max_length=MOST_AMENDMENTS)
    note: str = Field(min_length=1, max_length=500)
    base_version: str | None = Field(default=None, max_length=80)
    danger_off: list[str] = Field(default_factory=list, max_length=MOST_AMENDMENTS)
    """The second confirmation: every danger word of the product that this version switches off anew."""


@needs("lexicon.write")
async def publish(request: web.Request) -> web.Response:
    """POST /lexicon: in force for all workers within seconds; danger words go off only when confirmed by name."""
    own, who = services(request), principal(request)
    body = await read_body(request, LexiconBody)
    draft = checked(own, body.amendments)
    made = Draft(version_of(draft), dumps(draft), body.note, who.user_id, body.base_version)
    async with own.pool.acquire() as connection, connection.transaction():
        before = {entry.text for entry in shipped_danger_off(await in_force(connection))}
        off = [entry for entry in shipped_danger_off(draft) if entry.text not in before]
        _confirmed(off, body.danger_off)
        published_id = await publish_draft(connection, own.vault, LEXICON, made, shipped=SHIPPED)
        detail: dict[str, Any] = {
            "published_id": published_id,
            "added": sum(not one.off for one in draft),
            "off": sum(one.off for one in draft),
        }
        subject = f"lexicon:{made.version}"
        await record(connection, actor=who, action="lexicon_published", subject=subject, detail=detail)
        if off:
            kinds = sorted({entry.kind for entry in off})
            detail = {"published_id": published_id, "entries": len(off), "kinds": kinds}
            await record(connection, actor=who, action="danger_words_disabled", subject=subject, detail=detail)
    await own.signals.ring()
    return json_response({"version": made.version, "id": published_id}, status=201)


def _confirmed(off: Sequence[Entry], named: Sequence[str]) -> None:
    missing = [entry.text for entry in off if entry.text not in named]
    if missing:
        shown = "、".join(f"“{text}”" for text in missing[:_NAMED]) + (
            f" 等 {len(missing)} 条" if missing[_NAMED:] else ""
        )
        raise DangerWordsOff(
            f"这些危险词随产品提供：{shown}。停用后，来电里只有这些词时不再报警，有人可能因此得不到救助。"
            "确须停用，请在警告里再次确认。"
        )


@needs("lexicon.write")
async def one_version(request: web.Request) -> web.Response:
    """GET /lexicon/versions/{id}: its amendments, and what it has more and less than the one before it and than now."""
    own = services(request)
    async with own.pool.acquire() as connection:
        found = await version(connection, own.vault, LEXICON, path_id(request))
        now = await in_force(connection)
    mine = read_amendments(found.pop("body"), found["version"])
    text = found.pop("body_before")
    before = read_amendments(text, "the version before") if text else []
    return json_response(
        {
            **found,
            "amendments": [_view(one) for one in mine],
            "differences": _compared(before, mine),
            "from_now": _compared(now, mine),
        }
    )


def _compared(before: Sequence[Amendment], after: Sequence[Amendment]) -> dict[str, list[dict[str, Any]]]:
    return {
        "in": [_view(one) for one in after if one not in before],
        "out": [_view(one) for one in before if one not in after],
    }
