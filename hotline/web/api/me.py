"""``/api/v1/me``: who I am, my password, my second factor, my sessions."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hotline.accounts import second_factor, sessions
from hotline.accounts.login import change_password
from hotline.accounts.permissions import GRANTS
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem


@needs("self")
async def me(request: web.Request) -> web.Response:
    """GET /me: who I am and what I may do."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        factor = await second_factor.state(connection, who.user_id)
    return json_response(
        {
            "user_id": who.user_id,
            "name": who.name,
            "display_name": who.display_name,
            "role": who.role,
            "queues": own.published.policy.queues_of_role(who.role),
            "permissions": sorted(GRANTS[who.role]),
            "due": who.due,
            "second_factor": {**factor, "required": who.role in own.settings.accounts.second_factor_roles},
        }
    )


class PasswordBody(Body):
    """POST /me/password."""

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


@needs("self")
async def set_password(request: web.Request) -> web.Response:
    """POST /me/password."""
    own = services(request)
    body = await read_body(request, PasswordBody)
    await change_password(own.pool, principal(request), body.old, body.new, own.settings.accounts)
    await own.signals.ring()
    return json_response({"changed": True})


@needs("self")
async def activity(request: web.Request) -> web.Response:
    """POST /me/activity: keys or pointer were used; keeps the idle lock away."""
    await sessions.touch(services(request).pool, principal(request))
    return web.Response(status=204)


@needs("self")
async def lock(request: web.Request) -> web.Response:
    """POST /me/lock: the page saw no input for long enough; ``{locked}`` is false with work in hand."""
    own = services(request)
    return json_response({"locked": await sessions.lock(own.pool, principal(request), own.settings.accounts)})


@needs("self")
async def listing(request: web.Request) -> web.Response:
    """GET /me/sessions: where I am logged in."""
    who = principal(request)
    items = await sessions.listed(services(request).pool, who.user_id)
    return json_response({"items": [{**item, "current": item["id"] == who.session_id} for item in items]})


@needs("self")
async def end_session(request: web.Request) -> web.Response:
    """POST /me/sessions/{id}/end."""
    own, who = services(request), principal(request)
    await sessions.end(own.pool, path_id(request), who, of_user=who.user_id)
    await own.signals.ring()
    return json_response({"ended": path_id(request)})


@needs("self")
async def end_other_sessions(request: web.Request) -> web.Response:
    """POST /me/sessions/end-others."""
    own = services(request)
    await sessions.end_others(own.pool, principal(request))
    await own.signals.ring()
    return json_response({"ended": "others"})


class ConfirmationBody(Body):
    """The password once more."""

    password: str = Field(max_length=200)


class CodeBody(Body):
    """A code of the second factor, or a recovery code."""

    code: str = Field(min_length=6, max_length=40)


@needs("self")
async def begin_second_factor(request: web.Request) -> web.Response:
    """POST /me/second-factor: a new secret, shown until a code of it comes back."""
    own = services(request)
    body = await read_body(request, ConfirmationBody)
    begun = await second_factor.begin(own.pool, own.vault, principal(request), body.password, own.settings.accounts)
    return json_response({"secret": begun.secret, "uri": begun.uri}, status=201)


@needs("self")
async def qr_code(request: web.Request) -> web.Response:
    """GET /me/second-factor/qr.svg: the secret as a picture, until it is confirmed."""
    own = services(request)
    picture = await second_factor.qr_code(own.pool, own.vault, principal(request))
    if picture is None:
        return problem(404, "not-found", "没有二维码", "请先开始设置动态口令；已确认的不再显示。")
    return web.Response(body=picture, content_type="image/svg+xml")


@needs("self")
async def confirm_second_factor(request: web.Request) -> web.Response:
    """POST /me/second-factor/confirm: from now on a code is asked at log-in; answers with the recovery codes."""
    own = services(request)
    body = await read_body(request, CodeBody)
    codes = await second_factor.confirm(own.pool, own.vault, principal(request), body.code, own.settings.accounts)
    await own.signals.ring()
    return json_response({"recovery_codes": codes})


@needs("self")
async def renew_recovery_codes(request: web.Request) -> web.Response:
    """POST /me/second-factor/recovery-codes: new ones for the old."""
    own = services(request)
    body = await read_body(request, CodeBody)
    codes = await second_factor.renew_recovery_codes(
        own.pool, own.vault, principal(request), body.code, own.settings.accounts
    )
    return json_response({"recovery_codes": codes})


@needs("self")
async def remove_second_factor(request: web.Request) -> web.Response:
    """POST /me/second-factor/remove: given up, where the role may do without."""
    own = services(request)
    body = await read_body(request, CodeBody)
    await second_factor.remove(own.pool, own.vault, principal(request), body.code, own.settings.accounts)
    return json_response({"set": False})
