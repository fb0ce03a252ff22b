"""Names and places in PostgreSQL's write-ahead log (WAL): positions, segments, timelines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: 24 hex digits: timeline, and the segment's number in two parts.
SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")


def parse_lsn(text: str) -> int:
    """A position as PostgreSQL writes it (``1/2A000028``), in bytes."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def format_lsn(position: int) -> str:
    """The reverse of :func:`parse_lsn`."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def segment_name(timeline: int, number: int, segment_bytes: int) -> str:
    """The file that holds segment ``number`` of a timeline."""
    per_high = 0x1_0000_0000 // segment_bytes
    return f"{timeline:08X}{number // per_high:08X}{number % per_high:08X}"


def segment_number(name: str, segment_bytes: int) -> int:
    """The number of the segment called ``name``, counted from the beginning of the log."""
    return int(name[8:16], 16) * (0x1_0000_0000 // segment_bytes) + int(name[16:24], 16)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline and how it came from the first one."""

    id: int
    parents: tuple[tuple[int, int], ...] = ()
    """(timeline, position at which it was left), oldest first."""

    @staticmethod
    def parse(timeline: int, text: str) -> Timeline:
        """Read a ``.history`` file: lines of timeline, position and reason."""
        parents = []
        for line in text.splitlines():
            words = line.split()
            if len(words) >= 2 and words[0].isdigit():
                parents.append((int(words[0]), parse_lsn(words[1])))
        return Timeline(timeline, tuple(parents))

    def holds(self, timeline: int, position: int) -> bool:
        """Whether a position of ``timeline`` lies on the way to this one."""
        if timeline == self.id:
            return True
        return any(one == timeline and position <= left for one, left in self.parents)

    def of_segment(self, number: int, segment_bytes: int) -> list[int]:
        """The timelines a segment may be had from, best first: those that were written on in it."""
        found = [self.id] if not self.parents or self.parents[-1][1] // segment_bytes <= number else []
        for index in range(len(self.parents) - 1, -1, -1):
            timeline, left = self.parents[index]
            begun = self.parents[index - 1][1] // segment_bytes if index else 0
            if begun <= number <= left // segment_bytes:
                found.append(timeline)
        return found


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a row of segments goes without a gap."""

    last: str | None
    """None: not even the first is there."""
    missing: str | None
    """The first segment that is missing although later ones are there."""


def reach(names: Iterable[str], timeline: Timeline, first: int, segment_bytes: int) -> Reach:
    """Follow the segments in ``names`` from number ``first`` on towards ``timeline``."""
    have = {name for name in names if SEGMENT.fullmatch(name)}
    numbers = [
        number
        for name in have
        if int(name[:8], 16) in timeline.of_segment(number := segment_number(name, segment_bytes), segment_bytes)
    ]
    newest = max(numbers, default=first - 1)
    last = None
    for number in range(first, newest + 1):
        found = next(
            (
                name
                for one in timeline.of_segment(number, segment_bytes)
                if (name := segment_name(one, number, segment_bytes)) in have
            ),
            None,
        )
        if found is None:
            return Reach(last, segment_name(timeline.of_segment(number, segment_bytes)[0], number, segment_bytes))
        last = found
    return Reach(last, None)
