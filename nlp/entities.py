"""Finds what is named in a call: money, people, dates, numbers, plates, bodies, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nlp.numerals import CHINESE, parse_number

Value = str | float | int | None


@dataclass(frozen=True, slots=True)
class Named:
    """One entity in the normal text."""

    kind: str
    start: int
    end: int
    value: Value


_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?[千百万亿wk]*|[{CHINESE}]+)"
_AMOUNT = re.compile(
    rf"(?P<n>{_NUMBER})(?:多|几|来)?(?P<u>万|千|亿|百)?(?:多|几|来)?(?P<e>元|块钱|块|人民币|圆|角|毛钱|毛)(?:钱|整)?"
)
_LARGE_SUM = re.compile(
    rf"(?<![\d{CHINESE}])(?P<n>\d+(?:\.\d+)?[万亿]|[一二三四五六七八九两十百千]+万[一二三四五六七八九两十百千零]*)(?![\d{CHINESE}人户平方米亩次步年名个公里吨斤家])"
)
_PEOPLE = re.compile(
    rf"(?P<n>{_NUMBER})(?:多|几|来|余)?(?:个)?(?P<u>工友|工人|业主|村民|居民|住户|家长|学生|员工|同事|老人|孩子|人|户|名|口人|口)(?!行道|民币|家都说|工|次|均|生)"
)
_DURATION = re.compile(
    rf"(?P<n>\d+(?:\.\d+)?|[{CHINESE}]+|半|几)(?:多|来|几)?(?:个)?(?P<h>半)?(?P<u>年|月|星期|礼拜|周|天|日|小时|钟头|分钟)(?P<m>半)?(?!\d|[一二三四五六七八九十]+[号日]|份|级|号|以?来?月|代|轻|纪|龄|度|检|初|底|末)"
)
_DATE = re.compile(
    r"(?:\d{4}|[二一][零〇九][零〇一二三四五六七八九]{2}|去|今|前|明)年(?:(?:\d{1,2}|[一二三四五六七八九十正腊冬]{1,3})月(?:份)?(?:(?:\d{1,2}|[一二三四五六七八九十]{1,3})[日号])?)?"
    r"|(?:\d{1,2}|[一二三四五六七八九十]{1,2})月(?:\d{1,2}|[一二三四五六七八九十]{1,3})[日号]"
    r"|\d{4}[-./]\d{1,2}[-./]\d{1,2}|(?:上|下|这|本)个?(?:周|星期|礼拜)[一二三四五六日天]|(?:昨|今|明|前|后)(?:天|晚|早|儿个)|(?:上|下|这|本)个?月"
)
_ID_CARD = re.compile(
    r"(?<![\da-z])\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx](?![\da-z])"
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?\d{7,8}|400[- ]?\d{3}[- ]?\d{4})(?!\d)")
_BANK_CARD = re.compile(r"(?<!\d)(?:[3-6]\d{3}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}(?:[- ]?\d{1,3})?)(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·. ]?(?:[a-z0-9]{5,6})(?![a-z0-9])"
)
# Only the tail is searched for; what stands before it is read backwards, which keeps the time linear.
_ORGANISATION = re.compile(
    r"有限责任公司|股份有限公司|有限公司|分公司|公司|集团|派出所|公安局|法院|检察院|人社局|住建局|城管局|教育局|街道办|居委会"
    r"|村委会|物业|医院|幼儿园|小学|中学|大学|学院|银行|超市|酒店|宾馆|饭店|健身房|培训机构|驾校|房管局|仲裁委|信访局"
)
_ORGANISATION_REACH = 12
_ADDRESS = re.compile(
    rf"(?:路|街|大道|巷|弄|胡同|村|小区|花园|家园|新村|广场|社区|苑|公寓|大厦|镇|乡)?"
    rf"(?:\d+|[一二三四五六七八九十百零]+)(?:号楼|号院|栋|幢|座|单元|室|弄|(?<=\d)号(?![线车]))"
    rf"(?:(?:\d+|[一二三四五六七八九十百零]+)(?:号楼|号|栋|幢|座|单元|室|楼|层))*(?:\d{{3,4}}|[一二三四五六七八九零]{{3,4}})?"
    rf"|[\u4e00-\u9fff](?:路|街|大道|小区|花园|家园|新村|广场|社区|公寓|大厦)(?![上口边灯面费过程线])"
)
_ADDRESS_REACH = 10
# Words that end where a name of a body or place begins.
_LEAD = re.compile(
    r"^.*(?:我们|他们|你们|我在|住在|就在|在|是|到|去|找|被|跟|和|与|给|向|的|了|这个|那个|说|有|从|我|他|她|叫|要|让|某|来|对|因为|举报|投诉|反映|请问|于|把|家)"
)
_NAME_BEFORE = re.compile(r"[\u4e00-\u9fffa-z0-9]*$")
_DAYS = {
    "年": 365,
    "月": 30,
    "星期": 7,
    "礼拜": 7,
    "周": 7,
    "天": 1,
    "日": 1,
    "小时": 1 / 24,
    "钟头": 1 / 24,
    "分钟": 1 / 1440,
}
_TIMES = {"百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000, None: 1}
_CENTS = {"角": 0.1, "毛": 0.1, "毛钱": 0.1}


def find_entities(text: str) -> list[Named]:
    """The entities of one normal text in order of place; none overlaps another."""
    found: list[Named] = []
    if any(char.isdigit() for char in text):
        _add(found, text, "id_card", _ID_CARD, _digits)
        _add(found, text, "phone", _MOBILE, _digits)
        _add(found, text, "bank_card", _BANK_CARD, _digits)
        _add(found, text, "phone", _LANDLINE, _digits)
        _add(found, text, "plate", _PLATE, lambda m: m[0].upper().replace(" ", ""))
    _add(found, text, "address", _ADDRESS, lambda m: None, reach=_ADDRESS_REACH)
    _add(found, text, "amount", _AMOUNT, _yuan)
    _add(found, text, "amount", _LARGE_SUM, lambda m: parse_number(m["n"]))
    _add(found, text, "persons_affected", _PEOPLE, _people)
    _add(found, text, "date", _DATE, lambda m: None)
    _add(found, text, "duration", _DURATION, _days)
    _add(found, text, "organisation", _ORGANISATION, lambda m: None, reach=_ORGANISATION_REACH)
    found.sort(key=lambda named: named.start)
    return found


def _add(
    found: list[Named],
    text: str,
    kind: str,
    pattern: re.Pattern[str],
    value: Callable[[re.Match[str]], Value],
    *,
    reach: int = 0,
) -> None:
    for match in pattern.finditer(text):
        start, end = match.span()
        if reach:
            start = _name_start(text, start, reach)
        if all(end <= other.start or other.end <= start for other in found):
            read = value(match)
            if read is None and kind in {"amount", "persons_affected", "duration"}:
                continue
            found.append(Named(kind, start, end, read))


def _name_start(text: str, start: int, reach: int) -> int:
    """Where the name that runs into ``start`` begins, at most ``reach`` characters before it."""
    before = text[max(0, start - reach) : start]
    match = _NAME_BEFORE.search(before)
    name = match[0] if match else ""
    lead = _LEAD.match(name)
    return start - len(name) + (lead.end() if lead else 0)


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"[^\dxX]", "", match[0].removeprefix("+86")).upper()


def _yuan(match: re.Match[str]) -> Value:
    number = parse_number(match["n"])
    return None if number is None else round(number * _TIMES[match["u"]] * _CENTS.get(match["e"], 1), 2)


def _people(match: re.Match[str]) -> Value:
    number = parse_number(match["n"])
    # "一个人" mostly says alone, and huge counts are no people of the call.
    return int(number) if number is not None and 2 <= number <= 1_000_000 else None


def _days(match: re.Match[str]) -> Value:
    number = 0.5 if match["n"] == "半" else parse_number(match["n"])
    if number is None or match["n"] == "几":
        return None
    number += 0.5 if match["h"] or match["m"] else 0
    return round(number * _DAYS[match["u"]], 3)


def persons_affected(named: Sequence[Named]) -> int:
    """The largest number of people heard; 1 where none was named."""
    return max((int(n.value) for n in named if n.kind == "persons_affected" and n.value), default=1)
