"""What was said: out of text columns, dialogues in one column, or lists of segments."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hotline.intake.normalise import cell_text, heading, is_blank, short, spoken
from hotline.intake.profile import Profile
from hotline.intake.times import UnreadableTime
from routing.calls.record import Segment


def segments_of(parts: Sequence[Any], profile: Profile) -> tuple[Segment, ...]:
    """The segments of one call, ``parts`` being the cells of the profile's [text] join.

    Texts that are joined are not said twice: one that another holds already
    (blanks and punctuation aside) is left out.
    """
    for part in parts:
        listed = _as_list(part)
        if listed is not None:
            return _from_list(listed, profile)
    text = join_once([cell_text(part) for part in parts if not is_blank(part)])
    if not text:
        return ()
    if turns := _turns(text, profile):
        return turns
    return (Segment(0, "", text),)


def join_once(texts: Sequence[str]) -> str:
    """``texts`` joined by line feeds, without those that another one holds already."""
    said = [text for text in map(spoken, texts) if text]
    if len(said) < 2:
        return "".join(said)
    kept: list[str] = []
    for text in said:
        bare = _bare(text)
        if any(bare in _bare(other) for other in kept):
            continue
        kept = [other for other in kept if _bare(other) not in bare]
        kept.append(text)
    return "\n".join(kept)


def _bare(text: str) -> str:
    return "".join(ch for ch in unicodedata.normalize("NFKC", text) if ch.isalnum())


def _as_list(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        try:
            listed = json.loads(value)
        except (ValueError, RecursionError):
            return None
        return listed if isinstance(listed, list) else None
    return None


def _from_list(items: list[Any], profile: Profile) -> tuple[Segment, ...]:
    keys = profile.segment_columns
    segments: list[Segment] = []
    for place, item in enumerate(items):
        if isinstance(item, Mapping):
            by_key = {heading(key): value for key, value in item.items()}
            text = spoken(cell_text(_first(by_key, keys.text)))
            speaker = short(_first(by_key, keys.speaker))
            seq = _first(by_key, keys.seq)
            segment = Segment(
                seq=seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**31 else place,
                speaker=speaker,
                text=text,
                at=_at(_first(by_key, keys.at), profile),
                confidence=_share(_first(by_key, keys.confidence)),
                language=short(_first(by_key, keys.language)) or None,
                is_caller=profile.is_caller(speaker),
            )
        else:
            segment = Segment(place, "", spoken(cell_text(item)))
        if segment.text:
            segments.append(segment)
    return in_order(segments)


def in_order(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """By ``seq``; numbered anew by place where numbers repeat."""
    if len({segment.seq for segment in segments}) == len(segments):
        return tuple(sorted(segments, key=lambda segment: segment.seq))
    return tuple(
        Segment(place, s.speaker, s.text, s.at, s.confidence, s.language, s.is_caller)
        for place, s in enumerate(segments)
    )


def _turns(text: str, profile: Profile) -> tuple[Segment, ...]:
    """``text`` cut where a known speaker's name and a colon begin a turn.

    () where no turn is the caller's: letters begin with “律师：您好” too.
    """
    starts = list(profile.turn.finditer(text)) if profile.turn else []
    if not any(profile.is_caller(found[1]) for found in starts):
        return ()
    turns: list[Segment] = []
    if lead := spoken(text[: starts[0].start()]):
        turns.append(Segment(0, "", lead))
    for found, following in zip(starts, [*starts[1:], None], strict=True):
        said = spoken(text[found.end() : following.start() if following else len(text)])
        if said:
            turns.append(Segment(len(turns), short(found[1]), said, is_caller=profile.is_caller(found[1])))
    return tuple(turns)


def _first(item: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        value = item.get(heading(name))
        if not is_blank(value):
            return value
    return None


def _at(value: Any, profile: Profile) -> datetime | None:
    try:
        return profile.times.read(value)
    except UnreadableTime:
        return None  # the call's own time holds; the original stays in source


def _share(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
