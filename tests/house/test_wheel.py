"""The built wheel, installed and started outside the checkout.

Top-level names as common as config and routing can be shadowed, and data files can be forgotten: neither shows in the
checkout.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("config", "nlp", "routing", "hotline")
STARTS_WITHIN_S = 120
STOPS_WITHIN_S = 30


@pytest.fixture(scope="session")
def hotline(installed: Path) -> str:
    """The installed command."""
    return str(installed / "bin" / "hotline")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, since the servers' sockets live below it."""
    folder = Path("/tmp") / f"hw-{secrets.token_hex(3)}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_wheel_holds_every_committed_file_of_the_packages(
    wheel: Path, project_files: list[Path], root: Path
) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    ours = {str(name) for path in project_files if (name := path.relative_to(root)).parts[0] in PACKAGES}
    assert sorted(ours - packed) == []


def test_the_wheel_holds_the_browser_assets_and_the_licence(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    vendor = "hotline/console/static/vendor"
    assets = {"htmx.min.js", "htmx-ext-sse.min.js", "echarts.min.js", "pico.min.css", "licenses/echarts.txt"}
    assert sorted({f"{vendor}/{name}" for name in assets} - packed) == []
    assert "hotline/console/static/built/index.json" in packed
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in packed)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).namelist()
    strangers = [name for name in packed if name.split("/")[0] not in PACKAGES and ".dist-info/" not in name]
    leavings = [name for name in packed if "__pycache__" in name or name.endswith(".pyc") or "/.stamp" in name]
    assert (strangers, leavings) == ([], [])


def test_the_packages_come_from_the_wheel(installed: Path, outside: dict[str, str], tmp_path: Path) -> None:
    code = "import json, config, hotline, nlp, routing; "
    code += "print(json.dumps([p.__file__ for p in (config, hotline, nlp, routing)]))"
    python = str(installed / "bin" / "python")
    done = subprocess.run([python, "-c", code], cwd=tmp_path, env=outside, capture_output=True, text=True, check=True)
    elsewhere = [path for path in json.loads(done.stdout) if not Path(path).is_relative_to(installed)]
    assert elsewhere == []


def test_help_names_the_commands(hotline: str, outside: dict[str, str], tmp_path: Path) -> None:
    env = {**outside, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run([hotline, "--help"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    promised = ("run", "serve", "work", "migrate", "import", "triage", "evaluate", "train", "bench", "user", "token")
    assert [name for name in promised if f" {name} " not in done.stdout] == []


def test_triage_reads_a_row(hotline: str, outside: dict[str, str], tmp_path: Path) -> None:
    row = {"id": "a", "line": "12348", "text": "老板三个月没发工资，我想问问怎么申请劳动仲裁"}
    done = subprocess.run(
        [hotline, "triage", "-"],
        cwd=tmp_path,
        env=outside,
        input=json.dumps(row, ensure_ascii=False) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["id"] == "a"
    assert read["route"] == "legal_consultation"
    assert len(read["ranking"]) == 5


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(port: int, service: subprocess.Popen[str], log: Path) -> None:
    """Waits until the service says that it is ready; fails with its own words when it ends or never gets there."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if service.poll() is not None:
            pytest.fail(f"hotline run ended with {service.returncode}:\n{log.read_text(errors='replace')[-3000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"not ready after {STARTS_WITHIN_S} s:\n{log.read_text(errors='replace')[-3000:]}")


def test_run_starts_answers_and_stops(hotline: str, outside: dict[str, str], short_folder: Path) -> None:
    port, log = free_port(), short_folder / "log"
    state = short_folder / "state"
    env = {**outside, "HOTLINE_STATE_DIR": str(state), "HOTLINE_PORT": str(port)}
    with log.open("w") as out:
        service = subprocess.Popen(
            [hotline, "run", "--no-demo"], cwd=short_folder, env=env, stdout=out, stderr=out, text=True
        )
        try:
            ready(port, service, log)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                assert answer.status == 200
            service.send_signal(signal.SIGTERM)
            assert service.wait(STOPS_WITHIN_S) == 0
        finally:
            if service.poll() is None:
                service.kill()
                service.wait()
    assert left_running(state) == []


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that still name ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if int(process.name) != os.getpid() and str(folder) in command:
            found.append(command)
    return found
