"""A growing transcript: how early the right class stands, that it does not flicker, and that danger shows at once."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from nlp.live import LiveCall
from nlp.reading import CallReader

_DIALOGUES = [
    json.loads(line) for line in (Path(__file__).parent / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
]


def _shown(reader: CallReader, dialogue: dict[str, object], margin: float) -> list[str]:
    segments = dialogue["segments"]
    assert isinstance(segments, list)
    call = LiveCall(reader, str(dialogue["line"]), margin=margin)
    return [call.hear("\n".join(segments[: count + 1])).route for count in range(len(segments))]


def _stands_from(shown: list[str], route: object) -> int | None:
    """The first segment from which the right class stands to the end."""
    wrong = [place for place, one in enumerate(shown) if one != route]
    first = wrong[-1] + 1 if wrong else 0
    return first if first < len(shown) else None


def test_the_right_class_stands_early(reader: CallReader) -> None:
    assert len(_DIALOGUES) >= 30
    stands = [_stands_from(_shown(reader, one, 0.15), one["route"]) for one in _DIALOGUES]
    right = [place for place in stands if place is not None]
    # Most of the four segments of a dialogue hold the matter in the second or third.
    assert len(right) / len(stands) >= 0.9
    assert sum(place <= 2 for place in right) / len(stands) >= 0.75


def test_hysteresis_spares_changes_of_the_proposal(reader: CallReader) -> None:
    def changes(margin: float) -> int:
        shown = [_shown(reader, one, margin) for one in _DIALOGUES]
        return sum(a != b for one in shown for a, b in itertools.pairwise(one))

    assert changes(0.15) < changes(0.0)


def test_danger_shows_in_the_segment_that_tells_it(reader: CallReader) -> None:
    call = LiveCall(reader, "110")
    assert call.hear("你好，我想问一下身份证怎么补办").danger.level == 0
    assert call.hear("你好，我想问一下身份证怎么补办\n哎着火了着火了，楼道全是浓烟，快来人").danger.level == 2


def test_a_kept_proposal_goes_to_a_person_and_shows_its_own_words(reader: CallReader) -> None:
    call = LiveCall(reader, "12345", margin=2.0)
    first = call.hear("老板欠我三个月工资不给，我要求他把钱结清")
    kept = call.hear(
        "老板欠我三个月工资不给，我要求他把钱结清。请问法律上怎么规定，能不能申请仲裁，怎么起诉，律师怎么请"
    )
    assert kept.route == first.route == "dispute"
    assert kept.ranking[0] == (kept.route, kept.confidence)
    assert {one.text for one in kept.evidence} <= {one.text for one in first.evidence}
    assert kept.review
