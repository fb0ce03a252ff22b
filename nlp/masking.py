"""Hides numbers of people and accounts, and spoken names, for screens, logs and exports; nobody can undo it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nlp.person_names import name_places, names_in, person_names, recorded_name

_GAP = r"[-\s.·_]?"
_DIGIT = r"[0-9０-９]"
# Any run of 7 digits or more, single separators between them allowed, is a number of a person or an account, also right
# behind letters (wx13800001111). Commas and brackets part amounts and lists, but not the parts of a mobile number.
_PART = r"[,，、()（）/]{1,2}"
_RUN = re.compile(
    rf"(?<![0-9０-９])(?:[+＋]?{_DIGIT}(?:{_GAP}{_DIGIT}){{6,}}(?:{_GAP}[xXｘＸ])?"
    rf"|[1１][3-9３-９]{_DIGIT}{_PART}{_DIGIT}{{4}}{_PART}{_DIGIT}{{4}}(?![0-9０-９]))"
)
# "2019-08-14" and "2019.8.14" are dates, however many digits they have.
_DATE = re.compile(r"(?:19|20)\d{2}([-./])\d{1,2}\1\d{1,2}")
_CHINESE_DIGITS = "零〇一二三四五六七八九幺洞拐"
_SPOKEN = re.compile(rf"[{_CHINESE_DIGITS}](?:[\s,，、]?[{_CHINESE_DIGITS}]){{6,}}")
# What stands before 号, 栋, 单元, 室 and the like: digits, letters among them, Chinese numerals, 甲乙丙丁.
_DOOR = re.compile(
    r"[0-9０-９A-Za-z一二三四五六七八九十百零〇甲乙丙丁\-－—#]+(?=附?(?:号|栋|幢|座|单元|室|层|楼|户|弄|组|队))"
    r"|(?<=[号栋幢座元室楼层])[0-9０-９A-Za-z\-]+"
)
_MOBILE_DIGITS = 11


def mask_text(text: str, names: Iterable[str] = ()) -> str:
    """``text`` with every such number masked, spoken digits (一三八...) included, and every name that somebody is said
    to have (我叫王建国 -> 我叫王**), wherever it stands; its length is kept.

    ``names`` are hidden as well: the caller's own, and those that the whole call names (:func:`names_of`) where
    ``text`` is a piece of it.
    """
    masked = _SPOKEN.sub(_mask_match, _RUN.sub(_mask_match, text))
    introduced = person_names(text)
    hidden = {(name.given, name.end) for name in introduced}
    hidden.update(name_places(text, {*names, *(names_in([text]) if introduced else ())}))
    if not hidden:
        return masked
    shown = list(masked)
    for start, end in hidden:
        shown[start:end] = "*" * (end - start)
    return "".join(shown)


def names_of(caller: str | None, texts: Iterable[str]) -> frozenset[str]:
    """The names to hide in all pieces of one call: the caller's recorded one and those its ``texts`` introduce."""
    return names_in(texts) | recorded_name(caller)


def mask_address(text: str) -> str:
    """``text`` as :func:`mask_text` gives it, and without the numbers of house, entrance and flat; the street stays.

    梧桐巷7号2单元301室 -> 梧桐巷*号*单元***室: enough to know which office is in charge, too little to find the door.
    """
    return _DOOR.sub(lambda match: "*" * len(match[0]), mask_text(text))


def mask_name(name: str | None) -> str | None:
    """A recorded name as screens show it: the first character, then how long it is, up to three."""
    return f"{name[0]}{'*' * min(2, len(name) - 1)}" if name else None


def masked_excerpt(text: str, most: int) -> str:
    """The first ``most`` characters of the masked text; masked first, so that no number is cut in two."""
    masked = mask_text(text)
    return masked if len(masked) <= most else masked[: most - 1] + "…"


def mask_number(number: str) -> str:
    """One number masked: 13800001111 -> 138****1111; other lengths keep at most three first and four last digits."""
    places = [index for index, char in enumerate(number) if char.isalnum()]
    count = len(places)
    if count < 7:
        first = last = 0
    elif count <= _MOBILE_DIGITS:
        first, last = (3, 4) if count == _MOBILE_DIGITS else (count // 4, 2)
    else:
        first, last = 3, 4
    if count > _MOBILE_DIGITS and _has_country_code(number):
        first = 5
    hidden = set(places[first : count - last])
    return "".join("*" if index in hidden else char for index, char in enumerate(number))


def _has_country_code(number: str) -> bool:
    digits = [char for char in number if char.isalnum()]
    return len(digits) == _MOBILE_DIGITS + 2 and digits[:2] == ["8", "6"]


def _mask_match(match: re.Match[str]) -> str:
    return match[0] if _DATE.fullmatch(match[0]) else mask_number(match[0])
