"""Where the servers of tests keep their data: in memory where there is plenty of it.

A database of ours is a thousand files, and hundreds of databases are made and dropped in a run: on a disk that costs
ten times the processor time, in memory forcing a write to the disk costs nothing. What a test kills is a process,
never the machine, so that nothing it checks depends on which of both it is.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

from tests.kept_output import keep_logs

MEMORY, DISK = Path("/dev/shm"), Path("/tmp")
#: Several stages run side by side, each with servers of its own, and every installation keeps its write-ahead log.
ROOMY_BYTES = 4_000_000_000


@cache
def quick_base() -> Path:
    """The folder to make folders in."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        return DISK
    # copies of server programs may have to lie there and run
    runs_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    roomy = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOMY_BYTES
    return MEMORY if roomy and runs_programs else DISK


@contextmanager
def passable(base: Path, prefix: str = "hotline-place-") -> Iterator[Path]:
    """An empty folder other accounts can pass through, unlike ``tmp_path`` of root; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=base)).resolve()
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        keep_logs(folder)
        # a server that was killed may still be writing its last words
        shutil.rmtree(folder, ignore_errors=True)
