"""Which organisation a call complains about: it must not be handled there (DESIGN section 5).

What a line names as the lead unit is who handles a matter, not whom it
concerns; only what the caller says tells that. A name beside words of
complaint, or followed by words about its people and conduct, is taken for a
complaint about it. A name merely mentioned is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: So many characters before and after a name are looked at.
BEFORE, AFTER = 12, 18
#: In the same clause as the name.
_COMPLAINT = re.compile(r"(?:投诉|举报|控告|检举|状告|告发)[^，。！？；,.!?;\n]*$")
_CONDUCT = re.compile(
    r"不作为|乱作为|乱收费|乱罚|推诿|踢皮球|态度|吃拿卡要|收(?:了)?(?:钱|好处|红包)|索要|索贿|受贿|包庇|打人|骂人|刁难"
    r"|(?:工作人员|执法人员|执法队员|办事员|干部|领导|科长|所长|主任|窗口).{0,8}(?:骂|打|推|不理|不管|刁难|收|要钱|敷衍)"
)


def complained_about(text: str, names: Iterable[tuple[int, str]]) -> set[int]:
    """The ids of the organisations, given with each of their names, that ``text`` complains about."""
    found: set[int] = set()
    for org_id, name in names:
        for match in re.finditer(re.escape(name), text):
            before = text[max(0, match.start() - BEFORE) : match.start()]
            after = text[match.end() : match.end() + AFTER]
            if _COMPLAINT.search(before) or _CONDUCT.search(after):
                found.add(org_id)
                break
    return found
