"""Reads a million made-up rows as CSV, JSONL and JSON into a sink that drops them.

    .venv/bin/python benchmarks/intake_memory.py [--rows 1000000] [--kind csv]

Prints one JSON line for each kind: rows, seconds, rows a second, and the peak
resident memory of a fresh process in MB (DESIGN asks for less than 300).
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from machine import machine

from config.files import ConfigFiles
from hotline.intake.importer import ImportResult, import_files
from hotline.intake.profile import profile_for
from hotline.intake.progress import ImportProgress
from routing.calls.record import CallRecord

KINDS = ("csv", "jsonl", "json")
LIMIT_MB = 300
_OPENINGS = ("你好，我想反映一下", "麻烦问一句，", "我这边出了点事，", "您好，我替我母亲问问，")
_MATTERS = (
    "楼下夜里一直在装修，吵得孩子睡不着，物业去了两次也没管住",
    "老板把厂搬走了，还有四个月的钱没结给我们，人也不接电话",
    "路口的红绿灯坏了三天了，早上堵得厉害，差点出事故",
    "邻居的空调外机滴水，把我家窗台泡坏了，谈了几回都不认",
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer of a sink that takes everything."""

    kind: str = "accepted"


async def drop(batch: list[CallRecord]) -> Sequence[Accepted]:
    """A sink that stores nothing (each record's hash is computed, as a store would)."""
    for record in batch:
        record.content_hash()
    return [Accepted()] * len(batch)


def rows(count: int) -> Iterator[dict[str, str]]:
    """Made-up rows of a 110 export, the same for every run; one in 10,000 has an impossible month."""
    dice = random.Random(110)
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - exports carry local time without zone
    for number in range(count):
        moment = (start + timedelta(seconds=number * 7)).strftime("%Y%m%d%H%M%S")
        yield {
            "接警单号": f"{number:014d}",
            "报警时间": "20261301000000" if number % 10_000 == 9_999 else moment,
            "报警电话": f"1{dice.randrange(3_000_000_000, 9_999_999_999)}",
            "报警人": "某某",
            "报警内容": f"{dice.choice(_OPENINGS)}{dice.choice(_MATTERS)}。\n第{number}回来电",
            "案发地址": f"光明路{dice.randrange(1, 400)}号",
            "辖区派出所": "城东区派出所",
            "警情类别": "求助",
            "接警员": f"接警{dice.randrange(1, 30):02d}",
        }


def write(path: Path, kind: str, count: int) -> None:
    """Write ``count`` rows as ``kind``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if kind == "csv":
            first = next(rows(1))
            table = csv.DictWriter(file, list(first))
            table.writeheader()
            table.writerows(rows(count))
            return
        between, opening, closing = ("\n", "", "\n") if kind == "jsonl" else (",\n", '{"records": [', "]}")
        file.write(opening)
        for number, row in enumerate(rows(count)):
            file.write((between if number else "") + json.dumps(row, ensure_ascii=False))
        file.write(closing)


def read(path: Path) -> None:
    """Import ``path`` into the dropping sink and print the figures of this process."""

    async def run() -> ImportResult:
        with ImportProgress() as progress:
            return await import_files(
                [path],
                profile_for(ConfigFiles(), "110"),
                sink=drop,
                progress=progress,
                rejects_dir=path.parent / "rejects",
            )

    began = time.perf_counter()
    result = asyncio.run(run())
    seconds = time.perf_counter() - began
    total = result.accepted + result.rejected
    figures = {
        "kind": path.suffix[1:],
        "rows": total,
        "rejected": result.rejected,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "seconds": round(seconds, 1),
        "rows_per_s": round(total / seconds),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    }
    print(json.dumps(figures), flush=True)


def main() -> int:
    """Run each kind in a process of its own; 1 when one needs more memory than LIMIT_MB."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read)
        return 0
    worst = 0.0
    for kind in arguments.kind or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"calls.{kind}"
            write(path, kind, arguments.rows)
            command = [sys.executable, __file__, "--read", str(path)]
            shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(shown, end="", flush=True)
            worst = max(worst, json.loads(shown)["peak_rss_mb"])
    return 1 if worst >= LIMIT_MB else 0


if __name__ == "__main__":
    sys.exit(main())
