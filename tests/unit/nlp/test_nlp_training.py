"""Training is deterministic, its model reads after storing, and bad rows and models are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nlp.calls import CALLS
from nlp.errors import LabelledRowError, ModelError
from nlp.evaluation import evaluate, judge, macro_f1
from nlp.jsonl import triage_lines
from nlp.labels import LabelledRow, read_labels
from nlp.model import DEFAULT_FOLDER, load_model, save_model
from nlp.reader import build_reader, load_reader
from nlp.reading import CallReader
from nlp.report import html_report, text_report
from nlp.training.fit import Trained, train


@pytest.fixture(scope="module")
def rows() -> list[LabelledRow]:
    return read_labels(sorted(CALLS.glob("*.jsonl")))


@pytest.fixture(scope="module")
def trained(rows: list[LabelledRow]) -> Trained:
    """A model of the rows; training takes seconds."""
    return train(rows, seed=3)


def test_the_same_rows_and_seed_give_the_same_bytes(rows: list[LabelledRow], trained: Trained, tmp_path: Path) -> None:
    first, second = trained, train(rows, seed=3)
    save_model(first.model, tmp_path / "a")
    save_model(second.model, tmp_path / "b")
    assert first.model.name == second.model.name
    assert (tmp_path / "a" / "settings.json").read_bytes() == (tmp_path / "b" / "settings.json").read_bytes()
    with np.load(tmp_path / "a" / "tables.npz") as a, np.load(tmp_path / "b" / "tables.npz") as b:
        assert sorted(a.files) == sorted(b.files)
        assert all(np.array_equal(a[name], b[name]) for name in a.files)
    assert train(rows[:-1], seed=3).model.name != first.model.name


def test_a_stored_model_reads_as_the_one_at_hand(rows: list[LabelledRow], trained: Trained, tmp_path: Path) -> None:
    model = trained.model
    save_model(model, tmp_path)
    stored, at_hand = load_reader(tmp_path), build_reader(model)
    items = [(row.text, row.line) for row in rows[:40]]
    for a, b in zip(stored.read_batch(items), at_hand.read_batch(items), strict=True):
        assert a.route == b.route
        # Stored weights have 255 steps.
        assert a.confidence == pytest.approx(b.confidence, abs=0.05)


def test_training_says_which_class_is_missing(rows: list[LabelledRow]) -> None:
    with pytest.raises(LabelledRowError, match="invalid"):
        train([row for row in rows if row.route != "invalid"])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": 1, "route": "dispute"}', "row 2: text"),
        ('{"text": "x", "route": "quarrel"}', "row 2: route is 'quarrel'"),
        ('{"text": "x", "route": "dispute", "also": "y"}', "row 2: also"),
        ('{"text": "x", "route": "dispute", "danger": 7}', "row 2: danger"),
        ('{"text": "x", "route": "dispute", "topic": 5}', "row 2: topic"),
        ("{", "row 2 is no JSON"),
        ("[]", "row 2 must be"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "路灯坏了", "route": "non_police_help"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(LabelledRowError, match=says):
        read_labels([path])


def test_a_missing_or_damaged_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="hotline train"):
        load_model(tmp_path)
    settings = json.loads((DEFAULT_FOLDER / "settings.json").read_text(encoding="utf-8"))
    (tmp_path / "settings.json").write_text(json.dumps(settings | {"format": 0}), encoding="utf-8")
    with pytest.raises(ModelError, match="another format"):
        load_model(tmp_path)


def test_the_shipped_model_is_small_and_holds_words_only() -> None:
    # what issue 4 asks of both readers together
    assert sum(path.stat().st_size for path in DEFAULT_FOLDER.iterdir()) < 8_000_000
    assert max(map(len, load_model().words)) < 24


def test_measures_are_those_of_the_label_readme(reader: CallReader) -> None:
    rows = [
        LabelledRow(str(i), text, None, route, also, ("other",), False, False, "own")
        for i, (text, route, also) in enumerate(
            [
                ("路灯坏了请来修一下", "non_police_help", None),
                ("老板欠我工资要他还钱", "dispute", "legal_consultation"),
                ("请问遗产怎么继承，法律怎么规定", "dispute", "legal_consultation"),
            ]
        )
    ]
    answers = reader.read_batch([(row.text, row.line) for row in rows])
    assert [answer.route for answer in answers] == ["non_police_help", "dispute", "legal_consultation"]
    section = evaluate(reader, rows)["sets"]["own"]
    assert section["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert section["lenient_accuracy"]["value"] == 1
    # non_police_help 1, dispute 2/3, legal_consultation 0; police_incident stands in neither gold nor answers.
    assert macro_f1(judge(rows, answers)) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert section["accuracy"]["low"] <= section["accuracy"]["value"] <= section["accuracy"]["high"]


def test_reports_print_every_figure(reader: CallReader, rows: list[LabelledRow]) -> None:
    report = evaluate(reader, rows)
    text, page = text_report(report), html_report(report)
    for words in ("macro-F1", "danger recall", "ECE", "topic", "coverage", "confusion"):
        assert words in text
    assert "<svg" in page
    assert "://" not in page
    for part in report["sets"].values():
        figures = [*part["coverage"], *(one["interval"] for one in part["calibration"])]
        figures += [figure for of_class in part["classes"].values() for figure in of_class.values()]
        for figure in figures:
            assert figure["low"] <= figure["high"]
            assert f"[{figure['low']:.3f}, {figure['high']:.3f}]" in page


def test_rows_come_back_in_order_and_bad_ones_in_their_place(reader: CallReader) -> None:
    lines = [
        '{"id": "a", "text": "路灯坏了", "line": "12345"}',
        "",
        "nonsense",
        '{"id": 7}',
        '{"text": "打错了", "line": 5}',
    ]
    lines.append('{"text": "老板欠我工资"}')
    out = [(json.loads(row), good) for row, good in triage_lines(reader, lines)]
    assert [row["id"] for row, _ in out] == ["a", 3, 7, 5, 6]
    assert [good for _, good in out] == [True, False, False, False, True]
    assert "text must be a string" in out[2][0]["error"]
    assert set(out[0][0]) >= {
        "id", "route", "confidence", "review", "ranking", "topic", "danger", "evidence", "entities", "model",
    }  # fmt: skip


@pytest.mark.shared
def test_the_shipped_model_reaches_its_figures(reader: CallReader, shared_dir: Path) -> None:
    labels = shared_dir / "labels"
    report = evaluate(reader, read_labels([labels / "dev.jsonl", labels / "phone_dev.jsonl"]))["sets"]
    assert report["dev"]["accuracy"]["value"] >= 0.87
    assert report["dev"]["macro_f1"]["value"] >= 0.77
    assert report["phone_dev"]["accuracy"]["value"] >= 0.91
    assert report["phone_dev"]["macro_f1"]["value"] >= 0.90
    assert report["pooled"]["danger_recall"]["value"] >= 0.90
    assert report["pooled"]["danger_false_alarms"]["value"] <= 0.05
    assert report["pooled"]["level_two_false"]["value"] <= 0.01
    assert report["pooled"]["ece"]["value"] <= 0.04


@pytest.mark.shared
def test_the_model_holds_no_stretch_of_the_labels(shared_dir: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in DEFAULT_FOLDER.glob("*.json")]
    texts += ["\n".join(load_model().words), *(path.read_text(encoding="utf-8") for path in CALLS.glob("*.jsonl"))]
    held = {text[start : start + 24] for text in texts for start in range(len(text) - 23)}
    for name in ("train", "dev", "phone_train", "phone_dev"):
        for row in read_labels([shared_dir / "labels" / f"{name}.jsonl"]):
            assert not held & {row.text[start : start + 24] for start in range(len(row.text) - 23)}
