"""``/api/v1/calls/{id}/wrap-up``: what an operator notes after a call."""

from __future__ import annotations

from aiohttp import web
from pydantic import AwareDatetime, Field

from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from routing.wrapups.service import WrapUp, save_wrap_up


class WrapUpBody(Body):
    """PUT /calls/{id}/wrap-up."""

    route: str | None = Field(None, max_length=40)
    topic: str | None = Field(None, max_length=40)
    region: str | None = Field(None, max_length=80)
    disposition: str = Field(max_length=200)
    summary: str = Field("", max_length=4000)
    seen: int = Field(0, ge=0)
    callback_at: AwareDatetime | None = None


@needs("calls.answer")
async def save(request: web.Request) -> web.Response:
    """PUT /calls/{id}/wrap-up."""
    own, call_id = services(request), path_id(request)
    body = await read_body(request, WrapUpBody)
    version = await save_wrap_up(
        own.pool,
        own.vault,
        call_id,
        principal(request).user_id,
        WrapUp(body.route or None, body.topic or None, body.region, body.disposition, body.summary, body.callback_at),
        taxonomy=own.published.policy.taxonomy,
        seen=body.seen,
    )
    await own.signals.ring()
    return json_response({"call_id": call_id, "version": version})
