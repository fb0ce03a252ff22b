"""Evidence, danger, entities and cues marked in a transcript, segment by segment. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the caller's words; offsets are code points, ``end`` is exclusive."""

    start: int
    end: int
    text: str
    """What was heard there, masked; a span that no longer stands over its words is left out."""
    kind: str
    """``danger2``, ``danger1``, ``evidence``, ``entity`` or ``cue``."""
    title: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text under the same marks; plain where ``kinds`` is empty."""

    text: str
    kinds: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One segment as the screen shows it."""

    speaker: str
    is_caller: bool
    at: str | None
    pieces: tuple[Piece, ...]


def utterances(segments: Sequence[Mapping[str, Any]], spans: Sequence[Span]) -> list[Utterance]:
    """The segments in their order with the spans laid over the caller's.

    Offsets count in the caller's segments joined by line feeds (CONTRACT.md),
    so only those move the place on.
    """
    place = 0
    shown = []
    for segment in segments:
        text = segment["text"]
        pieces: tuple[Piece, ...] = (Piece(text),)
        if segment["is_caller"]:
            pieces = cut(text, place, spans)
            place += len(text) + 1
        shown.append(Utterance(segment["speaker"], segment["is_caller"], segment["at"], pieces))
    return shown


def cut(text: str, place: int, spans: Sequence[Span]) -> tuple[Piece, ...]:
    """``text``, which begins at offset ``place``, cut wherever a mark begins or ends."""
    inside = [s for s in spans if s.start < place + len(text) and s.end > place and _stands(s, text, place)]
    edges = {0, len(text)}
    for span in inside:
        edges |= {max(0, span.start - place), min(len(text), span.end - place)}
    pieces = []
    for begin, end in pairwise(sorted(edges)):
        over = [s for s in inside if s.start - place <= begin and s.end - place >= end]
        kinds = tuple(dict.fromkeys(s.kind for s in over))
        pieces.append(Piece(text[begin:end], kinds, "；".join(dict.fromkeys(s.title for s in over))))
    return tuple(pieces)


def _stands(span: Span, text: str, place: int) -> bool:
    """Whether the words heard are still there: a live transcript may have grown since it was read.

    Masking hides single characters, so an asterisk on either side fits any.
    """
    begin, end = max(span.start, place), min(span.end, place + len(text))
    heard = span.text[begin - span.start : end - span.start]
    found = text[begin - place : end - place]
    return len(heard) == len(found) and all(a == b or "*" in (a, b) for a, b in zip(heard, found, strict=True))


def spans_of(triage: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> list[Span]:
    """Every span of one reading; ``names`` holds screen names by ``danger_kinds``, ``entities`` and ``cues``."""
    found = [
        Span(s["start"], s["end"], s["text"], f"danger{s.get('level', 2)}", _danger_title(s, names))
        for s in triage["danger"]["signals"]
    ]
    found += [
        Span(e["start"], e["end"], e["text"], "evidence", f"研判依据，权重 {e['weight']:.2f}")
        for e in triage["evidence"]
    ]
    found += [
        Span(c["start"], c["end"], c["text"], "cue", names["cues"].get(c["kind"], c["kind"]))
        for c in triage.get("cues", [])
    ]
    found += [
        Span(e["start"], e["end"], e["text"], "entity", names["entities"].get(e["kind"], e["kind"]))
        for e in triage["entities"]
    ]
    return found


def _danger_title(signal: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> str:
    return f"危险：{names['danger_kinds'].get(signal['kind'], signal['kind'])}"
