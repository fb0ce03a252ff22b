"""Readings of a growing transcript: the proposal does not flicker, danger shows at once."""

from __future__ import annotations

from dataclasses import replace

from nlp.classification import Classification
from nlp.reading import CallReader

#: Another class must be ahead of the shown one by this much to take its place while the call goes on.
MARGIN = 0.15


class LiveCall:
    """One call while it is spoken. Reading the whole transcript anew takes a quarter of a millisecond."""

    def __init__(self, reader: CallReader, line: str | None, *, margin: float = MARGIN) -> None:
        self._reader = reader
        self._line = line
        self._margin = margin
        self.shown: Classification | None = None
        """What the operator sees now."""

    def hear(self, transcript: str) -> Classification:
        """Read all that was said so far; danger, cues and entities are always those of now."""
        now = self._reader.read(transcript, line=self._line)
        before, self.shown = self.shown, now
        if before is None or before.route == now.route:
            return now
        shares = dict(now.ranking)
        # What was shown as nothing said was no proposal.
        if before.route == "invalid" or shares[now.route] - shares[before.route] >= self._margin:
            return now
        kept = sorted(now.ranking, key=lambda pair: pair[0] != before.route)
        self.shown = replace(
            now,
            route=before.route,
            confidence=shares[before.route],
            ranking=tuple(kept),
            review=True,
            evidence=self._reader.evidence_for(transcript, before.route),
        )
        return self.shown
