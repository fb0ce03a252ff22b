"""``make signals``: precision and recall of each danger kind and entity on calls written for it, with 95 % intervals.

The calls lie in tests/unit/nlp/signals. A danger kind is heard where the call is at level 1 or 2 and one of its signals
is of that kind; ⟦ ⟧ in entities.txt marks the span an entity must have, to the character.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nlp.evaluation import share_interval
from nlp.reader import load_reader
from nlp.reading import CallReader

SETS = Path(__file__).resolve().parent.parent / "tests" / "unit" / "nlp" / "signals"
_SEED = 20
_MARKED = re.compile("⟦(.*?)⟧")


@dataclass(frozen=True, slots=True)
class Written:
    """One call written for ``kind``."""

    kind: str
    text: str
    wanted: tuple[tuple[int, int], ...] | bool
    """The spans an entity has in it, or whether the danger is there."""


@dataclass(slots=True)
class Counts:
    """What was found of one kind."""

    right: int = 0
    false: int = 0
    missed: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of what was heard that is there."""
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        """Share of what is there that was heard."""
        return self.right / max(1, self.right + self.missed)


def written(name: str) -> Iterator[Written]:
    """The calls of one file; raises ValueError naming the line that has another form."""
    kind = ""
    for number, line in enumerate((SETS / name).read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            kind = line.strip("[]")
            continue
        if not kind or line[:2] not in {"+ ", "- "}:
            raise ValueError(f"{name} line {number}: begin with [kind], then + or - and a blank, not {line!r}.")
        yield Written(kind, *_unmarked(line[2:], named=name.startswith("entities"), there=line[0] == "+"))


def _unmarked(text: str, *, named: bool, there: bool) -> tuple[str, tuple[tuple[int, int], ...] | bool]:
    if not named:
        return text, there
    spans, plain, at = [], "", 0
    for mark in _MARKED.finditer(text):
        plain += text[at : mark.start()]
        spans.append((len(plain), len(plain) + len(mark[1])))
        plain += mark[1]
        at = mark.end()
    if bool(spans) is not there:
        raise ValueError(f"{text!r} has {len(spans)} marks ⟦ ⟧; a + line needs one, a - line none.")
    return plain + text[at:], tuple(spans)


def danger_counts(reader: CallReader, name: str = "danger.txt", *, guessed: bool = False) -> dict[str, Counts]:
    """Per kind, or kinds that belong together, whether the danger of a call was heard, or ``guessed`` to be likely."""
    counts: dict[str, Counts] = {}
    for call in written(name):
        danger = reader.read(call.text, line="110").danger
        named = danger.kinds | (dict(danger.likely).keys() if guessed else frozenset())
        heard = not named.isdisjoint(call.kind.split(" / "))
        _count(counts, call, right=heard and bool(call.wanted), false=heard and not call.wanted,
               missed=not heard and bool(call.wanted))  # fmt: skip
    return counts


def entity_counts(reader: CallReader) -> dict[str, Counts]:
    """Per kind, how many entities were found where they stand, to the character."""
    counts: dict[str, Counts] = {}
    for call in written("entities.txt"):
        entities = reader.read(call.text, line="12345").entities
        found = {(one.start, one.end) for one in entities if one.kind == call.kind}
        wanted = set(call.wanted) if isinstance(call.wanted, tuple) else set()
        _count(counts, call, right=len(found & wanted), false=len(found - wanted), missed=len(wanted - found))
    return counts


def _count(counts: dict[str, Counts], call: Written, *, right: int, false: int, missed: int) -> None:
    one = counts.setdefault(call.kind, Counts())
    one.right += right
    one.false += false
    one.missed += missed
    if false or missed:
        one.wrong.append(f"{'missed' if missed else 'false'}: {call.text}")


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="the calls that were read wrongly too")
    args = parser.parse_args()
    reader = load_reader()
    for title, counts in (
        ("danger kinds", danger_counts(reader)),
        ("danger, written afterwards", danger_counts(reader, "danger_after.txt")),
        ("  heard or likely", danger_counts(reader, "danger_after.txt", guessed=True)),
        ("danger, fresh", danger_counts(reader, "danger_fresh.txt")),
        ("  heard or likely", danger_counts(reader, "danger_fresh.txt", guessed=True)),
        ("entities", entity_counts(reader)),
    ):
        print(f"{title:30}precision             recall                there  heard")
        for kind, one in counts.items():
            heard, there = one.right + one.false, one.right + one.missed
            print(f"{kind:30}{_figure(one.right, heard)}  {_figure(one.right, there)}  {there:5}  {heard:5}")
            if args.wrong:
                print(*(f"    {text}" for text in one.wrong), sep="\n")
        right = sum(one.right for one in counts.values())
        heard = right + sum(one.false for one in counts.values())
        there = right + sum(one.missed for one in counts.values())
        print(f"{'all':30}{_figure(right, heard)}  {_figure(right, there)}  {there:5}  {heard:5}")
    return 0


def _figure(part: int, rows: int) -> str:
    low, high = share_interval(part, rows, _SEED)
    return f"{part / max(1, rows):.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    sys.exit(main())
