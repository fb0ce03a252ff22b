"""The Makefile and what CI calls."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

PROMISED = {"help", "setup", "run", "test", "bench"}


def make(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs make on the project's Makefile from a folder that is not the project's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", "-C", str(root), *arguments],
        cwd="/",
        env={**env, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_target(root: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8")))
    listed = set(re.findall(r"(?m)^  ([a-z]+) ", make(root, "help").stdout))
    assert listed == targets
    assert listed >= PROMISED


def test_help_works_by_the_path_of_the_makefile_too(root: Path) -> None:
    done = subprocess.run(["make", "-f", str(root / "Makefile")], cwd="/", capture_output=True, text=True, check=False)
    assert "setup" in done.stdout, done.stderr


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH that holds the shell's tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "bash", "make", "sed", "expand", "dirname", "env"):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    return folder


def test_without_a_python_setup_says_what_is_needed(root: Path, bare_path: Path) -> None:
    done = make(root, "setup", PATH=str(bare_path))
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_python_is_passed_over(root: Path, bare_path: Path) -> None:
    old = bare_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = make(root, "setup", PATH=str(bare_path))
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr


def test_ci_calls_make_test_with_ci_set(root: Path, tmp_path: Path) -> None:
    script = root / ".ci" / "run"
    assert script.stat().st_mode & stat.S_IXUSR
    (tmp_path / "make").write_text('#!/bin/sh\necho "make $* in $PWD with CI=$CI"\n', encoding="utf-8")
    (tmp_path / "make").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    env.pop("CI", None)
    done = subprocess.run(["bash", str(script)], cwd="/", env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"make test in {root} with CI=true"


def test_the_readmes_name_only_targets_and_commands_that_exist(root: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8")))
    help_text = subprocess.run(
        [str(root / ".venv" / "bin" / "hotline"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    ).stdout
    for name in ("README.md", "README.zh-CN.md"):
        text = (root / name).read_text(encoding="utf-8")
        code = "\n".join([*re.findall(r"```.*?\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])
        assert set(re.findall(r"\bmake ([a-z]+)", code)) - targets == set(), name
        commands = set(re.findall(r"\bhotline ([a-z]+)", code))
        assert [one for one in sorted(commands) if not re.search(rf"(?m)^\W*{one}\b", help_text)] == [], name
