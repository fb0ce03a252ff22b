"""What services wrote while tests ran, kept for the search at the end of ``make test``.

With ``KEEP_OUTPUT_IN`` naming a folder, the captured output of every test goes there, and so do the log files of every
installation before its folder is removed. Without it nothing is kept.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

#: No name of ours (HOTLINE_...): tests take those from what they start.
KEEP_OUTPUT_IN = "KEEP_OUTPUT_IN"


def keeping_folder() -> Path | None:
    """Where to keep; None: nowhere."""
    named = os.environ.get(KEEP_OUTPUT_IN)
    return Path(named) if named else None


def keep_logs(folder: Path) -> None:
    """Copy the log files below ``folder``, if they are to be kept."""
    kept = keeping_folder()
    if kept is None:
        return
    for log in folder.rglob("*.log"):
        if log.is_file():
            place = kept / folder.name / log.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(log, place)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Append what a test's service said, well or not."""
    kept = keeping_folder()
    if kept is None or not report.sections:
        return
    kept.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "_", report.nodeid.partition("[")[0])
    with (kept / f"{name}.txt").open("a", encoding="utf-8", errors="replace") as file:
        for title, said in report.sections:
            file.write(f"--- {title}\n{said}\n")
