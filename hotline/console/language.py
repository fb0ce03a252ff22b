"""The language of a request: Chinese as written in the source, English by a switch.

The text in the source is Chinese and is its own key (gettext with Chinese msgids); ``locale/en/*.po`` hold the English,
one catalogue for each area of the console, read at the start without a compile step. What a catalogue lacks is shown in
Chinese, so that nothing ever disappears; a test keeps the catalogues complete. What a browser has chosen is read by
:mod:`hotline.console.language_choice`: workers and commands speak as well, and need nothing of the web for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALE = Path(__file__).parent / "locale"

_current: ContextVar[Language] = ContextVar("language", default="zh")


def current() -> Language:
    """The language of the request being answered; Chinese outside of one."""
    return _current.get()


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Chinese text -> text in ``language``; empty for Chinese."""
    # only who speaks English needs what reads the catalogues
    from babel.messages.pofile import read_po

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
