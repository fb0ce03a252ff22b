"""Reads Chinese and Arabic numerals as people say them: 三千五, 两万八, 1.5万, 一千二百."""

from __future__ import annotations

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "壹": 1, "贰": 2, "叁": 3}
_DIGITS |= {"肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000, "k": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000, "w": 10_000}
CHINESE = "零〇一二三四五六七八九两十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"


def parse_number(text: str) -> float | None:
    """The value of one numeral, None where it is none.

    A digit after a unit stands for the next lower unit, as in speech: 三千五 is
    3,500, 两万八 is 28,000; 三千零五 is 3,005.
    """
    if (len(text) == 1 and text in _DIGITS) or (text.isascii() and text.isdigit()):
        return float(_DIGITS.get(text, text))
    text = text.replace(",", "").strip()
    if not text:
        return None
    total = 0.0
    section = 0.0
    number: float | None = None
    last_unit = 1.0
    zero = False
    index = 0
    while index < len(text):
        char = text[index]
        if char.isascii() and (char.isdigit() or char == "."):
            end = index
            while end < len(text) and text[end].isascii() and (text[end].isdigit() or text[end] == "."):
                end += 1
            try:
                number = float(text[index:end])
            except ValueError:
                return None
            index = end
            continue
        if char in _DIGITS:
            digit = _DIGITS[char]
            if digit == 0:
                zero = True
            # 二零二四 and 一三八: digits read one by one.
            number = number * 10 + digit if number is not None else digit
        elif char in _UNITS:
            last_unit = _UNITS[char]
            section += (1 if number is None else number) * last_unit
            number, zero = None, False
        elif char in _LARGE:
            last_unit = _LARGE[char]
            total += (section + (number or 0) or 1) * last_unit
            section, number, zero = 0, None, False
        else:
            return None
        index += 1
    if number is not None:
        spoken_short = last_unit >= 100 and not zero and number < 10 and number == int(number)
        section += number * last_unit / 10 if spoken_short else number
    return total + section
