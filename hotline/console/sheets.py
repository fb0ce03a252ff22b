"""The style sheets that every page has, as one file: one request instead of ten, compressed together."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from aiohttp import web

from hotline.console.language_choice import LONG
from hotline.web.keys import needs

FOLDER = Path(__file__).parent / "static" / "css"
#: In the order of docs/design-system.md: later ones build on earlier ones.
SHEETS = ("tokens", "ground", "shell", "badges", "forms", "parts", "panes", "call", "sheets")


@cache
def _joined() -> bytes:
    """Pico, then all of ours without their comments, which nobody reads there."""
    base = (FOLDER.parent / "vendor" / "pico.min.css").read_text(encoding="utf-8")
    text = "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in SHEETS)
    return f"{base}\n{re.sub(r'/[*].*?[*]/', '', text, flags=re.DOTALL)}".encode()


def sheets_address() -> str:
    """Where the pages load them from; another address when one changes."""
    return f"/console/console.css?v={hashlib.sha256(_joined()).hexdigest()[:10]}"


@needs("public")
async def joined(request: web.Request) -> web.Response:
    """GET /console/console.css: holds nothing of anybody, so browsers may keep it."""
    response = web.Response(body=_joined(), content_type="text/css", charset="utf-8")
    response.headers["Cache-Control"] = LONG if "v" in request.query else "no-cache"
    return response
