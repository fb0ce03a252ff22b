"""Shows how far an import is, on standard error only."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

#: Rows between two lines where standard error is no terminal.
_ROWS_PER_LINE = 100_000


class ImportProgress:
    """A bar with rows a second on a terminal; elsewhere one line for each 100,000 rows."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar: Progress | None = None
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%  {task.fields[rows]:,} 行  {task.fields[speed]:,} 行/秒"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(file=self._stream),
            )
        self._task: TaskID | None = None
        self._name = ""
        self._began = 0.0
        self._told = 0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, path: Path) -> None:
        """The next file."""
        self._name, self._began, self._told = path.name, time.monotonic(), 0
        if self._bar:
            self._task = self._bar.add_task(path.name, total=None, rows=0, speed=0)

    def at(self, rows: int, done: int, total: int) -> None:
        """``rows`` of the file are read; ``done`` of ``total`` tells the share."""
        speed = int(rows / max(time.monotonic() - self._began, 1e-3))
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, rows=rows, speed=speed)
        elif rows // _ROWS_PER_LINE > self._told:
            self._told = rows // _ROWS_PER_LINE
            print(f"{self._name}：已读 {rows:,} 行，{speed:,} 行/秒", file=self._stream, flush=True)
