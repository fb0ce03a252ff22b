"""Joined scripts are served only while they are what the sources say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hotline.console.scripts import Loaded, find_scripts


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A page's script and what it imports, joined."""
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "page.js").write_text('import "./part.js";', encoding="utf-8")
    (tmp_path / "js" / "part.js").write_text("export const one = 1;", encoding="utf-8")
    (tmp_path / "built").mkdir()
    index = {
        "sources": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "js").iterdir()},
        "pages": {"page": {"file": "page-AB.js", "parts": ["part-CD.js"]}},
    }
    (tmp_path / "built" / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path


VERSIONS = {"js/page.js": "1234567890"}


def test_the_joined_file_comes_with_its_parts(static: Path) -> None:
    assert find_scripts(static, VERSIONS).of("page") == Loaded(
        "/static/built/page-AB.js", ("/static/built/part-CD.js",)
    )


def test_a_source_that_changed_is_served_itself(static: Path) -> None:
    (static / "js" / "part.js").write_text("export const one = 2;", encoding="utf-8")
    assert find_scripts(static, VERSIONS).of("page") == Loaded("/static/js/page.js?v=1234567890")


def test_without_joined_files_the_sources_are_served(static: Path) -> None:
    (static / "built" / "index.json").unlink()
    assert find_scripts(static, VERSIONS).of("page") == Loaded("/static/js/page.js?v=1234567890")
