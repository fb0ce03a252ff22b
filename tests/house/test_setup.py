"""make setup's decisions: what it finds worth keeping, and what it makes anew."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def setup(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/setup.py, with an empty folder in place of the project's .venv."""
    monkeypatch.syspath_prepend(str(root / "tools"))
    spec = importlib.util.spec_from_file_location("project_setup", root / "tools" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / ".setup-stamp")
    return module


@pytest.fixture
def made(setup: ModuleType) -> Path:
    """A virtual environment as make setup makes it."""
    setup.make_venv()
    venv: Path = setup.VENV
    return venv


def test_a_new_environment_works_but_is_not_yet_installed(setup: ModuleType, made: Path) -> None:
    assert setup.venv_works()
    assert not setup.installed()


def test_no_environment_does_not_work(setup: ModuleType) -> None:
    assert not setup.venv_works()


def test_an_environment_without_pip_does_not_work(setup: ModuleType) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(setup.VENV)], check=True)
    assert not setup.venv_works()


def test_a_dangling_interpreter_does_not_work_and_is_replaced(setup: ModuleType, made: Path) -> None:
    (made / "bin" / "python").unlink()
    (made / "bin" / "python").symlink_to("/nowhere/python3")
    assert not setup.venv_works()
    setup.make_venv()
    assert setup.venv_works()


def test_an_environment_that_was_moved_here_does_not_work(setup: ModuleType, made: Path, tmp_path: Path) -> None:
    made.rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").rename(tmp_path / "moved")
    setup.VENV = tmp_path / "moved"
    setup.PYTHON = setup.VENV / "bin" / "python"
    assert not setup.venv_works()


def test_a_file_in_the_environments_place_is_replaced(setup: ModuleType) -> None:
    setup.VENV.write_text("", encoding="utf-8")
    setup.make_venv()
    assert setup.venv_works()


def test_another_lock_means_another_fingerprint(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = setup.fingerprint()
    assert setup.fingerprint() == before
    changed = tmp_path / "requirements-dev.lock"
    changed.write_bytes(setup.DEV_LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(setup, "DEV_LOCK", changed)
    assert setup.fingerprint() != before
