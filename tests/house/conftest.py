"""What the tests of the house share: the project's files, and a scratch environment to install the wheel into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def project_files() -> list[Path]:
    """Every file that is or may be committed: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # A file deleted but not yet committed is still listed.
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.fixture(scope="session")
def dependencies_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dependencies of the environment that runs this test, without the project itself.

    Scratch environments see them by a .pth file, so that a test installs only the project, in seconds, and whatever it
    imports of the project can only come from what it installed.
    """
    folder = tmp_path_factory.mktemp("dependencies")
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        ours = entry.name.startswith(("hotline", "_hotline", "__editable__", "_editable_impl_hotline"))
        if not ours and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return folder


def lend(dependencies: Path, environment: Path) -> None:
    """Lets a virtual environment see ``dependencies``."""
    packages = next(environment.glob("lib/python*/site-packages"))
    (packages / "lent.pth").write_text(f"{dependencies}\n", encoding="utf-8")


@pytest.fixture(scope="session")
def outside() -> dict[str, str]:
    """The environment variables of a process that must not know the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "PYTHON"))}
    return {**kept, "PYTHONUTF8": "1"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The wheel as users get it, built from a copy of what is committed and the fetched browser assets."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(root, source, ignore=lambda at, names: left_out(Path(at), names), symlinks=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    built = subprocess.run(
        [*command, "--wheel-dir", str(folder / "dist"), str(source)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return next((folder / "dist").glob("hotline-*.whl"))


def left_out(at: Path, names: list[str]) -> set[str]:
    """What a copy of the checkout leaves behind: environments, caches, state and the repository."""
    everywhere = {"__pycache__", "node_modules"}
    at_root = {name for name in names if name.startswith(".")} - {".gitignore"} if at == ROOT else set()
    return at_root | (everywhere & set(names))


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, wheel: Path, dependencies_folder: Path, outside: dict[str, str]
) -> Path:
    """A virtual environment outside the checkout with the wheel in it; returns its folder."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, env=outside)
    lend(dependencies_folder, environment)
    packages = next(environment.glob("lib/python*/site-packages"))
    python = str(environment / "bin" / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=outside)
    assert done.returncode == 0, done.stderr
    assert (packages / "hotline" / "__init__.py").is_file()
    return environment
