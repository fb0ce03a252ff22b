"""Rules for every committed file."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

PACKAGES = ("config", "nlp", "routing", "hotline")
LINES_AT_MOST = 400
# Files that may be longer, with the reason.
LONGER: dict[str, str] = {
    "LICENSE": "the licence's own text",
    "requirements.lock": "written by make lock",
    "requirements-dev.lock": "written by make lock",
    "hotline/migrations/versions/0001_initial.sql": "the first schema, one transaction",
    "tools/bundle/install.sh": "one file, since it works before anything else is unpacked",
}
TEXT = {
    ".py",
    ".toml",
    ".sql",
    ".txt",
    ".md",
    ".html",
    ".css",
    ".js",
    ".json",
    ".yaml",
    ".yml",
    ".lock",
    ".csv",
    ".jsonl",
}
# Files of data grow with what they know, not with what they do.
DATA = {".txt", ".csv", ".json", ".jsonl", ".npz", ".png", ".po"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
COPY_LENGTH = 24


def content(path: Path) -> str:
    """A file's text; binary files read as an empty one."""
    raw = path.read_bytes()
    return "" if b"\0" in raw else raw.decode("utf-8", errors="replace")


def machines_registry_hosts() -> set[str]:
    """The hosts this machine fetches packages from, as pip and npm are configured here."""
    told = "\n".join(f"{name}={value}" for name, value in os.environ.items() if re.match(r"(PIP|UV|NPM|npm)_", name))
    for command in (["pip", "config", "list"], ["npm", "config", "get", "registry"]):
        try:
            told += subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except FileNotFoundError:
            continue
    return {host for host in re.findall(r"https?://(?:[^/@\s']*@)?([\w.-]+)", told) if "." in host}


def test_no_file_names_a_registry_or_a_path_of_this_machine(project_files: list[Path], root: Path) -> None:
    # Put together here, since this file is searched too.
    public = {
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    }
    hosts = "|".join(re.escape(host) for host in sorted(public | machines_registry_hosts()))
    folders = "|".join(("work", "root", r"home/\w+", "opt/pypi", "tmp/w"))
    forbidden = re.compile(rf"({hosts})|(?<![\w.~$}}/-])/({folders})/")
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()[:100]}"
        for path in project_files
        for number, line in enumerate(content(path).splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


def test_locks_pin_every_package_by_hash_and_name_no_address(root: Path) -> None:
    for lock in sorted(root.glob("requirements*.lock")):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        pins = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", text).strip())
        unpinned = [pin.splitlines()[0] for pin in pins if not re.match(r"[\w.\-\[\]]+==\S", pin)]
        unhashed = [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin]
        assert (unpinned, unhashed) == ([], []), lock.name


def test_locks_agree_with_each_other(root: Path) -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"(?m)^([\w.\-\[\]]+==[^ \\;]+)", (root / name).read_text(encoding="utf-8")))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")
    assert pins("requirements-build.lock") <= pins("requirements-dev.lock")


def test_locks_hold_what_pyproject_asks_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]

    def plain(requirement: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!; ]", requirement)[0]).lower()

    locked = set(re.findall(r"(?m)^([\w.\-]+)==", (root / "requirements.lock").read_text(encoding="utf-8")))
    assert [one for one in asked if plain(one) not in locked] == []


def third_party_imports(paths: list[Path]) -> dict[str, Path]:
    """Top-level modules that are neither ours nor Python's, with one file that imports each."""
    found: dict[str, Path] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in names:
                found.setdefault(name.partition(".")[0], path)
    return {name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, *PACKAGES}}


def test_what_the_packages_import_is_a_dependency_of_theirs(project_files: list[Path], root: Path) -> None:
    # What comes along with another package, or is there for the tests only, is missing elsewhere.
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    declared = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!; ]", one)[0]).lower() for one in asked}
    brings = packages_distributions()
    ours = [path for path in project_files if path.suffix == ".py" and path.relative_to(root).parts[0] in PACKAGES]
    missing = {
        module: str(path.relative_to(root))
        for module, path in third_party_imports(ours).items()
        if not {re.sub(r"[-_.]+", "-", name).lower() for name in brings.get(module, [])} & declared
    }
    assert missing == {}


def test_package_lock_has_no_addresses(root: Path) -> None:
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []


def test_files_stay_short(project_files: list[Path], root: Path) -> None:
    long = {}
    for path in project_files:
        name = str(path.relative_to(root))
        is_data = path.suffix in DATA or name.startswith("config/lexicon/")
        lines = 0 if is_data else content(path).count("\n")
        if lines > LINES_AT_MOST and name not in LONGER:
            long[name] = lines
    assert long == {}, f"split these, or list them in LONGER with a reason (at most {LINES_AT_MOST} lines)"


def test_nothing_is_left_for_later(project_files: list[Path], root: Path) -> None:
    mark = re.compile(
        r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, r"raise NotImplemented" + "Error")) + r")\b"
    )
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in project_files
        if path.suffix in {".py", ".toml", ".sql", ".md", ".html", ".css", ".js", ".yaml", ".yml"}
        for number, line in enumerate(content(path).splitlines(), 1)
        if mark.search(line)
    ]
    assert found == []


def test_names_say_what_a_module_is_for(project_files: list[Path], root: Path) -> None:
    relative = [path.relative_to(root) for path in project_files]
    vague = [
        str(path) for path in relative if FORBIDDEN_NAMES & {part.lower() for part in (*path.parts[:-1], path.stem)}
    ]
    assert vague == []


def test_every_folder_of_modules_is_a_package(project_files: list[Path], root: Path) -> None:
    # Without __init__.py import-linter and mypy pass a folder over.
    modules = [path for path in project_files if path.suffix == ".py" and path.relative_to(root).parts[0] in PACKAGES]
    # Alembic loads revisions by path.
    folders = {path.parent for path in modules if path.parent.name != "versions"}
    assert [str(folder.relative_to(root)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def asserts(function: ast.AST, checkers: set[str]) -> bool:
    """Whether a function can fail by what it checks: assert, raises, a browser's expect, or a function that does so.

    ``see`` is what a person of the browser tests does: it fails when the text does not come into sight.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            callee = node.func
            name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
            if name in checkers | {"raises", "expect", "fail", "see"} or name.startswith(("assert_", "check_")):
                return True
    return False


def test_every_test_asserts(root: Path) -> None:
    idle = []
    for path in sorted(root.glob("tests/**/test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        checkers = {one.name for one in functions(tree) if not one.name.startswith("test_") and asserts(one, set())}
        for function in functions(tree):
            # A rule of a hypothesis state machine is no test function; its machine's invariants assert.
            if function.name.startswith("test_") and not asserts(function, checkers):
                idle.append(f"{path.relative_to(root)}::{function.name}")
    assert idle == []


def test_every_skip_says_why(root: Path) -> None:
    silent = []
    for path in sorted(root.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            skips = node.func.attr in {"skip", "skipif", "xfail", "importorskip"}
            if skips and not node.args and not any(word.arg == "reason" for word in node.keywords):
                silent.append(f"{path.relative_to(root)}:{node.lineno}")
            if node.func.attr == "skipif" and not any(word.arg == "reason" for word in node.keywords):
                silent.append(f"{path.relative_to(root)}:{node.lineno}")
    assert silent == []


def test_every_query_has_a_name_and_a_comment(project_files: list[Path], root: Path) -> None:
    bare = []
    for path in (one for one in project_files if one.suffix == ".sql"):
        where, text = path.relative_to(root), content(path)
        if {"migrations", "deploy"} & {*where.parts}:
            if not text.lstrip().startswith("--"):
                bare.append(f"{where}: does not begin with a comment")
            continue
        blocks = re.split(r"(?m)^--\s*name:\s*", text)
        if len(blocks) == 1:
            bare.append(f"{where}: has no `-- name:`")
        for block in blocks[1:]:
            name, _, body = block.partition("\n")
            if not re.match(r"\s*--\s*\S", body):
                bare.append(f"{where}: {name.strip()} has no comment under its name")
    assert bare == []


def shared_texts(shared: Path) -> Iterator[str]:
    """Every text of the shared labels and samples."""
    for path in sorted((shared / "labels").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["text"]
    yield from ((shared / "samples" / name).read_bytes().decode("gb18030") for name in ("110_接警单.csv",))
    yield (shared / "samples" / "12348_咨询记录.json").read_text(encoding="utf-8")
    book = CalamineWorkbook.from_path(shared / "samples" / "12345_工单导出.xlsx")
    for sheet in book.sheet_names:
        for row in book.get_sheet_by_name(sheet).to_python():
            yield from (cell for cell in row if isinstance(cell, str))


@pytest.mark.shared
def test_no_sentence_of_the_shared_calls_is_copied(project_files: list[Path], root: Path, shared_dir: Path) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    ours: dict[str, str] = {}
    for path in project_files:
        for line in content(path).splitlines():
            # nearly no line of code holds as much Chinese, and each piece of one costs a search
            if len(chinese.findall(line)) < COPY_LENGTH // 2:
                continue
            for start in range(len(line) - COPY_LENGTH + 1):
                piece = line[start : start + COPY_LENGTH]
                if len(chinese.findall(piece)) >= COPY_LENGTH // 2:
                    ours.setdefault(piece, str(path.relative_to(root)))
    copied = {
        f"{ours[piece]}: {piece[:6]}…"
        for text in shared_texts(shared_dir)
        for start in range(len(text) - COPY_LENGTH + 1)
        if (piece := text[start : start + COPY_LENGTH]) in ours
    }
    assert sorted(copied) == []
