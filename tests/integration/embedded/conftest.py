"""A place for the servers, and the promise that a test leaves no process behind."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.embedded.servers import EmbeddedServers
from tests.integration.embedded.server_place import Place


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder other accounts can pass through, unlike ``tmp_path`` of root."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-place-", dir="/tmp")).resolve()
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fresh_place(open_folder: Path) -> Iterator[Place]:
    """A state folder that does not exist yet; whatever still runs in it afterwards is ended."""
    made = Place.new(open_folder / "state")
    yield made
    for process in made.processes():
        process.kill()
    for process in made.processes():
        process.wait(10)


@pytest.fixture(scope="session")
def used_state() -> Iterator[Path]:
    """A state folder that was used once, so that not every test waits for initdb."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-place-", dir="/tmp")).resolve()
    folder.chmod(0o711)
    servers = EmbeddedServers(Place.new(folder / "state").settings)
    servers.enter()
    servers.leave()
    yield folder / "state"
    shutil.rmtree(folder)


@pytest.fixture
def place(fresh_place: Place, used_state: Path) -> Place:
    """A copy of :func:`used_state`, with its owners."""
    subprocess.run(["cp", "-a", used_state, fresh_place.state], check=True)
    return fresh_place
