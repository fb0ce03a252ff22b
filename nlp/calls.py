"""Where the calls lie that were written for this project: training rows beyond the shared labels."""

from __future__ import annotations

from pathlib import Path

#: JSON Lines in the form of nlp.labels; written by hand by the label guide.
CALLS = Path(__file__).resolve().parent / "training" / "calls"
