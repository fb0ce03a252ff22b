"""What an organisation is, and the rules its name, code and other names keep. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from routing.errors import OrganisationInvalid

#: The organisation that runs the lines, there from the first migration, never retired; its people handle complaints
#: about anybody.
CITY = 1
#: Kinds with their screen names; only the first organisation is the city's.
KINDS: dict[str, str] = {
    "city": "热线中心",
    "department": "承办单位",
    "law_firm": "律师事务所",
    "mediation": "调解组织",
    "police": "公安机关",
    "other": "其他",
}
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
NAME_LENGTH = (2, 60)
MOST_ALIASES = 20


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation as an administrator enters it."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    """As callers say the name: a complaint about it is known by them, and never handled there."""


def checked(name: str, kind: str, aliases: Sequence[str], *, city: bool = False) -> Organisation:
    """The organisation with blanks and repeated names taken out. Raises OrganisationInvalid, naming the field."""
    low, high = NAME_LENGTH
    name = " ".join(name.split())
    if not low <= len(name) <= high:
        raise OrganisationInvalid(f"name：名称为 {low} 到 {high} 个字符。")
    if kind not in KINDS or (kind == "city") != city:
        raise OrganisationInvalid(f"kind：只能是 {'、'.join(k for k in KINDS if (k == 'city') == city)}。")
    kept = tuple(dict.fromkeys(word for alias in aliases if (word := " ".join(alias.split())) and word != name))
    wrong = next((word for word in kept if not low <= len(word) <= high), None)
    if wrong is not None:
        # a word of one letter stands in every other sentence
        raise OrganisationInvalid(f"aliases：“{wrong}”不能用，每个别称为 {low} 到 {high} 个字符。")
    if len(kept) > MOST_ALIASES:
        raise OrganisationInvalid(f"aliases：最多 {MOST_ALIASES} 个别称。")
    return Organisation(name, kind, kept)


def checked_code(code: str) -> str:
    """A code as sheets name an organisation. Raises OrganisationInvalid."""
    code = code.strip().lower()
    if not _CODE.fullmatch(code):
        raise OrganisationInvalid("code：编码用 1 到 20 个小写字母、数字、下划线或短横线，以字母或数字开头。")
    return code
