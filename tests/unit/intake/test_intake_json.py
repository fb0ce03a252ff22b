"""JSON and JSONL with broken records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.intake.errors import FileUnreadable
from hotline.intake.profile import Profile
from hotline.intake.readers import json_scan
from hotline.intake.readers.json_rows import JsonlRows, JsonRows
from hotline.intake.readers.opening import file_kind
from hotline.intake.readers.rows import RAW_KEY, Row, RowError

Put = Callable[[str, str | bytes], Path]


def record(number: int) -> dict[str, Any]:
    return {"id": f"A{number}", "text": [{"speaker": "市民", "text": '他说{不行}，"[好\\'}], "n": {"a": [1, {}]}}


def read(path: Path, profile: Profile) -> list[Row | RowError]:
    rows = JsonRows(path, profile) if path.suffix == ".json" else JsonlRows(path, profile)
    try:
        return list(rows)
    finally:
        rows.close()


def ids(items: list[Row | RowError]) -> list[str]:
    return [item.cells["id"] for item in items if isinstance(item, Row)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"records": rows},
        lambda rows: {"total": 3, "note": "a, {b}", "records": rows, "after": [1, 2]},
        lambda rows: {"meta": {"records": 1, "x": [[], {}]}, "data": {"page": 1, "list": rows}, "ok": True},
    ],
)
def test_records_are_found_where_they_are(
    put: Put, city: Profile, wrap: Callable[[Any], Any], encoding: str, indent: int | None
) -> None:
    rows = [record(n) for n in range(3)]
    path = put("a.json", json.dumps(wrap(rows), ensure_ascii=False, indent=indent).encode(encoding))
    assert read(path, city) == [Row(n + 1, row) for n, row in enumerate(rows)]


@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_where_the_window_cuts_does_not_matter(
    put: Put, city: Profile, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_scan, "_CHUNK", chunk)
    rows = [record(n) for n in range(5)]
    path = put("a.json", json.dumps({"x": '"]}', "records": rows}, ensure_ascii=False))
    assert read(path, city) == [Row(n + 1, row) for n, row in enumerate(rows)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"n":', "n:"),
        ('"A2"', "'A2'"),
        ('"A2"', '"A2'),
        ('"A2",', '"A2"'),
        ('"A2"', '"A\n2"'),
        ('"A2"', "A2"),
        ("{}]}", "{}]"),
        ("{}]}", "{}}"),
        ("{}]}", "{}]}]"),
        ('"n"', '}, "n"'),
        ('"A2"', '"\\x"'),
    ],
)
def test_a_broken_record_costs_itself_only(put: Put, city: Profile, old: str, new: str, indent: int | None) -> None:
    written = [json.dumps(record(n), ensure_ascii=False) for n in range(6)]
    assert old in written[2]
    written[2] = written[2].replace(old, new, 1)
    between = ", " if indent is None else ",\n"
    items = read(put("a.json", '{"records": [' + between.join(written) + "]}"), city)
    assert ids(items) == ["A0", "A1", "A3", "A4", "A5"]
    assert [item.number for item in items if isinstance(item, RowError)] == [3]
    assert RAW_KEY in items[2].cells


def test_a_brace_missing_here_and_too_many_there_cost_one_record(put: Put, city: Profile) -> None:
    written = [json.dumps(record(n), ensure_ascii=False) for n in range(6)]
    written[1] = written[1][:-1]
    written[3] += "}"
    items = read(put("a.json", '{"records": [' + ",\n".join(written) + "]}"), city)
    assert ids(items) == ["A0", "A2", "A3", "A4", "A5"]
    assert len(items) == 6


def test_a_brace_too_many_between_records_costs_nothing(put: Put, city: Profile) -> None:
    written = [json.dumps(record(n), ensure_ascii=False) for n in range(4)]
    written[1] += "}"
    written[2] += "]"
    assert ids(read(put("a.json", '{"records": [' + ",\n".join(written) + "]}"), city)) == ["A0", "A1", "A2", "A3"]


def test_the_last_record_may_be_broken_or_cut_off(put: Put, city: Profile) -> None:
    whole = json.dumps({"records": [record(n) for n in range(3)]}, ensure_ascii=False)
    for end in (2, 3, 10, 30):
        items = read(put("a.json", whole[:-end]), city)
        assert ids(items)[:2] == ["A0", "A1"]
        assert len(items) == 3


def test_what_is_no_object_is_told(put: Put, city: Profile) -> None:
    items = read(put("a.json", '{"records": [1, "a", null, [{"id": "x"}], {"id": "A1"}, true]}'), city)
    assert ids(items) == ["A1"]
    assert [item.number for item in items] == [1, 2, 3, 4, 5, 6]


def test_whole_numbers_of_any_length_stay_whole(put: Put, city: Profile) -> None:
    items = read(put("a.json", '[{"id": 202610120000012345678901, "x": NaN}]'), city)
    assert items[0].cells == {"id": 202610120000012345678901, "x": None}


def test_a_document_without_records_is_refused(put: Put, city: Profile) -> None:
    for text in ('{"items": [{"id": 1}]}', '{"records": {"id": 1}}', '"a"', "{", "nonsense"):
        with pytest.raises(FileUnreadable, match=r"data\.list、records"):
            JsonRows(put("a.json", text), city)


def test_an_empty_list_has_no_rows(put: Put, city: Profile) -> None:
    assert read(put("a.json", '{"records": []}'), city) == []
    assert read(put("a.json", "[]"), city) == []


def test_jsonl_counts_lines_and_passes_blank_ones(put: Put, city: Profile) -> None:
    items = read(put("a.jsonl", '{"id": "A1"}\n\nnot json\r\n["A3"]\n{"id": "A4"}'), city)
    assert [(item.number, type(item)) for item in items] == [(1, Row), (3, RowError), (4, RowError), (5, Row)]


def test_lines_in_a_file_called_json_are_read_as_lines(put: Put) -> None:
    assert file_kind(put("a.json", '{"id": 1}\n{"id": 2}\n')) == "jsonl"
    assert file_kind(put("b.json", '{"records": [{"id": 1}\n,{"id": 2}]}\n')) == "json"
    assert file_kind(put("c.json", '[{"id": 1},\n{"id": 2}]\n')) == "json"


def test_deep_nesting_costs_one_record(put: Put, city: Profile) -> None:
    deep = '{"id": ' + "[" * 100_000 + "]" * 100_000 + "}"
    items = read(put("a.json", f'[{{"id": "A0"}}, {deep}, {{"id": "A2"}}]'), city)
    assert ids(items) == ["A0", "A2"]
    assert len(items) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
)
def test_every_document_is_read_back(
    tmp_path: Path, city: Profile, rows: list[dict[str, Any]], indent: int | None, ascii_only: bool
) -> None:
    path = tmp_path / "a.json"
    text = json.dumps({"records": rows}, indent=indent, ensure_ascii=ascii_only)
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    expected = json.loads(text.encode("utf-8", "replace").decode())["records"]
    assert read(path, city) == [Row(n + 1, row) for n, row in enumerate(expected)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text('{}[]",:\\ \nidab1', max_size=60))
def test_no_text_ends_the_reading(tmp_path: Path, city: Profile, body: str) -> None:
    path = tmp_path / "b.json"
    path.write_text('{"records": [{"id": "A1"},\n' + body + '\n,{"id": "Z9"}]}', encoding="utf-8")
    items = read(path, city)
    assert ids(items[:1]) == ["A1"]
    assert "Z9" in str(items[-1].cells) or "Z9" in str(items)


@pytest.mark.parametrize("levels", [40, 400, 900, 20_000])
def test_what_nests_without_end_costs_itself_only(put: Put, city: Profile, levels: int) -> None:
    bomb = '{"id": "A1", "text": ' + "[" * levels + "]" * levels + "}"
    lines = "\n".join([json.dumps(record(0)), bomb, json.dumps(record(2))]) + "\n"
    rows = read(put("a.jsonl", lines), city)
    assert ids(rows) == ["A0", "A2"]
    (error,) = [row for row in rows if isinstance(row, RowError)]
    assert "嵌套过深" in error.errors[0].message
