"""The language a browser has chosen, and the words of its scripts in it."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from hotline.console.language import Language, catalogue, speaking
from hotline.web.keys import needs

#: The cookie that keeps the choice for a browser. It names a language and nothing of the person.
COOKIE = "lang"
SCRIPTS = Path(__file__).parent / "static" / "js"
#: For answers whose address changes with what they hold.
LONG = "public, max-age=31536000, immutable"
#: t("…") in a script.
_SPOKEN = re.compile(r'(?<![\w.])t\(\s*"((?:[^"\\\n]|\\.)*)"')


def chosen(request: web.Request) -> Language:
    """What the browser's cookie says; Chinese where it says nothing known."""
    value = request.cookies.get(COOKIE)
    return "en" if value == "en" else "zh"


@web.middleware
async def speak(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Sets the language for everything this request shows."""
    with speaking(chosen(request)):
        return await handler(request)


@cache
def _script_words(language: Language) -> bytes:
    """What the scripts say, as a script itself; the texts of templates stay here."""
    said = {text for path in SCRIPTS.glob("*.js") for text in spoken(path.read_text(encoding="utf-8"))}
    words = {text: shown for text, shown in catalogue(language).items() if text in said}
    return b"window.hotlineWords=" + orjson.dumps(words, option=orjson.OPT_SORT_KEYS) + b";"


def spoken(script: str) -> list[str]:
    """The texts that a script hands to ``t``: literal ones, since only those can be collected."""
    return [text.replace('\\"', '"') for text in _SPOKEN.findall(script)]


def script_address() -> str:
    """Where the pages load the words of their scripts from; another address when the words change."""
    return f"/console/words.js?v={hashlib.sha256(_script_words('en')).hexdigest()[:10]}"


@needs("public")
async def script(request: web.Request) -> web.Response:
    """GET /console/words.js: the English of the scripts' texts, for ``static/js/language.js``.

    No inline script is allowed, so it is a file; it holds nothing of anybody, so browsers may keep it as they keep
    the static files, by the hash in its address. Chinese pages do not load it.
    """
    response = web.Response(body=_script_words("en"), content_type="text/javascript", charset="utf-8")
    response.headers["Cache-Control"] = LONG if "v" in request.query else "no-cache"
    return response
