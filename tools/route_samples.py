"""Imports the three sample exports into a new state folder and compares where each call went with the truth.

    .venv/bin/python tools/route_samples.py [--shared ../shared] [--state FOLDER]

Expected destination: police where the label has danger or the class police_incident, else the default of the
class; lenient figures count the second class that the label allows (``also``). Calls left to a person (review)
are counted apart. Nothing here trains or tunes anything.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from config.settings import load_settings
from hotline.embedded.servers import embedded_servers

ROOT = Path(__file__).resolve().parent.parent
DEFAULTS = {
    "police_incident": "police",
    "legal_consultation": "lawyers",
    "dispute": "mediators",
    "non_police_help": "departments",
    "invalid": "closed",
}
EXPORTS = ("12345", "12345_工单导出.xlsx"), ("110", "110_接警单.csv"), ("12348", "12348_咨询记录.json")
QUERY = """
select c.line, c.external_id, c.state, t.route, t.danger_level, d.destination, d.mode, d.queue, d.outcome
from calls c join triages t on t.id = c.triage_id join decisions d on d.id = c.decision_id
"""


@dataclass(frozen=True)
class Case:
    """One call: where it should go and where it went."""

    line: str
    expected: str
    lenient: frozenset[str]
    went: str
    review: bool


def expected_of(label: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """Strict and lenient destinations of a label."""
    strict = "police" if label["danger"] else DEFAULTS[label["route"]]
    also = {DEFAULTS[label["also"]]} if label["also"] else set()
    return strict, frozenset({strict, *also})


def labels(shared: Path) -> dict[str, dict[str, Any]]:
    """Label rows by id."""
    rows = {}
    for name in ("dev.jsonl", "phone_dev.jsonl"):
        for line in (shared / "labels" / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[row["id"]] = row
    return rows


def went(row: Any) -> str:
    """Where a call went: closed, or the destination of its decision."""
    return "closed" if row["outcome"] == "close" else row["destination"]


async def stored(state: Path) -> dict[tuple[str, str], Any]:
    """Every call of the state folder with its decision."""
    settings = load_settings({"HOTLINE_STATE_DIR": str(state)})
    async with embedded_servers(settings) as urls:
        connection = await asyncpg.connect(urls.database_url)
        try:
            return {(row["line"], row["external_id"]): row for row in await connection.fetch(QUERY)}
        finally:
            await connection.close()


def report(cases: list[Case]) -> None:
    """Prints the figures, all lines together and each alone."""
    print(f"{'':10}{'calls':>7}{'decided':>9}{'strict':>9}{'lenient':>9}{'review':>8}{'  of review lenient':>20}")
    groups = {"all": cases} | {line: [c for c in cases if c.line == line] for line in ("12345", "110", "12348")}
    for name, group in groups.items():
        decided = [c for c in group if not c.review]
        review = [c for c in group if c.review]

        def share(right: int, of: list[Case]) -> str:
            return f"{right / len(of):.3f}" if of else "-"

        print(
            f"{name:10}{len(group):7}{len(decided):9}"
            f"{share(sum(c.went == c.expected for c in decided), decided):>9}"
            f"{share(sum(c.went in c.lenient for c in decided), decided):>9}{len(review):8}"
            f"{share(sum(c.went in c.lenient for c in review), review):>20}"
        )
    every = sum(c.went == c.expected for c in cases)
    lenient = sum(c.went in c.lenient for c in cases)
    print(
        f"\nproposed destination right over all calls, review included: {every / len(cases):.3f} strict, "
        f"{lenient / len(cases):.3f} lenient"
    )
    police = [c for c in cases if c.expected == "police"]
    caught = sum(c.went == "police" for c in police)
    false = sum(c.went == "police" and "police" not in c.lenient for c in cases)
    print(
        f"police: {caught} of {len(police)} calls that need them went there; {false} of "
        f"{len(cases) - len(police)} others did"
    )
    wrong: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for c in cases:
        if c.went not in c.lenient:
            wrong[c.expected, c.went][c.review] += 1
    print("\nwrong (expected -> went): decided + left to a person")
    for (want, got), counts in sorted(wrong.items(), key=lambda item: -item[1].total()):
        print(f"  {want:12} -> {got:12} {counts[False]:4} + {counts[True]}")


def main() -> None:
    """Import, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--state", type=Path, help="state folder to use and keep (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hotline-samples-", dir="/tmp") as scratch:
        Path(scratch).chmod(0o711)
        state = options.state or Path(scratch) / "state"
        for line, name in EXPORTS:
            command = [
                sys.executable,
                "-m",
                "hotline",
                "import",
                "--line",
                line,
                str(options.shared / "samples" / name),
            ]
            environment = {"HOTLINE_STATE_DIR": str(state), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
            done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
            print(line, done.stdout.strip() or done.stderr.strip())
        rows = asyncio.run(stored(state))
    gold = labels(options.shared)
    cases = []
    with (options.shared / "samples" / "truth.csv").open(encoding="utf-8") as file:
        for truth in csv.DictReader(file):
            row = rows[truth["line"], truth["external_id"]]
            strict, lenient = expected_of(gold[truth["label_id"]])
            cases.append(Case(truth["line"], strict, lenient, went(row), row["mode"] == "review"))
    report(cases)


if __name__ == "__main__":
    main()
