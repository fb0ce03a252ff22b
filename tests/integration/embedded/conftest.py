"""A place for the servers, and the promise that a test leaves no process behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hotline.embedded.servers import EmbeddedServers
from tests.integration.embedded.server_place import Place

ROOMY_BYTES = 2_000_000_000


@contextmanager
def passable(base: Path) -> Iterator[Path]:
    """An empty folder other accounts can pass through, unlike ``tmp_path`` of root."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-place-", dir=base)).resolve()
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def quick_base() -> Path:
    """Memory where there is plenty: dozens of new databases would make a slow disk the bottleneck."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOMY_BYTES
    return memory if roomy else Path("/tmp")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """See :func:`passable`; on a disk that lets programs run."""
    with passable(Path("/tmp")) as folder:
        yield folder


@pytest.fixture
def fresh_place(quick_base: Path) -> Iterator[Place]:
    """A state folder that does not exist yet; whatever still runs in it afterwards is ended."""
    with passable(quick_base) as folder:
        made = Place.new(folder / "state")
        yield made
        for process in made.processes():
            process.kill()
        for process in made.processes():
            process.wait(10)


@pytest.fixture(scope="session")
def used_state(quick_base: Path) -> Iterator[Path]:
    """A state folder that was used once, so that not every test waits for initdb."""
    with passable(quick_base) as folder:
        servers = EmbeddedServers(Place.new(folder / "state").settings)
        servers.enter()
        servers.leave()
        yield folder / "state"


@pytest.fixture
def place(fresh_place: Place, used_state: Path) -> Place:
    """A copy of :func:`used_state`, with its owners."""
    subprocess.run(["cp", "-a", used_state, fresh_place.state], check=True)
    return fresh_place
