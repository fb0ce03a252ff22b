"""Finds what is named in a call: money, people, dates, numbers, plates, bodies, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from config.files import ConfigFiles
from nlp.numerals import CHINESE, parse_number
from nlp.phrases import Hit, Phrase, load_phrases
from nlp.taxonomy import Taxonomy

Value = str | float | int | None


class Named(NamedTuple):
    """One entity in the normal text."""

    kind: str
    start: int
    end: int
    value: Value


# Each of these begins with one set of characters, which lets the search skip all other places quickly.
# A numeral is taken whole, and only where a unit may follow or a sum in tens of thousands was said.
_UNIT_STARTS = "多几来余万千百亿元块人圆角毛号栋幢座单室弄个半年月星礼周天日小钟分工业村居住家学员同老孩户名位口"
_LARGE_SAID = "|".join(f"(?<=[万亿]{'.' * places})" for places in range(9))
# It begins with one set of characters, which lets the search skip all other places quickly.
_NUMERAL = re.compile(
    rf"(?>[0-9{CHINESE}半](?:(?<=[0-9])(?<![0-9]{{2}})[\d,]*(?:\.\d+)?[千百万亿wk]*"
    rf"|(?<=[{CHINESE}])(?<![{CHINESE}]{{2}})[{CHINESE}]*|(?<=半)(?=[年天个小])))"
    rf"(?:(?=[{_UNIT_STARTS}])|{_LARGE_SAID})"
)
# What may follow a numeral; tried once at its end, so that the time stays linear.
_UNIT = re.compile(
    r"(?P<about>[多几来余])?(?:"
    r"(?P<times>[万千百亿])?[多几来]?(?P<money>元(?![桥里坊旦宵素村])"
    r"|块钱|块(?!地|钱?头)|人民币|圆|角|毛钱|毛(?=[,。!? ]|$))(?:钱|整)?"
    r"|(?P<house>号楼|号院|栋|幢|座(?![山桥庙坟])|单元|室|弄|号(?![线车召称令文]))"
    r"|(?<=[多几来余])(?P<sum>[万亿])(?![人户亩平只头斤元块])"
    r"|个?[多几来]?(?P<half>半)?(?P<time>年(?![级轻代龄纪初底末货])|月(?![份初底末饼])|星期(?![一二三四五六日天])|礼拜(?![一二三四五六天])|周(?![边岁一二三四五六日])"
    r"|天(?![气花窗桥])|日(?!常)|小时|钟头|分钟)(?P<more>半)?"
    r"|(?P<people>[个名位](?:工友|工人|民工|农民工|业主|村民|居民|住户|家长|学生|员工|职工|同事|老人|孩子|儿童|小孩|女孩|男孩"
    r"|乘客|旅客|病人|患者|租户|商户|老师|司机)|工友|工人|民工|业主|村民|居民|住户|家长|学生|员工|同事|老人|孩子"
    r"|个?人(?![行民家都说工次均生转])|户(?![口型外])|名(?![义誉字称山牌])|口人)"
    r")"
)
_LONG_DIGITS = re.compile(r"\d[\d \-]{5,}[\dx]")
_LETTER = re.compile("[a-z]")
# What may follow the first character is asked first: those characters are frequent, what makes a date of them is not.
_DATE = re.compile(
    r"[0-9一二三四五六七八九十去今前明上下这本昨后](?=[\d零〇一二三四五六七八九十年月个周星礼天晚早])(?:"
    r"(?<=[0-9])(?:\d{3}年(?:\d{1,2}月(?:份|\d{1,2}[日号])?)?|\d{3}[-./]\d{1,2}[-./]\d{1,2}|\d?月(?:\d{1,2}[日号]|份))"
    r"|(?<=[二一])[零〇九][零〇一二三四五六七八九]{2}年(?:[一二三四五六七八九十]{1,2}月)?"
    r"|(?<=[一二三四五六七八九十])[一二三四五六七八九十]?月(?:[一二三四五六七八九十]{1,3}[日号]|份)"
    r"|(?<=[去今前明])年(?:[一二三四五六七八九十正腊]{1,2}月份?|\d{1,2}月份?)?"
    r"|(?<=[上下这本])个?(?:(?:周|星期|礼拜)[一二三四五六日天]|月)"
    r"|(?<=[昨今明前后])(?:天(?:晚上|早上|早晨|上午|中午|下午|夜里|凌晨|傍晚)?|晚|早))"
)
_ID_CARD = re.compile(
    r"(?<![\da-z])\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx](?![\da-z])"
)
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(?:0\d{2,3}[- ]?\d{7,8}|400[- ]?\d{3}[- ]?\d{4})(?!\d)")
_BANK_CARD = re.compile(r"(?<!\d)(?:[3-6]\d{3}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}(?:[- ]?\d{1,3})?)(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·. ]?[a-z0-9]{5,6}(?![a-z0-9])"
)
# Only the tail of a name is searched for; what stands before it is read backwards.
NAME_LEXICON = "lexicon/names.toml"
_REACH = 10
# After these a tail such as "路" belongs to another word: 路上, 路灯, 街道.
_NO_TAIL = frozenset("上口边灯面费过程线人由道区司舞")
# Before these tails a common word or a number makes no name: 走路, 这条街, 12路, 整个小区. A character that only ever
# ends such a word stands alone; what may also end a name (同路, 大同路) counts where it is the whole of it.
_COMMON_BEFORE = {
    "路": re.compile(
        r".*[走问拦挡迷绕赶条堵铺修让探砸弯线逃0-9]|(?:过|穿|横穿|横过|占|压|沿|大)?马|(?![五八]一\Z)[零一二两三四五六七八九十百坐多]+"
        r"|(?:[水电油气主辅]路)?[半小短出退销思套后同顺生活老死带领引开公铁道电水山夜车土主辅环岔歧陆气油盲]|(?:沥青|水泥|柏油|断头|单行|人行|上学|放学|上班"
        r"|下班|必经之|乡间小|林间小|高架|回头|绝|乡村|村|石子|泥巴|消防通)小?"
    ),
    "街": re.compile(r".*[逛扫条]|满?大|[上当沿临出过]|一"),
    "路口": re.compile(r"(?:十字|丁字|三岔|岔|红绿灯|一个|下个|下一个|每个|各|前面|前面那个)"),
    "小区": re.compile(
        r"(?:.*个|全|老旧|老|旧|新|隔壁|旁边|附近|对面|别的|其他|其它|各|本|居民|住宅|封闭|开放式|高档|全体|整|咱们?|俺们?|自己)"
    ),
    "社区": re.compile(r"(?:.*个|全|居民|各|本|附近|所属|辖区|咱们?|俺们?)"),
    "广场": re.compile(r".*跳|(?:.*个|大|小|门口)"),
    "花园": re.compile(r"(?:.*个|后|前|小|空中|屋顶|楼下)"),
    "公寓": re.compile(r"(?:.*个|老年|养老|单身|青年|学生|员工)"),
}
_HOUSE_BEFORE = re.compile(r"(?:路|街|大道|巷|弄|胡同|村|小区|花园|家园|新村|广场|社区|苑|公寓|大厦|镇|乡|区|\d)$")
_HOUSE_MORE = re.compile(
    r"(?:(?:\d+|[一二三四五六七八九十百零]+)(?:号楼|号|栋|幢|座|单元|室|楼|层))*(?:\d{3,4}|[一二三四五六七八九零]{3,4})?(?![元块年月天人])"
)
# Words that end where a name of a body or place begins.
_LEAD = re.compile(
    r".*(?:[我他你]们|[我家]住|这个|那个|因为|举报|投诉|反映|请问|请求|恳请|希望|建议|麻烦|督促|责令|强制|规范|加强|协调|联系|查处|起诉|申请"
    r"|委托|召集|引进|承建|预订|开往|移交|发现|接着|已报|哪个|什么|经过|冒充|自称|时候|以后|允许用|对方|想问问|理解|[一两几三四][个家所名张伙下趟]|(?<![广报通警])告(?!示)|(?<![自来])由(?!于)"
    r"|请|(?<=要)求|跑[一二两三四五六几]?趟?|换(?!热)|但|并(?!购)|(?<!自)来|来(?!水)|对(?!外)|家(?![政电居装具乐惠])"
    r"|[在是到去找被跟和与给向的了说有从我他她叫要让某把该])"
)
#: A common word that stands alone before a tail makes no name of it: 换公司, 上大学, 走银行流水.
_NO_NAME_ALONE = frozenset("换走上开看住修办填骗着过求请告去回跑进抢转比以按新旧老小大原个")
#: A clause, not a name: 金额不大派出所.
_DENIED = frozenset("没未不")
#: What follows these tails makes another word of them: 银行卡, 大学生, 酒店式.
_OTHER_WORD = {
    "银行": frozenset("卡流账贷利存"),
    "大学": frozenset("生城"),
    "中学": frozenset("生"),
    "小学": frozenset("生"),
    "酒店": frozenset("式"),
}
_NO_NAME = re.compile(r"[^\u4e00-\u9fffa-z0-9]")
_ADVERB_TAILS = frozenset("直定共起样般旦切亩年月个斤平")
#: Each of these alone counts nothing: 千万别, 万一.
_ROUND = frozenset("百千万亿")
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
#: 两块五: what is left of a yuan stands without its unit.
_TENTHS = re.compile("[一二三四五六七八九](?![一二三四五六七八九十百千万亿个块元角毛人天年月日户名位斤])")
_OF_TIME = frozenset({"time", "more"})
_START = itemgetter(1)
_TIMES = {"百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000, None: 1}
_CENTS = {"角": 0.1, "毛": 0.1, "毛钱": 0.1}


def find_entities(text: str, hits: Sequence[Hit]) -> list[Named]:
    """The entities of one normal text in order of place; none overlaps another.

    ``hits`` are the text's phrases; those of names.toml are tails of names.
    """
    found = _Places(len(text))
    if _LONG_DIGITS.search(text):
        _add(found, text, "id_card", _ID_CARD, _digits)
        _add(found, text, "phone", _MOBILE, _digits)
        _add(found, text, "bank_card", _BANK_CARD, _digits)
        _add(found, text, "phone", _LANDLINE, _digits)
    if _LETTER.search(text):
        _add(found, text, "plate", _PLATE, lambda m: m[0].upper().replace(" ", ""))
    for match in _DATE.finditer(text):
        found.add("date", *match.span(), None)
    for numeral in _NUMERAL.finditer(text):
        named = _counted(text, numeral)
        if named:
            found.add(*named)
    bodies = {low for label, low, _ in hits if label.source == NAME_LEXICON and label.kind == "organisation"}
    for label, low, high in hits:
        if label.source != NAME_LEXICON or (label.kind == "address" and high in bodies):
            # 滨江社区居委会 is one body, not a place and a body
            continue
        if label.firm:
            found.add(label.kind, low, high, None)
        elif text[high : high + 1] not in _NO_TAIL or (label.kind == "organisation" and text[high] == "上"):
            start = _name_start(text, low, _REACH)
            if start < low and not (label.kind == "organisation" and _no_name(text, start, low, high)):
                common = _COMMON_BEFORE.get(text[low:high])
                if common is None or not common.fullmatch(text, start, low):
                    found.add(label.kind, start, high, None)
    return sorted(found.named, key=_START)


class _Places:
    """Entities found so far; the first to take a place keeps it."""

    __slots__ = ("_taken", "named")

    def __init__(self, length: int) -> None:
        self.named: list[Named] = []
        self._taken = bytearray(length)

    def add(self, kind: str, start: int, end: int, value: Value) -> None:
        if self._taken.find(1, start, end) < 0:
            self._taken[start:end] = b"\x01" * (end - start)
            self.named.append(Named(kind, start, end, value))


def name_phrases(files: ConfigFiles, taxonomy: Taxonomy) -> list[Phrase]:
    """The tails of names, as phrases for the finder."""
    return load_phrases(files, NAME_LEXICON, taxonomy.entities)[0]


def _counted(text: str, numeral: re.Match[str]) -> Named | None:
    """What a numeral and the unit after it name."""
    start, end = numeral.span()
    unit = _UNIT.match(text, end)
    if unit is None:
        # A sum may stand without its unit: "欠我三万二"; "一直", "一定" end it.
        said = numeral[0]
        if said[-1] == "一" and text[end : end + 1] in _ADVERB_TAILS:
            said, end = said[:-1], end - 1
        large = ("万" in said or "亿" in said) and said != "万一" and not _ROUND.issuperset(said)
        number = parse_number(said) if large and end - start > 1 else None
        return None if number is None else Named("amount", start, end, number)
    end = unit.end()
    # The last group that took part says which kind of unit it is.
    kind = unit.lastgroup
    if kind == "house":
        return _house(text, start, end)
    number = 0.5 if numeral[0] == "半" else parse_number(numeral[0])
    if number is None:
        return None
    if kind == "money":
        value = number * _TIMES[unit["times"]] * _CENTS.get(unit["money"], 1)
        tenths = _TENTHS.match(text, end) if unit["money"] == "块" and not unit["times"] else None
        if tenths:
            value, end = value + "零一二三四五六七八九".index(tenths[0]) / 10, tenths.end()
        return Named("amount", start, end, round(value, 2))
    if kind == "sum":
        return Named("amount", start, end, number * _TIMES[unit["sum"]])
    if text[start - 1 : start] == "第":
        # 第三年, 第五户: an order, no length and no count
        return None
    if kind in _OF_TIME:
        number += 0.5 if unit["half"] or unit["more"] else 0
        return Named("duration", start, end, round(number * _DAYS[unit["time"]], 3))
    # "一个人" mostly says alone, and huge counts are no people of the call.
    return Named("persons_affected", start, end, int(number)) if 2 <= number <= 1_000_000 else None


def _house(text: str, start: int, end: int) -> Named:
    more = _HOUSE_MORE.match(text, end)
    end = more.end() if more else end
    if _HOUSE_BEFORE.search(text, max(0, start - 2), start):
        start = _name_start(text, start, _REACH)
    return Named("address", start, end, None)


def _add(
    found: _Places,
    text: str,
    kind: str,
    pattern: re.Pattern[str],
    value: Callable[[re.Match[str]], Value],
) -> None:
    for match in pattern.finditer(text):
        found.add(kind, *match.span(), value(match))


def _name_start(text: str, start: int, reach: int) -> int:
    """Where the name that runs into ``start`` begins, at most ``reach`` characters before it."""
    low = max(0, start - reach)
    # Read backwards: the first character that no name holds ends the search.
    stop = _NO_NAME.search(text[low:start][::-1])
    begin = start - stop.start() if stop else low
    lead = _LEAD.match(text, begin, start)
    return lead.end() if lead else begin


def _no_name(text: str, start: int, low: int, high: int) -> bool:
    """Whether what stands before an organisation's tail at ``low`` is a common word, or what follows makes another."""
    if text[high : high + 1] in _OTHER_WORD.get(text[low:high], ()):
        return True
    before = text[start:low]
    return before in _NO_NAME_ALONE or before == text[low:high] or not _DENIED.isdisjoint(before)


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"[^\dxX]", "", match[0].removeprefix("+86")).upper()


def persons_affected(named: Sequence[Named]) -> int:
    """The largest number of people heard; 1 where none was named."""
    return max((int(n.value) for n in named if n.kind == "persons_affected" and n.value), default=1)
