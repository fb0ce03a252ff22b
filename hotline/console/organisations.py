"""Organisations and who works for them."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.console.language import say
from hotline.console.render import page
from hotline.web.keys import needs
from routing.organisations.organisation import CITY, KINDS, NAME_LENGTH


@needs("organisations.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /organisations: the list itself comes by the API, and anew after each change."""
    shown = {
        "kinds": {kind: say(name) for kind, name in KINDS.items()},
        "choosable": {kind: name for kind, name in KINDS.items() if kind != "city"},
        "role_names": {role: say(name) for role, name in ROLES.items()},
        "city": CITY,
        "longest_name": NAME_LENGTH[1],
    }
    return await page(request, "organisations.html", shown)
