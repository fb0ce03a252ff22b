"""Citations of law in the one form that courts use: 《劳动合同法》第四十七条第一款第（二）项. Pure."""

from __future__ import annotations

import re

from routing.errors import InvalidRequest

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_NUMBER = r"(?:[0-9]{1,4}|[零〇一二三四五六七八九十百千]{1,8})"
_FORM = re.compile(
    rf"(?:《(?P<quoted>[^《》]{{2,60}})》|(?P<plain>[^《》0-9第\s]{{2,60}}?))\s*"
    rf"(?:第?\s*(?P<article>{_NUMBER})\s*条?(?:之(?P<after>{_NUMBER}))?)?\s*"
    rf"(?:第?\s*(?P<paragraph>{_NUMBER})\s*款)?\s*"
    rf"(?:第?\s*[（(]?(?P<item>{_NUMBER})[)）]?\s*项)?"
)
#: What official titles begin with and citations leave out.
_PREFIX = "中华人民共和国"


def in_chinese(number: int) -> str:
    """A whole number from 1 to 9999 as laws write it: 10 is 十, 47 四十七, 105 一百零五, 1165 一千一百六十五."""
    if not 1 <= number <= 9999:
        raise ValueError(f"{number} is not between 1 and 9999")
    written = ""
    digits = str(number)
    for place, digit in enumerate(digits):
        unit = _UNITS[len(digits) - place - 1]
        if digit != "0":
            written += _DIGITS[int(digit)] + unit
        elif written and not written.endswith("零"):
            written += "零"
    written = written.rstrip("零")
    return written.removeprefix("一") if written.startswith("一十") else written


def _numeral(text: str) -> str:
    if text.isascii():
        if int(text) == 0:
            raise InvalidRequest("citation：条、款、项的序号从 1 开始。")
        return in_chinese(int(text))
    return text.replace("〇", "零")


def citation(text: str) -> str:
    """``text`` in the usual form; «劳动合同法47» becomes 《劳动合同法》第四十七条. Raises InvalidRequest."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest("citation：请写成《劳动合同法》第四十七条，或简写为“劳动合同法47”。")
    name = (found["quoted"] or found["plain"]).strip().removeprefix(_PREFIX)
    written = f"《{name}》"
    if found["article"]:
        written += f"第{_numeral(found['article'])}条"
        if found["after"]:
            written += f"之{_numeral(found['after'])}"
    elif found["paragraph"] or found["item"]:
        raise InvalidRequest("citation：写了款或项，还要写明第几条。")
    if found["paragraph"]:
        written += f"第{_numeral(found['paragraph'])}款"
    if found["item"]:
        written += f"第（{_numeral(found['item'])}）项"
    return written


def meant_by(words: str) -> str | None:
    """The citation that search words are, as «劳动合同法 47»; None where they are just words."""
    if not re.search(rf"(?:[0-9]|第{_NUMBER}条)", words):
        return None
    try:
        return citation(words)
    except InvalidRequest:
        return None
