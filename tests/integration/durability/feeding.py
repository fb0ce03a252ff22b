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
from tests.integration.test_run import LIMIT_S, ROOT

IMPORTED = 5_000
#: So many of them stand in the export once more, further down, with other words: their second versions.
CHANGED = 200
TEXTS = (
    "路口红绿灯不亮",
    "物业不退装修押金想请人调解",
    "问产假工资怎么算，公司说没有",
    "楼上漏水泡了我家吊顶",
)
PAUSE_S = 0.1
#: Between two calls once a test has seen what it wanted to of posting: the line goes on, and leaves the rest to others.
EASY_S = 1.0
#: So many calls must have been posted and accepted since the harm was done before a test looks at its books.
AFTERWARDS = 10


def write_export(path: Path, count: int, prefix: str, *, changed: int = 0) -> None:
    """A work-order export of the 12345 line, made up; the first ``changed`` calls once more at the end, changed."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "来电时间", "联系电话", "诉求内容"])
        for n in range(count):
            text = f"{TEXTS[n % len(TEXTS)]}，门牌{n}号"
            writer.writerow([f"{prefix}-i{n:05d}", "2026-11-20 08:00:00", f"1370000{n:04d}", text])
        for n in range(changed):
            text = f"{TEXTS[n % len(TEXTS)]}，门牌{n}号，昨天又打过一次"
            writer.writerow([f"{prefix}-i{n:05d}", "2026-11-20 08:00:00", f"1370000{n:04d}", text])


class Importing:
    """``hotline import`` of a fresh export, beside the test; some of its calls come in two versions."""

    count = IMPORTED
    versions = IMPORTED + CHANGED

    def __init__(self, installation: Installation, folder: Path, prefix: str) -> None:
        export = folder / f"{prefix}.csv"
        write_export(export, IMPORTED, prefix, changed=CHANGED)
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
        out, err = self._process.communicate(timeout=4 * LIMIT_S)
        assert self._process.returncode == 0, err
        answer: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        # a batch whose commit was lost on the way is sent again and found as duplicates
        assert answer["accepted"] + answer["updated"] + answer["duplicates"] == self.versions, answer
        return answer


class LivePosting:
    """A line that posts calls one after the other, each again until it is answered, as lines do.

    Every third call is posted once more with other words when the next two are in, and has most likely been read by
    then; every ninth is at once, and has most likely not.
    """

    def __init__(self, installation: Installation, prefix: str) -> None:
        self.accepted: list[int] = []
        """The calls in the order they were posted."""
        self.changed = 0
        """How many second versions were accepted beside."""
        self.sent_away = 0
        """How often it was told to come again."""
        self.wrong: list[tuple[int, Any]] = []
        """Answers other than 202, and 503 with a problem in words: there shall be none."""
        self._installation = installation
        self._prefix = prefix
        self._pause_s = PAUSE_S
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self._thread.start()

    def _post(self) -> None:
        number = 0
        while not self._stop.is_set():
            self.accepted.append(self._until_answered(number))
            for again in [number - 2] * (number % 3 == 2) + [number] * (number % 9 == 1):
                call_id = self._until_answered(again, "，已经漫进屋里了")
                if call_id != self.accepted[again]:
                    self.wrong.append((202, f"{again} is call {self.accepted[again]}, its second version {call_id}"))
                self.changed += 1
            number += 1
            self._stop.wait(self._pause_s)

    def _until_answered(self, number: int, more: str = "") -> int:
        record = {
            "line": "12345",
            "external_id": f"{self._prefix}-p{number:05d}",
            "received_at": "2026-11-20T08:00:00+08:00",
            "transcript": f"巷口的下水道堵了，污水漫到路上，麻烦派人疏通，{number}号井{more}",
        }
        while True:
            status, answer = self._installation.request("POST", "/calls", record)
            if status == 202:
                # nobody heard the answer to what was stored before the harm: then it is a duplicate of itself
                stored = answer["updated" if more else "accepted"] + answer["duplicates"]
                if len(stored) == 1:
                    return int(stored[0]["call_id"])
                self.wrong.append((status, answer))
                return 0
            self.sent_away += status == 503
            if status not in (0, 503) or (status == 503 and not (answer or {}).get("detail")):
                self.wrong.append((status, answer))
            time.sleep(PAUSE_S)

    def wait_for_more(self) -> None:
        """Until calls have been accepted of which nothing was sent before now."""
        # the one in flight may have been sent before
        enough = len(self.accepted) + 1 + AFTERWARDS
        self._installation.until(lambda: len(self.accepted) >= enough)

    def ease(self) -> None:
        """Go on posting, but seldom: all harm is done."""
        self._pause_s = EASY_S

    @property
    def versions(self) -> int:
        """What was accepted, versions counted each."""
        return len(self.accepted) + self.changed

    def end(self) -> None:
        """Stop posting once what is being posted is answered."""
        assert self._thread.is_alive() or self._stop.is_set(), "posting ended by itself"
        self._stop.set()
        # as patient as everything else that waits: the web may just be starting
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        assert self.wrong == []
