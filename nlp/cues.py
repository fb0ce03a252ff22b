"""Signals a policy needs beside the class: from phrases, and from what was not said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from config.files import ConfigFiles
from nlp.normalise import STAFF_MARK
from nlp.numerals import CHINESE, parse_number
from nlp.phrases import Hit, Phrase, load_phrases
from nlp.taxonomy import Taxonomy

CUE_LEXICON = "lexicon/cues.toml"
_ASIDE = re.compile(r"\([^()\n]{0,60}\)")
# An aside is tried first at each place: punctuation before it must not take its bracket.
_UNSAID = re.compile(rf"(?:{_ASIDE.pattern}|[\W_喂嗯啊呃哦])+")
#: Fewer characters than this outside of asides are next to nothing said on 110, and anywhere beside words of silence.
_HARDLY_ANYTHING = 6
#: The same on other lines where no word of silence stands: 停水 says enough.
_NOTHING = 2
#: So many in one run, where there is no aside, need no counting.
_ENOUGH = re.compile(f"[^\\W_喂嗯啊呃哦]{{{_HARDLY_ANYTHING}}}")
#: A longer text without words of silence is not looked at for silence.
_LONG = 80
#: "Send somebody" means an officer only to the police; elsewhere it asks for a repair crew.
_POLICE = re.compile("警|公安|派出所")
# "打我电话", "打我家门口的地", "砍死人" of a loose roof: no violence between the parties.
_NOT_A_PERSON = re.compile("家的?[门地鞋]|电话|手机|的|号码|门口|微信")
_NOT_ME = re.compile(r"(?:没有|没|不是|不|未|别)(?:人|再|被|有|会|要)?$")

# "不要出警了", "上次你们来看了": not wanted, or past.
_NOT_WANTED = re.compile(
    "(?:不用|不要|不必|无需|别|不需要|甭)[^,。!?]{0,4}$|(?:上次|昨天|前天|前几天|已经|之前|当时)[^。!?]{0,10}$"
)
_PAST = re.compile("[^,。!?]{0,4}过(?:了|[,。])")
# "开锁师傅能不能来一趟", "我明天过来一趟": somebody else comes.
_SOMEBODY_ELSE = re.compile(
    "(?:师傅|物业|公司|城管|维修|环卫|电工|医生|救护车|社区|居委会|街道|村里)[^。!?]{0,12}$"
    "|我们?(?:明天|现在|今天|下午|想|要|再|能|自己|这就|等下|待会){0,3}$"
)
_TO_POLICE = re.compile("警|公安|派出所|你们")
#: What follows a legal word when an errand at an office is meant: 离婚证去哪补办, 合同备案在哪个窗口.
_ERRAND = re.compile("[^。!?]{0,12}(?:补办|几楼|窗口|打印|备案|几点|上班|下班|证丢|查处|取缔|督促)")


#: An age told in full: "八岁" is no age within "三十八岁".
_AGE = re.compile(rf"([0-9{CHINESE}]+)岁$")
_OF_AGE = 18
#: "四五岁": about so old.
_ABOUT = re.compile("[一二三四五六七八九]{2}")


def _of_age(text: str, end: int) -> bool:
    age = _AGE.search(text, max(0, end - 8), end)
    if age is None or _ABOUT.fullmatch(age[1]):
        return False
    years = parse_number(age[1])
    return years is not None and years >= _OF_AGE


def _officer_wanted(text: str, line: str | None, start: int, end: int) -> bool:
    said, before = text[start:end], text[max(0, start - 20) : start]
    if line != "110" and not _POLICE.search(said):
        return False
    if _NOT_WANTED.search(before) or _PAST.match(text, end):
        return False
    return _TO_POLICE.search(said) is not None or _SOMEBODY_ELSE.search(before) is None


class CueRules:
    """The cue phrases, and the rules for silence."""

    def __init__(self, files: ConfigFiles, taxonomy: Taxonomy) -> None:
        phrases, _ = load_phrases(files, CUE_LEXICON, taxonomy.cues)
        self.phrases: Sequence[Phrase] = phrases

    def select(self, text: str, line: str | None, hits: Sequence[Hit]) -> list[tuple[str, int, int]]:
        """``(kind, start, end)`` in order of place; silence without words has the empty span (0, 0).

        Silence counts only where next to nothing was said outside of asides
        such as "(无应答)", or where on 110 a hang-up ends a call of few words.
        """
        if not hits:
            return self._silence(text, line, hits)
        cues = []
        for hit in hits:
            kind = hit.phrase.kind
            if kind == "silence":
                continue
            if kind == "violence_or_control" and (
                _NOT_ME.search(text[max(0, hit.start - 4) : hit.start]) or _NOT_A_PERSON.match(text, hit.end)
            ):
                continue
            if kind == "officer_wanted" and not _officer_wanted(text, line, hit.start, hit.end):
                continue
            # "三年级别的" is no third form
            if kind == "minor" and (_of_age(text, hit.end) or text.startswith("别", hit.end)):
                continue
            if kind == "legal_question" and _ERRAND.match(text, hit.end):
                continue
            cues.append((kind, hit.start, hit.end))
        cues.extend(self._silence(text, line, [hit for hit in hits if hit.phrase.kind == "silence"]))
        if len(cues) < 2:
            return cues
        return sorted(set(cues), key=lambda cue: (cue[1], cue[2], cue[0]))

    @staticmethod
    def _silence(text: str, line: str | None, hits: Sequence[Hit]) -> list[tuple[str, int, int]]:
        if not hits and (len(text) > _LONG or ("(" not in text and _ENOUGH.search(text))):
            return []
        answer = STAFF_MARK.search(text) if hits else None
        if answer:
            # Nobody is marked as caller: what the staff answered to the silence is no word of the caller.
            text = text[: answer.start()]
        said = len(_UNSAID.sub("", text))
        if hits:
            enough = 16 if line == "110" else _HARDLY_ANYTHING
        else:
            enough = _HARDLY_ANYTHING if line == "110" else _NOTHING
        if said >= enough:
            return []
        if hits:
            return [("silence", hits[0].start, hits[0].end)]
        aside = _ASIDE.search(text)
        return [("silence", *aside.span())] if aside else [("silence", 0, 0)]
