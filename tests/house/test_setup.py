"""make setup's decisions: what it finds worth keeping, and what it makes anew."""

from __future__ import annotations

import importlib.util
import shutil
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


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pip; making one takes seconds, copying it none."""
    venv = tmp_path_factory.mktemp("template") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    return venv


@pytest.fixture
def made(setup: ModuleType, template: Path) -> Path:
    """A virtual environment in place, as make setup makes it."""
    venv: Path = setup.VENV
    shutil.copytree(template, venv, symlinks=True)
    script = venv / "bin" / "pip"
    script.write_text(script.read_text(encoding="utf-8").replace(str(template), str(venv)), encoding="utf-8")
    return venv


def test_a_new_environment_works_but_is_not_yet_installed(setup: ModuleType, made: Path) -> None:
    assert setup.venv_works()
    assert not setup.installed()


def test_what_was_installed_is_compiled_but_for_its_tests(setup: ModuleType, made: Path) -> None:
    packages = next(made.glob("lib/python*/site-packages"))
    for name in ("some/good.py", "some/tests/unused.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("x = 1\n", encoding="utf-8")
    (packages / "some" / "example.py").write_text("print 'of another Python'\n", encoding="utf-8")
    setup.compile_installed()
    assert [path.name.partition(".")[0] for path in (packages / "some").rglob("*.pyc")] == ["good"]


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


def test_an_environment_that_was_made_elsewhere_does_not_work(setup: ModuleType, template: Path) -> None:
    shutil.copytree(template, setup.VENV, symlinks=True)
    assert not setup.venv_works()


def test_another_lock_means_another_fingerprint(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = setup.fingerprint()
    assert setup.fingerprint() == before
    changed = tmp_path / "requirements-dev.lock"
    changed.write_bytes(setup.DEV_LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(setup, "DEV_LOCK", changed)
    assert setup.fingerprint() != before


def test_a_missing_or_other_version_is_noticed(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    lock.write_text(
        "an-example==1.0 \\\n    --hash=sha256:00\n"
        "other.one==2.0 \\\n    --hash=sha256:00\n"
        "elsewhere==3 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(setup, "DEV_LOCK", lock)
    packages = setup.VENV / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "an_example-1.0.dist-info").mkdir()
    (packages / "Other_One-2.1.dist-info").mkdir()
    assert setup.drifted() == {"other.one==2.0"}
    (packages / "Other_One-2.1.dist-info").rename(packages / "Other_One-2.0.dist-info")
    assert setup.drifted() == set()
