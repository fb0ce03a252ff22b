"""make setup's decisions: what it finds worth keeping, and what it makes anew."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


def loaded(root: Path, venv: Path) -> ModuleType:
    """tools/setup.py, with ``venv`` in place of the project's .venv."""
    spec = importlib.util.spec_from_file_location("project_setup", root / "tools" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in (("VENV", venv), ("PYTHON", venv / "bin" / "python"), ("STAMP", venv / ".setup-stamp")):
        setattr(module, name, path)
    return module


@pytest.fixture(scope="session", autouse=True)
def tools_on_path(root: Path) -> Iterator[None]:
    """The programs of tools/ import each other by their own names."""
    sys.path.insert(0, str(root / "tools"))
    yield
    sys.path.remove(str(root / "tools"))


@pytest.fixture
def setup(root: Path, tmp_path: Path) -> ModuleType:
    """The program, for a folder that is not there yet."""
    return loaded(root, tmp_path / ".venv")


@pytest.fixture(scope="session")
def template(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pip, made in place of one whose Python is gone; copying it takes no time."""
    venv = tmp_path_factory.mktemp("template") / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/nowhere/python3")
    (venv / "bin" / "of-before").touch()
    module = loaded(root, venv)
    assert not module.venv_works()
    module.make_venv()
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


def test_a_dangling_interpreter_does_not_work(setup: ModuleType, made: Path) -> None:
    (made / "bin" / "python").unlink()
    (made / "bin" / "python").symlink_to("/nowhere/python3")
    assert not setup.venv_works()


def test_an_environment_that_does_not_work_is_replaced(root: Path, template: Path) -> None:
    assert loaded(root, template).venv_works()
    assert not (template / "bin" / "of-before").exists()


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
