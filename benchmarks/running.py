"""A whole service for the benchmarks: ``hotline run`` in a folder of its own, measured from outside."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from config.settings import Settings, load_settings
from hotline.accounts.store import add_token
from hotline.database import open_pool
from hotline.embedded.servers import EmbeddedServers, ServerUrls
from hotline.supervise.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 120.0

WHO = ("我", "我们小区的业主", "我父亲", "隔壁老人", "我们车间二十多个工友")
WHAT = (
    "反映楼下烧烤店油烟直排，晚上十一点还在炒菜，开不了窗",
    "被公司拖欠四个月工资，想问申请劳动仲裁要带哪些材料，时效怎么算",
    "在路口被一辆电动车撞倒，对方骑车跑了，腿现在动不了",
    "和房东约好退押金三千元，到现在不退，还把门锁换了，想请人调解",
    "咨询异地就医备案怎么办，社保窗口电话一直占线",
    "小区停水两天了，物业说不知道什么时候来水",
)
WHERE = ("东湖路", "北门街", "新安里", "梧桐苑", "青年公寓三栋")


def spoken(chance: random.Random) -> str:
    """What a made-up caller says."""
    return f"{chance.choice(WHO)}{chance.choice(WHAT)}，地点在{chance.choice(WHERE)}{chance.randrange(1, 400)}号"


def posted_call(n: int, chance: random.Random, **fields: Any) -> dict[str, Any]:
    """A made-up call as a line posts it."""
    return {
        "line": chance.choice(("12345", "110", "12348")),
        "external_id": f"P{n:07d}",
        "received_at": (datetime.now(UTC) - timedelta(seconds=2)).isoformat(),
        "caller_number": f"139{n % 100_000_000:08d}",
        "transcript": spoken(chance),
        "region": "东城区",
        **fields,
    }


@dataclass(slots=True)
class Running:
    """A running service."""

    state: Path
    port: int
    process: subprocess.Popen[bytes]
    urls: ServerUrls
    pool: Any
    """A pool on the service's database, as the service's own user."""

    @property
    def address(self) -> str:
        """Where the web listens."""
        return f"http://127.0.0.1:{self.port}"

    async def token(self, role: str, user: str | None = None) -> str:
        """A fresh API token."""
        return await add_token(self.pool, role, user=user)

    def memory_mb(self) -> dict[str, float]:
        """Memory of the web and of each worker with the processes it reads in, in 10^6 bytes.

        What processes share counts by its parts (proportional set size), so that the sum is what the machine gives.
        """
        found: dict[str, float] = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = child.cmdline()
                name = "web" if "serve" in words else f"worker {child.pid}" if "work" in words else ""
                if name:
                    tree = (child, *child.children(recursive=True))
                    found[name] = sum(each.memory_full_info().pss for each in tree) / 1e6
        return found


def environment(state: Path, port: int, workers: int, kept: Collection[str] = ()) -> dict[str, str]:
    """What the service's processes get told; of this process's own settings those named in ``kept``."""
    others = {name: value for name, value in os.environ.items() if name in kept or not name.startswith("HOTLINE_")}
    return {
        **others,
        "HOTLINE_STATE_DIR": str(state),
        "HOTLINE_PORT": str(port),
        "HOTLINE_WORKERS": str(workers),
    }


def _wait_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"hotline run ended with {process.returncode} instead of starting")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"hotline run was not ready within {START_LIMIT_S:.0f} s")


@contextlib.contextmanager
def started(workers: int, kept: Collection[str] = ()) -> Iterator[tuple[Path, int, subprocess.Popen[bytes], Settings]]:
    """``hotline run`` with that many workers; stopped and deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        Path(folder).chmod(0o755)
        state, port = Path(folder) / "state", free_port("127.0.0.1", 0)
        told = environment(state, port, workers, kept)
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "hotline", "run", "--no-demo"], cwd=ROOT, env=told, stdout=log, stderr=log
            )
        try:
            _wait_ready(port, process)
            yield state, port, process, load_settings(told)
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextlib.asynccontextmanager
async def running(workers: int = 1, kept: Collection[str] = ()) -> Any:
    """A :class:`Running` service; ``kept`` as for :func:`environment`."""
    with started(workers, kept) as (state, port, process, settings):
        servers = EmbeddedServers(settings)
        urls = servers.enter()
        pool = await open_pool(urls.database_url, 6)
        try:
            yield Running(state, port, process, urls, pool)
        finally:
            await pool.close()
            servers.leave()


def quantile(took_s: list[float], share: float) -> float:
    """The smallest value that ``share`` of all do not exceed."""
    ordered = sorted(took_s)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def told(name: str, took_s: list[float]) -> str:
    """One line of figures in milliseconds."""
    p50, p95, p99 = (quantile(took_s, share) * 1000 for share in (0.5, 0.95, 0.99))
    return f"{name}: {len(took_s)} times, p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"
