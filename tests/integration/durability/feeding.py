"""Calls that come in while parts are killed: an export of 5,000 being imported, and a line that posts one by one."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.integration.durability.installation import Installation
from tests.integration.test_run import ROOT

IMPORTED = 5_000
TEXTS = (
    "路口红绿灯不亮",
    "物业不退装修押金想请人调解",
    "问产假工资怎么算，公司说没有",
    "楼上漏水泡了我家吊顶",
)
PAUSE_S = 0.1


def write_export(path: Path, count: int, prefix: str) -> None:
    """A work-order export of the 12345 line, made up."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "来电时间", "联系电话", "诉求内容"])
        for n in range(count):
            text = f"{TEXTS[n % len(TEXTS)]}，门牌{n}号"
            writer.writerow([f"{prefix}-i{n:05d}", "2026-11-20 08:00:00", f"1370000{n:04d}", text])


class Importing:
    """``hotline import`` of a fresh export, beside the test."""

    def __init__(self, installation: Installation, folder: Path, prefix: str, count: int = IMPORTED) -> None:
        self.count = count
        export = folder / f"{prefix}.csv"
        write_export(export, count, prefix)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "import", "--line", "12345", str(export)],
            cwd=ROOT,
            env=installation.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def running(self) -> bool:
        """Whether rows still come in."""
        return self._process.poll() is None

    def finished(self) -> dict[str, Any]:
        """Wait for its end; the line it printed last."""
        out, err = self._process.communicate(timeout=240)
        assert self._process.returncode == 0, err
        answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        # a batch whose commit was lost on the way is sent again and found as duplicates
        assert answer["accepted"] + answer["duplicates"] == self.count, answer
        return answer


class LivePosting:
    """A line that posts calls one after the other, each again until it is answered, as lines do."""

    def __init__(self, installation: Installation, prefix: str) -> None:
        self.accepted: list[int] = []
        self.refused: list[tuple[int, Any]] = []
        """Answers other than 202 and 503: there shall be none."""
        self._installation = installation
        self._prefix = prefix
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self._thread.start()

    def _post(self) -> None:
        number = 0
        while not self._stop.is_set():
            record = {
                "line": "12345",
                "external_id": f"{self._prefix}-p{number:05d}",
                "received_at": "2026-11-20T08:00:00+08:00",
                "transcript": f"巷口的下水道堵了，污水漫到路上，麻烦派人疏通，{number}号井",
            }
            self.accepted.append(self._until_answered(record))
            number += 1
            self._stop.wait(PAUSE_S)

    def _until_answered(self, record: dict[str, str]) -> int:
        while True:
            status, answer = self._installation.request("POST", "/calls", record)
            if status == 202:
                return int((answer["accepted"] + answer["duplicates"])[0]["call_id"])
            if status not in (0, 503):
                self.refused.append((status, answer))
            time.sleep(PAUSE_S)

    def ended(self) -> list[int]:
        """Stop posting; the ids of what was accepted."""
        assert self._thread.is_alive() or self._stop.is_set(), "posting ended by itself"
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self.refused == []
        return self.accepted
