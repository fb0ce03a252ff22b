"""The language of a request: Chinese as written in the source, English by a switch.

The text in the source is Chinese and is its own key (gettext with Chinese msgids); ``locale/en/*.po`` hold the English,
one catalogue for each area of the console, read at the start without a compile step. What a catalogue lacks is shown in
Chinese, so that nothing ever disappears; a test keeps the catalogues complete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler
from babel.messages.pofile import read_po

from hotline.web.keys import needs

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
#: The cookie that keeps the choice for a browser. It names a language and nothing of the person.
COOKIE = "lang"
LOCALE = Path(__file__).parent / "locale"
SCRIPTS = Path(__file__).parent / "static" / "js"
#: For answers whose address changes with what they hold.
LONG = "public, max-age=31536000, immutable"
#: t("…") in a script.
_SPOKEN = re.compile(r'(?<![\w.])t\(\s*"((?:[^"\\\n]|\\.)*)"')

_current: ContextVar[Language] = ContextVar("language", default="zh")


def current() -> Language:
    """The language of the request being answered; Chinese outside of one."""
    return _current.get()


def chosen(request: web.Request) -> Language:
    """What the browser's cookie says; Chinese where it says nothing known."""
    value = request.cookies.get(COOKIE)
    return "en" if value == "en" else "zh"


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Chinese text -> text in ``language``; empty for Chinese."""
    words: dict[str, str] = {}
    # where two areas differ the frame's word counts: roles, lines, classes are called the same everywhere
    for path in sorted((LOCALE / language).glob("*.po"), key=lambda path: (path.stem == "frame", path.stem)):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string and not message.fuzzy:
                    words[str(message.id)] = str(message.string)
    return words


def say(text: str, **values: object) -> str:
    """``text`` in the language of the request, its ``%(name)s`` filled with ``values``."""
    shown = catalogue(current()).get(text, text)
    return shown % values if values else shown


def say_n(one: str, many: str, n: int, **values: object) -> str:
    """The plural form; Chinese has one, so both source texts are the same there."""
    return say(one if n == 1 else many, **{"num": n, **values})


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """What is said within is said in ``language``: for what somebody asked for and gets later."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


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
