"""A disk that is full: senders are told, what was accepted is there when there is room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.integration.durability.feeding import write_export
from tests.integration.durability.installation import Installation, rows
from tests.integration.test_run import free_port

SIZE = "300m"
LONG = "楼上漏水泡了我家吊顶，物业说不归他们管，请问该找哪个部门处理，" * 2_000


def cannot(why: str) -> NoReturn:
    """Left out by name on somebody's own machine; under CI nothing may be left out unseen."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must be able to fill a disk: {why}")
    pytest.skip(why)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, which only root may make."""
    if os.geteuid() != 0:
        cannot("needs root to mount a small file system")
    with tempfile.TemporaryDirectory(prefix="hotline-run-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        disk = Path(folder) / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "tmpfs", str(disk)], check=False
        )
        if mounted.returncode != 0:
            cannot("needs the right to mount a small file system")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


def filled(path: Path) -> None:
    """Take what room there is."""
    ballast = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    os.write(ballast, b"\0" * size)
    finally:
        os.close(ballast)


def test_a_full_disk_is_told_and_loses_nothing_accepted(small_disk: Path, tmp_path: Path) -> None:
    installation = Installation(small_disk / "state", free_port(), settings={"HOTLINE_PATIENCE_S": "1"})
    try:
        installation.token = installation.command("token", "create", "--role", "admin").stdout.strip()
        installation.start()
        accepted: list[str] = []
        refused: list[tuple[int, Any]] = []

        def post() -> bool:
            name = f"full-{len(accepted)}"
            record = {"line": "12345", "external_id": name, "received_at": "2026-11-20T08:00:00+08:00"}
            status, answer = installation.request("POST", "/calls", record | {"transcript": LONG})
            if status == 202:
                accepted.append(name)
            elif status:
                refused.append((status, answer["type"].rpartition(":")[2]))
                assert "重试" in answer["detail"], answer
            return status == 202

        assert post()
        ballast = small_disk / "ballast"
        filled(ballast)
        installation.until(lambda: not post() and refused)
        assert {status for status, _ in refused} == {503}, refused
        assert {kind for _, kind in refused} <= {"disk-full", "database-unreachable", "database-slow"}, refused
        export = tmp_path / "export.csv"
        write_export(export, 50, "full-file")
        done = installation.command("import", "--line", "12345", "--no-triage", str(export))
        assert done.returncode == 1, done
        # log lines tell what happened before
        said = [line for line in done.stderr.strip().splitlines() if not line.startswith("{")]
        assert len(said) == 1, done.stderr
        # start again, or run the same again: where it ran out first, while it connected or while it stored
        assert "again" in said[0], said
        ballast.unlink()
        installation.until(post)
        assert installation.command("import", "--line", "12345", "--no-triage", str(export)).returncode == 0

        def there() -> bool:
            found = rows(installation.database, "select external_id from calls where external_id ~ '^full-[0-9]+$'")
            return {row["external_id"] for row in found} >= set(accepted)

        installation.until(there)
        queue = "select count(*) from triage_jobs"
        installation.until(lambda: rows(installation.database, queue)[0]["count"] == 0)
        installation.stop()
    finally:
        for process in installation.processes():
            with contextlib.suppress(Exception):
                process.kill()
                process.wait(10)
