"""Readings of a growing transcript: the proposal does not flicker, danger shows at once."""

from __future__ import annotations

from nlp.classification import Classification
from nlp.reading import CallReader

#: Another class must be ahead of the shown one by this much to take its place while the call goes on.
MARGIN = 0.15


def steady(
    now: Classification, shown: Classification | None, transcript: str, *, margin: float = MARGIN
) -> Classification:
    """What to show of ``now``, a reading of ``transcript``, where ``shown`` was shown of its beginning.

    The shown class stays, for a person to look at, unless another is ahead of it by ``margin``; its words are kept as
    far as they still stand where they stood. Danger, topic, cues and entities are always those of now.
    """
    # What was shown as nothing said was no proposal.
    if shown is None or shown.route in (now.route, "invalid"):
        return now
    shares = dict(now.ranking)
    # a class that is not ranked any more has no share
    kept = shares.get(shown.route, 0.0)
    if shares[now.route] - kept >= margin:
        return now
    return now._replace(
        route=shown.route,
        confidence=kept,
        ranking=tuple(sorted(now.ranking, key=lambda pair: pair[0] != shown.route)),
        review=True,
        evidence=tuple(one for one in shown.evidence if transcript[one.start : one.end] == one.text),
    )


class LiveCall:
    """One call while it is spoken. Reading the whole transcript anew takes a quarter of a millisecond."""

    def __init__(self, reader: CallReader, line: str | None, *, margin: float = MARGIN) -> None:
        self._reader = reader
        self._line = line
        self._margin = margin
        self.shown: Classification | None = None
        """What the operator sees now."""

    def hear(self, transcript: str) -> Classification:
        """Read all that was said so far."""
        now = self._reader.read(transcript, line=self._line)
        self.shown = steady(now, self.shown, transcript, margin=self._margin)
        return self.shown
