"""The commands as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hotline.commands.evaluate import evaluate
from hotline.commands.train import train
from hotline.commands.triage import TriageInputError, triage
from nlp.calls import CALLS

_app = typer.Typer()
_app.command()(triage)
_app.command()(evaluate)
_app.command()(train)
_run = CliRunner()


def test_triage_of_standard_input_keeps_order_and_tells_bad_rows() -> None:
    rows = [
        {"id": "一", "text": "路灯坏了，麻烦修一下", "line": "12345"},
        {"id": 2, "text": None},
        {"text": "打错了，再见"},
    ]
    result = _run.invoke(_app, ["triage", "-"], input="\n".join(json.dumps(row) for row in rows) + "\n")
    out = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 3
    assert [row["id"] for row in out] == ["一", 2, 3]
    assert out[0]["route"] == "non_police_help"
    assert set(out[1]) == {"id", "error"}


def test_triage_of_a_good_file_exits_with_0(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('\ufeff{"id": "a", "text": "老板欠我工资"}\n{"id": "b", "text": "\\ud800喂"}\n', encoding="utf-8")
    result = _run.invoke(_app, ["triage", str(path)])
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", "b"]


def test_bytes_that_are_no_text_spoil_their_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(b'{"id": "a", "text": "\xff\xfe"}\n\xff\n{"id": "c", "text": "ok"}\n')
    result = _run.invoke(_app, ["triage", str(path)])
    out = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 3
    assert ["error" in row for row in out] == [False, True, False]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    result = _run.invoke(_app, ["triage", str(tmp_path / "none.jsonl")])
    assert isinstance(result.exception, TriageInputError)
    assert result.exception.exit_code == 2


def test_train_then_evaluate(tmp_path: Path) -> None:
    gold = str(CALLS / "written.jsonl")
    trained = _run.invoke(_app, ["train", "--out", str(tmp_path / "model"), "--seed", "5", gold])
    assert trained.exit_code == 0, trained.output
    report = tmp_path / "report.json"
    page = tmp_path / "report.html"
    arguments = ["evaluate", gold, "--model", str(tmp_path / "model"), "--json", str(report), "--html", str(page)]
    measured = _run.invoke(_app, arguments)
    assert measured.exit_code == 0, measured.output
    assert "macro-F1" in measured.output
    # Its own training rows are read nearly all right.
    assert json.loads(report.read_text(encoding="utf-8"))["sets"]["written"]["accuracy"]["value"] > 0.9
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("arguments", [["triage", "--help"], ["evaluate", "--help"], ["train", "--help"]])
def test_each_command_explains_itself(arguments: list[str]) -> None:
    assert _run.invoke(_app, arguments).exit_code == 0
