"""What ``make fuzz`` asks of spoilt calls, asked of a few of them, always the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nlp.phrases import Hit, Label, PhraseFinder

_TOOL = Path(__file__).resolve().parents[3] / "tools" / "fuzz_reading.py"


def test_spoilt_calls_are_read_alike_by_both_engines_and_without_a_fault() -> None:
    run = subprocess.run(
        [sys.executable, str(_TOOL), "--texts", "96", "--seed", "3", "--minutes", "60", "--unbounded"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("96 texts, 0 faults")


def test_of_two_phrases_in_one_place_the_graver_stays_whichever_was_found_first() -> None:
    heard = Label("lexicon/danger.toml", "drowning", 2, firm=False)
    plainly = Label("lexicon/danger.toml", "drowning", 2, firm=False, sure=True)
    hits = [Hit(heard, 0, 5), Hit(plainly, 0, 5)]
    assert PhraseFinder.outermost(hits[:]) == PhraseFinder.outermost(hits[::-1]) == [Hit(plainly, 0, 5)]
