"""``/api/v1/trials``: what a draft would change, worked out by a worker; ordered, watched, called off."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.web.api.lexicon import MOST_AMENDMENTS, AmendmentBody, checked
from hotline.web.api.policy import with_end
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from nlp.amendments import dumps
from routing.trials.service import MOST_CALLS, cancel_trial, start_trial, trial_state


class PolicyTrialBody(Body):
    """POST /trials/policy."""

    text: str = Field(min_length=1, max_length=200_000)
    calls: int = Field(default=1000, ge=1, le=MOST_CALLS)
    """So many of the last calls."""


@needs("policy.write")
async def try_policy(request: web.Request) -> web.Response:
    """POST /trials/policy: how many of the last calls would go elsewhere; 201 with the trial's id."""
    own, who = services(request), principal(request)
    body = await read_body(request, PolicyTrialBody)
    text = with_end(body.text)
    own.published.draft(text)
    async with own.pool.acquire() as connection, connection.transaction():
        trial_id = await start_trial(
            connection, own.vault, kind="policy", user_id=who.user_id, wanted=body.calls, body=text
        )
        detail: dict[str, Any] = {"kind": "policy", "calls": body.calls}
        await record(connection, actor=who, action="trial_started", subject=f"trial:{trial_id}", detail=detail)
    return json_response({"trial_id": trial_id}, status=201)


class LexiconTrialBody(Body):
    """POST /trials/lexicon."""

    amendments: list[AmendmentBody] = Field(max_length=MOST_AMENDMENTS)
    calls: int = Field(default=1000, ge=1, le=20_000)


@needs("lexicon.write")
async def try_lexicon(request: web.Request) -> web.Response:
    """POST /trials/lexicon: of how many of the last calls the reading would change; 201 with the trial's id."""
    body = await read_body(request, LexiconTrialBody)
    draft = checked(services(request), body.amendments)
    return await _started(request, "lexicon", dumps(draft), body.calls)


class SentenceBody(Body):
    """POST /trials/sentence."""

    amendments: list[AmendmentBody] = Field(max_length=MOST_AMENDMENTS)
    text: str = Field(min_length=1, max_length=500)
    line: str = Field(default="12345", max_length=20)


@needs("lexicon.write")
async def try_sentence(request: web.Request) -> web.Response:
    """POST /trials/sentence: words, class and danger of a sentence, before and after; 201 with the trial's id."""
    body = await read_body(request, SentenceBody)
    draft = checked(services(request), body.amendments)
    asked = {"text": body.text, "line": body.line, "amendments": dumps(draft)}
    return await _started(request, "sentence", orjson.dumps(asked).decode(), 0)


async def _started(request: web.Request, kind: Literal["lexicon", "sentence"], body: str, calls: int) -> web.Response:
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection, connection.transaction():
        trial_id = await start_trial(connection, own.vault, kind=kind, user_id=who.user_id, wanted=calls, body=body)
        if kind == "lexicon":
            detail: dict[str, Any] = {"kind": kind, "calls": calls}
            await record(connection, actor=who, action="trial_started", subject=f"trial:{trial_id}", detail=detail)
    return json_response({"trial_id": trial_id}, status=201)


@needs("policy.write")
async def show(request: web.Request) -> web.Response:
    """GET /trials/{id}: how far one's own trial is, and its result."""
    own = services(request)
    async with own.pool.acquire() as connection:
        return json_response(await trial_state(connection, own.vault, path_id(request), principal(request).user_id))


@needs("policy.write")
async def cancel(request: web.Request) -> web.Response:
    """POST /trials/{id}/cancel: called off; it stops at its next step."""
    own, who = services(request), principal(request)
    await cancel_trial(own.pool, path_id(request), who.user_id)
    async with own.pool.acquire() as connection:
        return json_response(await trial_state(connection, own.vault, path_id(request), who.user_id))
