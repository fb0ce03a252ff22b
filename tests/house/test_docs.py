"""What the documents name is there: files, functions, commands, options, routes, problems, metrics, settings."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from prometheus_client import REGISTRY

from hotline import cli
from hotline.web import metrics, problems
from hotline.web.routes import API, ROUTES

DOCUMENTS = (
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/alerts.md",
    "docs/api.md",
    "docs/backup.md",
    "docs/data-protection.md",
    "docs/operations.md",
)
TOP = ("benchmarks", "config", "docs", "hotline", "nlp", "routing", "tests", "tools")
PATH = re.compile(rf"(?<![\w./-])((?:{'|'.join(TOP)})/[\w./-]*)(?:::([\w.]+))?")


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest, root: Path) -> tuple[Path, str]:
    """One document with its text."""
    path = root / request.param
    return path, path.read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    """What stands as code: blocks line by line (a line that ends with a backslash joined), and what is in backticks."""
    text = text.replace("\\\n", " ")
    blocks = re.findall(r"(?m)^(?: {4}|\t)(.*)$", text) + [
        line for block in re.findall(r"(?ms)^```\w*\n(.*?)^```", text) for line in block.splitlines()
    ]
    return blocks + re.findall(r"`([^`\n]+)`", text)


def names_in(path: Path) -> set[str]:
    """Functions, classes, methods (``Class.method``), constants of a module, or the queries of an SQL file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        return set(re.findall(r"(?m)^-- name: (\w+)", text))
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{one.name}" for one in inner}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_every_link_leads_somewhere(document: tuple[Path, str], root: Path) -> None:
    path, text = document
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not (path.parent / target).exists()] == []


def test_every_file_named_exists_and_holds_the_name(document: tuple[Path, str], root: Path) -> None:
    missing = []
    for name, inside in PATH.findall(document[1]):
        path = root / name.rstrip(".")
        if not path.exists():
            missing.append(name)
        elif inside and inside.rstrip(".") not in names_in(path):
            missing.append(f"{name}::{inside}")
    assert missing == []


def test_every_command_named_exists_with_its_options(document: tuple[Path, str]) -> None:
    top = typer.main.get_command(cli.command_line())
    wrong = []
    for line in code(document[1]):
        for match in re.finditer(r"(?<![\w/-])(?:\.venv/bin/)?hotline ([a-z][a-z-]*)([^|#)]*)", line):
            words = match[0].split()[1:]
            command: Any = top
            while words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words.pop(0)]
            options = {
                option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
            }
            asked = {word.partition("=")[0] for word in words if word.startswith("--")}
            if hasattr(command, "commands") or not asked <= {*options, "--help"}:
                wrong.append(match[0].strip())
    assert wrong == []


def test_every_make_target_named_exists(document: tuple[Path, str], root: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8")))
    named = {match for line in code(document[1]) for match in re.findall(r"(?:^|\s)make ([a-z-]+)", line)}
    assert named - targets == set()


def settings_in(root: Path) -> set[str]:
    """Every variable that the modules of config read."""
    return {
        name
        for path in (root / "config").glob("*.py")
        for name in re.findall(r'"(HOTLINE_[A-Z_]+)"', path.read_text(encoding="utf-8"))
    }


def test_every_setting_named_exists(document: tuple[Path, str], root: Path) -> None:
    known = settings_in(root) | {"HOTLINE_TEST_POSTGRES", "HOTLINE_SCREENS"}
    assert {name.rstrip("_") for name in re.findall(r"HOTLINE_[A-Z_]+", document[1])} - known - {"HOTLINE"} == set()


def test_operations_lists_every_setting_and_metric(root: Path) -> None:
    text = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (`HOTLINE_[^|]*)\|", text)
    listed = {name for row in rows for name in re.findall(r"`(HOTLINE_[A-Z_]+)`", row)}
    assert settings_in(root) - listed == set()
    ours = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("hotline_")}
    # A counter is collected without the ending that its samples have.
    named = {re.sub(r"_total$", "", name) for name in re.findall(r"(?m)^\| `(hotline_\w+)`", text)}
    assert metrics.REQUESTS is not None
    assert named == ours


def test_api_guide_lists_every_route(root: Path) -> None:
    text = (root / "docs" / "api.md").read_text(encoding="utf-8")
    listed = {
        (method, re.sub(r"\{(\w+)\}", r"{\1}", path.partition("?")[0]))
        for method, path in re.findall(r"(?m)^\| `(GET|POST|PUT|DELETE) ([^`]+)`", text)
    }
    served = {(route.method, re.sub(r"\{(\w+):[^/]*\}", r"{\1}", route.path)) for route in ROUTES}
    assert API == "/api/v1"
    assert listed == served


def test_api_guide_lists_every_problem_with_its_status(root: Path) -> None:
    text = (root / "docs" / "api.md").read_text(encoding="utf-8")
    listed = {(kind, int(status)) for kind, status in re.findall(r"(?m)^\| `([a-z-]+)` \| (\d{3}) \|", text)}
    raised = {(name, status) for _, status, name, _ in problems.TABLE}
    for path in (root / "hotline").rglob("*.py"):
        # problem(409, "kind", ...) wherever an answer is made by hand
        raised |= {
            (kind, int(status))
            for status, kind in re.findall(r'problem\(\s*(\d{3}),\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
        }
    raised |= {(kind, status) for status, (kind, _) in problems._HTTP_TITLES.items()}
    assert listed == raised
