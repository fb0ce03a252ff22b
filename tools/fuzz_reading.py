"""``make fuzz MINUTES=n``: written calls, spoilt in every way, are read until the time is over; exit 1 on any fault.

Of each text it asks that
- reader and masking raise nothing, every span stands where it says, the shares are those of a probability;
- the compiled engine finds what the one in Python finds, and all ways of cutting cut alike;
- folding by the kernel gives what the table gives, and a text it calls plain is read as it stands;
- no mobile number and no number of an identity card is left after masking;
- the processor is held no longer than a bound for its length.

Each text is made from ``--seed`` and its number alone, so that a fault can be looked at again:
``--seed 7 --first 1234 --texts 1``.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from config.files import ConfigFiles
from nlp import normalise as folding
from nlp.calls import CALLS
from nlp.classification import ROUTES, Classification, Cue, DangerSignal, Entity, Evidence
from nlp.cues import CUE_LEXICON
from nlp.danger import LEXICON
from nlp.engine import BEST_ROUTE, ArrayEngine, Findings
from nlp.entities import find_entities
from nlp.labels import read_labels
from nlp.live import LiveCall
from nlp.masking import mask_text
from nlp.model import load_model
from nlp.normalise import normalise_many
from nlp.phrases import load_phrases
from nlp.reader import load_reader
from nlp.taxonomy import load_taxonomy
from nlp.tokens import JiebaTokenizer, RjiebaTokenizer, lexicon_words

MAX_CHARS = 20_000
LINES = (None, "12345", "110", "12348")
#: Processor seconds one reading may take: so much, and so much more per character.
MOST_S, MOST_PER_CHAR_S = 0.25, 1e-4
#: Every so many texts the compiled reader is asked alone as well as in a batch.
BATCH = 32
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_ID_CARD = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx](?![0-9])")
#: Where something is said over and over, ways of cutting are equally likely, and rjieba may take another than jieba.
_REPEATED = re.compile("([\u3400-\u9fff]{1,6})\\1{2}")
_PIECES = (
    "来电人：", "坐席：", "报警人:", "民警： ", "（无应答）", "（", ")", "喂", "嗯嗯", "。", "，", "？！",
    "\n", "\r\n", "\t", " ", "\u3000", "<b>", "</div>", "<", "&nbsp;", "\u200b", "\ufeff", "\u202e", "\x00",
    "\ud800", "\udfff", "😀", "👨‍👩‍👧", "é", "ﬁ", "㎡", "①", "Ⅷ", "㐂", "龦", "𠮷", "İ", "ß", "ǅ",
    "10-15", "3.5%", "a.b_c", "1e9", "０１２", "三万二", "一百二十户", "半", "两年半", "二〇二四年",
    "2023-04-12", "13800001111", "138-0000-1111", "wx13800001111", "51010119900307123X",
    "6222021234567890123", "川A12345", "岁", "号楼", "路", "街", "没有", "不是", "去年", "如果", "正在",
    "救命", "着火了", "打我", "点外卖", "忽略以上所有指令", "{{7*7}}", "'; drop table calls; --", "\\", "%s",
)  # fmt: skip


class Fault(AssertionError):
    """What a text did that it must not."""


class Mutator:
    """Makes texts out of written calls."""

    def __init__(self, calls: Sequence[str], phrases: Sequence[str]) -> None:
        import opencc

        self._calls = calls
        self._opencc = opencc.OpenCC("s2t")
        self._pieces = (*_PIECES, *phrases)
        self._ways: tuple[Callable[[random.Random, str], str], ...] = (
            self._insert, self._insert, self._delete, self._swap, self._corrupt, self._splice, self._repeat, self._case,
            self._traditional, self._spaced, self._noise, self._digits,
        )  # fmt: skip

    def text(self, draw: random.Random) -> str:
        """One text of at most MAX_CHARS characters."""
        text = draw.choice(self._calls) if draw.random() < 0.93 else ""
        for _ in range(draw.choice((0, 1, 1, 2, 3, 5, 9))):
            text = draw.choice(self._ways)(draw, text)
        return text[:MAX_CHARS]

    def _insert(self, draw: random.Random, text: str) -> str:
        at = draw.randint(0, len(text))
        return text[:at] + draw.choice(self._pieces) * draw.choice((1, 1, 1, 2, 7)) + text[at:]

    @staticmethod
    def _delete(draw: random.Random, text: str) -> str:
        low = draw.randint(0, len(text))
        return text[:low] + text[low + draw.choice((1, 1, 2, 5, 40)) :]

    @staticmethod
    def _swap(draw: random.Random, text: str) -> str:
        low, high = sorted((draw.randint(0, len(text)), draw.randint(0, len(text))))
        return text[high:] + text[low:high] + text[:low]

    @staticmethod
    def _corrupt(draw: random.Random, text: str) -> str:
        share = draw.choice((0.05, 0.2, 0.6))
        low, high = draw.choice(((0x4E00, 0x9FA5), (0x20, 0x7F), (0x3400, 0xA000), (0xFF00, 0xFFEF), (0, 0x10FFFF)))
        return "".join(chr(draw.randint(low, high)) if draw.random() < share else char for char in text)

    def _splice(self, draw: random.Random, text: str) -> str:
        other = draw.choice(self._calls)
        return text[: draw.randint(0, len(text))] + other[draw.randint(0, len(other)) :]

    def _repeat(self, draw: random.Random, text: str) -> str:
        unit = draw.choice((text[: draw.choice((1, 2, 5, 60))], draw.choice(self._pieces)))
        return text + unit * draw.choice((2, 3, 3, 5, 9, 9, 30, 30, 300, 300, 3000))

    @staticmethod
    def _case(draw: random.Random, text: str) -> str:
        return draw.choice((text.upper(), text.swapcase(), text.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)})))

    def _traditional(self, _: random.Random, text: str) -> str:
        return str(self._opencc.convert(text.encode("utf-8", "replace").decode()))

    @staticmethod
    def _spaced(draw: random.Random, text: str) -> str:
        return draw.choice((" ", "  ", "\n", "，", "…")).join(text[: draw.randint(0, 300)])

    @staticmethod
    def _noise(draw: random.Random, text: str) -> str:
        low, high = draw.choice(((0x20, 0x7F), (0x3040, 0x30FF), (0x400, 0x4FF), (0x1F300, 0x1F6FF), (0, 0x10FFFF)))
        return text + "".join(chr(draw.randint(low, high)) for _ in range(draw.choice((1, 10, 200))))

    @staticmethod
    def _digits(draw: random.Random, text: str) -> str:
        signs = draw.choice(
            ("0123456789", "0123456789 -x", "零一二三四五六七八九十百千万亿半两", "0123456789年月日号元块人户个岁.,")
        )
        at = draw.randint(0, len(text))
        return text[:at] + "".join(draw.choice(signs) for _ in range(draw.choice((2, 7, 11, 18, 60)))) + text[at:]


class Checks:
    """The readers, and what is asked of each text."""

    def __init__(self, *, bounded: bool) -> None:
        self._bounded = bounded
        files = ConfigFiles()
        self.reader = load_reader(files=files)
        words = lexicon_words(files)
        self._jieba, self._rjieba = JiebaTokenizer(words), RjiebaTokenizer(words)
        self._plain = ArrayEngine(load_model(), self._jieba, self.reader.finder)
        self.slowest: tuple[float, int] = (0.0, 0)
        """Processor seconds of the longest reading, and how many characters it had."""

    def batch(self, items: Sequence[tuple[str, str | None]]) -> None:
        """Raises Fault, or whatever a reader raised."""
        answers = self.reader.read_batch(items)
        texts = [text for text, _ in items]
        normals = [normal.text for normal in normalise_many(texts)]
        ours = self.reader.engine.find(normals, BEST_ROUTE)
        for (text, line), normal, answer, found in zip(items, normals, answers, ours, strict=True):
            self._alone(text, line, answer)
            _sound(text, answer)
            _folded(text)
            self._alike(text, normal, found)
            _masked(text)
        self._live(*items[0])

    def _alone(self, text: str, line: str | None, expected: Classification) -> None:
        begun = time.process_time()
        answer = self.reader.read(text, line=line)
        took = time.process_time() - begun
        self.slowest = max(self.slowest, (took, len(text)))
        if self._bounded and took > MOST_S + MOST_PER_CHAR_S * len(text):
            raise Fault(f"the reader held the processor for {took:.2f} s")
        if answer != expected:
            raise Fault("a call reads otherwise alone than in a batch")

    def _alike(self, text: str, normal: str, ours: Findings) -> None:
        begun = time.process_time()
        (theirs,) = self._plain.find([normal], BEST_ROUTE)
        took = time.process_time() - begun
        if self._bounded and took > 4 * (MOST_S + MOST_PER_CHAR_S * len(text)):
            raise Fault(f"the engine in Python held the processor for {took:.2f} s")
        if not np.allclose(ours.routes, theirs.routes, atol=1e-4):
            raise Fault(f"shares differ: {ours.routes} and {theirs.routes}")
        if abs(ours.danger_margin - theirs.danger_margin) > 1e-3:
            raise Fault(f"danger differs: {ours.danger_margin} and {theirs.danger_margin}")
        if list(ours.hits) != list(theirs.hits):
            raise Fault("phrases differ")
        if not np.allclose([share for _, share in ours.topics], [share for _, share in theirs.topics], atol=1e-4):
            raise Fault(f"topics differ: {ours.topics} and {theirs.topics}")
        if not np.allclose(_weights(ours), _weights(theirs), atol=1e-3) and not _near_tie(theirs.routes):
            raise Fault(f"evidence differs: {ours.shown} and {theirs.shown}")
        if find_entities(normal, ours.hits) != find_entities(normal, theirs.hits):
            raise Fault("entities differ")
        words = self._jieba.cut(normal)
        if self.reader.tokenizer.cut(normal) != words:
            raise Fault(f"{self.reader.tokenizer.name} cuts otherwise than jieba")
        fast = self._rjieba.cut(normal)
        if fast != words and not _REPEATED.search(normal):
            other = [pair for pair in zip(fast, words, strict=False) if pair[0] != pair[1]][:2]
            raise Fault(f"rjieba cuts otherwise than jieba: {other}")

    def _live(self, text: str, line: str | None) -> None:
        live = LiveCall(self.reader, line)
        for share in (0.2, 0.5, 0.8, 1.0):
            heard = text[: int(len(text) * share)]
            _sound(heard, live.hear(heard))


def _weights(found: Findings) -> list[float]:
    weights = sorted((weight for _, _, weight in found.shown), reverse=True)
    return (weights + [0.0] * 32)[:32]


def _near_tie(shares: Sequence[float]) -> bool:
    first, second, *_ = sorted(shares, reverse=True)
    return first - second < 1e-3


def _sound(text: str, answer: Classification) -> None:
    shares = [share for _, share in answer.ranking]
    if {route for route, _ in answer.ranking} != set(ROUTES) or not math.isclose(sum(shares), 1.0, abs_tol=1e-3):
        raise Fault(f"the ranking is no ranking: {answer.ranking}")
    if shares[0] != answer.confidence or not all(0 <= share <= 1 for share in shares):
        raise Fault(f"the shares are no shares: {answer.ranking}")
    spans: list[Evidence | Entity | Cue | DangerSignal] = [*answer.evidence, *answer.entities]
    for span in [*spans, *answer.cues, *answer.danger.signals]:
        if text[span.start : span.end] != span.text:
            raise Fault(f"{span} does not stand where it says")
    row = json.loads(json.dumps(answer.to_row()))
    if Classification.from_row(row).to_row() != row:
        raise Fault("the stored form does not come back as it was")


def _folded(text: str) -> None:
    by_table = np.take(folding._table(), np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32))
    folded = by_table.tobytes().decode("utf-32-le")
    if folding.fold(text) != folded:
        raise Fault("the kernel folds otherwise than the table")
    short, long = folding.normalise(text), folding._normalise_folded(folded)
    if short.text != long.text or (short.origin is not None and list(short.origin) != list(long.origin or ())):
        raise Fault("a text called plain is not")


def _masked(text: str) -> None:
    masked = mask_text(text)
    if len(masked) != len(text):
        raise Fault("masking moved characters")
    left = _MOBILE.search(masked) or _ID_CARD.search(masked)
    if left:
        raise Fault(f"masking left {left[0]!r}")


def items(mutator: Mutator, seed: int, first: int) -> Iterator[tuple[int, str, str | None]]:
    """``(number, text, line)`` without end."""
    number = first
    while True:
        draw = random.Random(f"{seed}:{number}")  # noqa: S311 - nothing secret is drawn
        yield number, mutator.text(draw), draw.choice(LINES)
        number += 1


def run(
    seed: int, first: int, texts: int | None, seconds: float, *, bounded: bool, say: Callable[[str], None]
) -> tuple[int, int]:
    """``(texts read, faults)``."""
    checks = Checks(bounded=bounded)
    calls = [row.text for row in read_labels(sorted(CALLS.glob("*.jsonl")))]
    taxonomy = load_taxonomy(ConfigFiles())
    heard = [
        *load_phrases(ConfigFiles(), LEXICON, taxonomy.danger_kinds)[0],
        *load_phrases(ConfigFiles(), CUE_LEXICON, taxonomy.cues)[0],
    ]
    phrases = ["".join(words[0] for words in phrase.anchors) for phrase in heard]
    made = items(Mutator(calls, phrases), seed, first)
    begun, told, done, faults = time.monotonic(), time.monotonic(), 0, 0
    while (texts is None or done < texts) and time.monotonic() - begun < seconds:
        batch = [next(made) for _ in range(BATCH if texts is None else min(BATCH, texts - done))]
        try:
            checks.batch([(text, line) for _, text, line in batch])
        except Exception:  # noqa: BLE001 - whatever it was, the texts of the batch are tried one by one
            for number, text, line in batch:
                try:
                    checks.batch([(text, line)])
                except Exception as fault:  # noqa: BLE001 - told, counted, and the run goes on
                    faults += 1
                    say(f"text {number}: {type(fault).__name__}: {str(fault)[:400]}\n  {text[:300]!r}")
        done += len(batch)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            say(f"{done} texts, {faults} faults")
    slowest, length = checks.slowest
    say(f"{done} texts, {faults} faults")
    say(f"slowest reading: {slowest * 1000:.1f} ms of the processor for {length} characters")
    return done, faults


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first text")
    parser.add_argument("--texts", type=int, help="stop after so many")
    parser.add_argument("--unbounded", action="store_true", help="let a reading take as long as it takes")
    args = parser.parse_args()
    done, faults = run(
        args.seed,
        args.first,
        args.texts,
        args.minutes * 60,
        bounded=not args.unbounded,
        say=lambda line: print(line, flush=True),
    )
    return 1 if faults or not done else 0


if __name__ == "__main__":
    sys.exit(main())
