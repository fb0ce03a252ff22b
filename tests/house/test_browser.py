"""What the browser tests need is installed where it may be: the quick browser, and a whole one where there is none."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

#: Notes what it is asked for, and installs a program by the name of each package it has.
APT_GET = """#!/bin/sh
echo "$@" >> "{folder}/asked"
case "$*" in
*install*)
    for package in {has}; do
        case "$*" in *"$package"*) printf '#!/bin/sh\\n' > "{folder}/$package" && chmod +x "{folder}/$package" ;; esac
    done ;;
esac
"""


@pytest.fixture
def browser(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/browser.py for root, with a Chinese font, and of programs only what the test puts there."""
    monkeypatch.syspath_prepend(str(root / "tools"))
    module = importlib.import_module("browser")
    monkeypatch.setattr(module, "has_chinese_font", lambda: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.delenv("HOTLINE_TEST_BROWSER", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda name: _there(tmp_path / name))
    return module


def _there(program: Path) -> str | None:
    return str(program) if program.is_file() else None


def apt_get(folder: Path, *has: str) -> None:
    """An apt-get whose sources have these packages."""
    program = folder / "apt-get"
    program.write_text(APT_GET.format(folder=folder, has=" ".join(has) or "''"), encoding="utf-8")
    program.chmod(0o755)


def asked(folder: Path) -> list[str]:
    """The packages each installation was asked for."""
    lines = (folder / "asked").read_text(encoding="utf-8").splitlines() if (folder / "asked").exists() else []
    return [line.partition("--no-remove ")[2] for line in lines if " install " in line]


def test_the_shell_is_taken_before_a_whole_chromium(browser: ModuleType, tmp_path: Path) -> None:
    apt_get(tmp_path, "chromium-headless-shell")
    assert browser.missing_after_install() == ""
    assert asked(tmp_path) == ["chromium-headless-shell"]
    assert browser.executable() == str(tmp_path / "chromium-headless-shell")
    assert browser.missing_after_install() == ""
    assert len(asked(tmp_path)) == 1, "what is there is not asked for again"


def test_where_there_is_no_shell_a_whole_chromium_does(browser: ModuleType, tmp_path: Path) -> None:
    apt_get(tmp_path, "chromium")
    (tmp_path / "chromium").write_text("", encoding="utf-8")
    assert browser.missing_after_install() == ""
    assert asked(tmp_path) == ["chromium-headless-shell"]
    assert browser.executable() == str(tmp_path / "chromium")


def test_with_neither_both_are_tried_and_what_is_lacking_is_said(browser: ModuleType, tmp_path: Path) -> None:
    apt_get(tmp_path)
    assert "apt-get install chromium" in browser.missing_after_install()
    assert asked(tmp_path) == ["chromium-headless-shell", "chromium"]
    (tmp_path / "apt-get").unlink()
    assert "apt-get install chromium" in browser.missing_after_install()


def test_a_browser_that_is_named_is_enough(
    browser: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_get(tmp_path, "chromium-headless-shell")
    monkeypatch.setenv("HOTLINE_TEST_BROWSER", "/bin/sh")
    assert browser.missing_after_install() == ""
    assert asked(tmp_path) == []
