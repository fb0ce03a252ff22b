"""A place for the servers, and the promise that a test leaves no process behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.embedded.servers import EmbeddedServers
from tests.integration.embedded.server_place import Place
from tests.quick_folders import passable, quick_base


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """See :func:`passable`; on a disk that lets programs run."""
    with passable(Path("/tmp")) as folder:
        yield folder


@pytest.fixture
def fresh_place() -> Iterator[Place]:
    """A state folder that does not exist yet; whatever still runs in it afterwards is ended."""
    with passable(quick_base()) as folder:
        made = Place.new(folder / "state")
        yield made
        for process in made.processes():
            process.kill()
        for process in made.processes():
            process.wait(10)


@pytest.fixture(scope="session")
def used_state() -> Iterator[Path]:
    """A state folder that was used once, so that not every test waits for initdb."""
    with passable(quick_base()) as folder:
        servers = EmbeddedServers(Place.new(folder / "state").settings)
        servers.enter()
        servers.leave()
        yield folder / "state"


@pytest.fixture
def place(fresh_place: Place, used_state: Path) -> Place:
    """A copy of :func:`used_state`, with its owners."""
    subprocess.run(["cp", "-a", used_state, fresh_place.state], check=True)
    return fresh_place
