"""Named queries are read when the first is asked for, so a file that cannot be read has to show here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from aiosql import SQLLoadException

from routing.sql import NamedQueries, load_queries

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def files_of_queries() -> list[Path]:
    """Every file that a module loads queries from."""
    found = set()
    for package in ("hotline", "routing"):
        for module in (ROOT / package).rglob("*.py"):
            text = module.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)) if "load_queries" in text else ():
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load_queries":
                    names = [one.value for one in node.args[1:] if isinstance(one, ast.Constant)]
                    found.add(module.with_name(str((names or ["queries.sql"])[0])))
    return sorted(found)


def test_every_file_of_queries_can_be_read() -> None:
    files = files_of_queries()
    assert ROOT / "routing" / "queues" / "claims.sql" in files
    for path in files:
        queries = NamedQueries(path)
        with pytest.raises(AttributeError, match=f"{path.name} has no query called no_such_query"):
            queries.no_such_query  # noqa: B018
        assert [name for name in vars(queries) if not name.startswith("_")], f"{path} names no query"


def test_a_file_is_read_with_the_first_query_asked_for(tmp_path: Path) -> None:
    queries = load_queries(str(tmp_path / "store.py"))
    with pytest.raises(SQLLoadException, match=r"queries\.sql"):
        queries.one  # noqa: B018
    (tmp_path / "queries.sql").write_text("-- name: one$\nselect 1;\n-- name: two\nselect 2;\n", encoding="utf-8")
    assert queries.one is queries.one
    assert queries.two.__name__ == "two"
