"""Growing transcripts: how new segments of a live call join the old ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def merge_segments(
    present: Sequence[Mapping[str, Any]], added: Iterable[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], int]:
    """All segments in order of ``seq``, and how many were new.

    (call, seq) is idempotent: a seq that is known already is left as it is.
    """
    by_seq = {segment["seq"]: dict(segment) for segment in present}
    before = len(by_seq)
    for segment in added:
        by_seq.setdefault(segment["seq"], dict(segment))
    return [by_seq[seq] for seq in sorted(by_seq)], len(by_seq) - before


def caller_words(segments: Iterable[Mapping[str, Any]]) -> str:
    """The caller's segments joined by line feeds: what triage reads and offsets point into."""
    return "\n".join(segment["text"] for segment in segments if segment["is_caller"])
