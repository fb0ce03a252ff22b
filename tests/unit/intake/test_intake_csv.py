"""Delimited text with all its dirt."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.intake.errors import FileUnreadable
from hotline.intake.profile import Profile
from hotline.intake.readers.csv_rows import CsvRows
from hotline.intake.readers.rows import Row, RowError

Put = Callable[[str, str | bytes], Path]
HEAD = "编号,时间,内容,姓名\n"


def read(path: Path, profile: Profile) -> list[Row | RowError]:
    rows = CsvRows(path, profile)
    try:
        return list(rows)
    finally:
        rows.close()


def good(items: list[Row | RowError]) -> list[tuple[int, str]]:
    return [(item.number, item.cells["编号"]) for item in items if isinstance(item, Row)]


def bad(items: list[Row | RowError]) -> list[int]:
    return [item.number for item in items if isinstance(item, RowError)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_any_encoding_and_delimiter(put: Put, city: Profile, encoding: str, delimiter: str) -> None:
    text = (HEAD + "A1,2026-10-12 08:00:00,路灯坏了,李某\n").replace(",", delimiter)
    items = read(put("a.csv", text.encode(encoding)), city)
    assert isinstance(items[0], Row)
    assert items[0].cells == {"编号": "A1", "时间": "2026-10-12 08:00:00", "内容": "路灯坏了", "姓名": "李某"}


def test_the_heading_row_is_searched_and_rows_are_counted_as_excel_does(put: Put, city: Profile) -> None:
    text = "某市导出,,,\n,,,\n" + HEAD + 'A1,t,"第一行\n第二行\n",李\n\n,,,\nA2,t,话,王\n'
    assert good(read(put("a.csv", text), city)) == [(4, "A1"), (7, "A2")]


def test_quoted_line_breaks_and_quotes_are_kept(put: Put, city: Profile) -> None:
    items = read(put("a.csv", HEAD + 'A1,t,"他说""不行"",\r\n我说好",李\r\n'), city)
    assert items[0].cells["内容"] == '他说"不行",\r\n我说好'


def test_headings_repeated_inside_a_file_are_no_rows(put: Put, city: Profile) -> None:
    assert good(read(put("a.csv", HEAD + "A1,t,话,李\n" + HEAD + "A2,t,话,王\n"), city)) == [(2, "A1"), (4, "A2")]


def test_a_row_cut_short_is_told_with_what_is_missing(put: Put, city: Profile) -> None:
    items = read(put("a.csv", HEAD + "A1,t,话,李\nA2,t\nA3,t,话,王\n"), city)
    assert good(items) == [(2, "A1"), (4, "A3")]
    short = next(item for item in items if isinstance(item, RowError))
    assert short.number == 3
    assert short.cells["编号"] == "A2"
    assert "内容、姓名" in short.errors[0].message


def test_a_row_too_long_is_told_and_empty_extra_cells_are_not(put: Put, city: Profile) -> None:
    items = read(put("a.csv", HEAD + "A1,t,话,李,,\nA2,t,前半,后半,王\n"), city)
    assert good(items) == [(2, "A1")]
    assert bad(items) == [3]


@pytest.mark.parametrize(
    "broken",
    [
        'A2,t,"没有收住的话,王',
        'A2,t,"收住了"又说,王',
        '"A2,t,话,王',
        'A2,t,话,"王',
        'A2,t,"""话,王',
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_broken_quote_costs_one_row_only(put: Put, city: Profile, broken: str, end: str, quoted: bool) -> None:
    after = 'A3,t,"话\n两行",李' if quoted else "A3,t,话,李"
    text = end.join([HEAD.strip(), "A1,t,话,李", broken, after, 'A4,t,"话",李', "A5,t,话,李", ""])
    items = read(put("a.csv", text), city)
    assert [key for _, key in good(items)] == ["A1", "A3", "A4", "A5"]
    assert len(bad(items)) == 1
    assert bad(items) == [3]


def test_an_open_quote_does_not_swallow_a_long_file(put: Put, city: Profile) -> None:
    lines = [f"A{n},t,话,李" for n in range(3000)]
    lines[10] = 'A10,t,"没收住,李'
    items = read(put("a.csv", HEAD + "\n".join(lines)), city)
    assert len(good(items)) == 2999
    assert bad(items) == [12]


def test_unknown_bytes_cost_one_row_only(put: Put, city: Profile) -> None:
    text = (HEAD + "A1,t,话,李\nA2,t,坏\x00\x00,李\nA3,t,话,李\n").encode()
    items = read(put("a.csv", text.replace(b"\x00\x00", b"\xff\xfe")), city)
    assert [key for _, key in good(items)] == ["A1", "A3"]
    error = next(item for item in items if isinstance(item, RowError))
    assert error.errors[0].field == "内容"
    assert error.cells["内容"] == "坏\ufffd\ufffd"


def test_a_huge_cell_costs_one_row_only(put: Put, city: Profile) -> None:
    items = read(put("a.csv", HEAD + "A1,t," + "长" * 200_000 + ",李\nA2,t,话,李\n"), city)
    assert [key for _, key in good(items)] == ["A2"]
    assert bad(items) == [2]


def test_a_file_of_another_form_is_refused_with_what_was_seen(put: Put, city: Profile) -> None:
    with pytest.raises(FileUnreadable, match="编号、时间、标题或内容") as caught:
        CsvRows(put("a.csv", "甲,乙\n1,2\n"), city)
    assert "另有 2 列不认得" in str(caught.value)


def test_equal_headings_do_not_hide_each_other(put: Put, city: Profile) -> None:
    items = read(put("a.csv", "编号,时间,内容,备注,备注\nA1,t,话,一,二\n"), city)
    assert items[0].cells["备注"] == "一"
    assert items[0].cells["备注（列5）"] == "二"


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.tuples(cells, cells), max_size=8), terminator=st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path: Path, city: Profile, table: list[tuple[str, str]], terminator: str
) -> None:
    out = io.StringIO(newline="")
    # With \n alone Python's own writer leaves a lone \r unquoted, which no reader can tell from a line end.
    writer = csv.writer(
        out, lineterminator=terminator, quoting=csv.QUOTE_ALL if terminator == "\n" else csv.QUOTE_MINIMAL
    )
    writer.writerow(["编号", "时间", "内容", "姓名"])
    writer.writerows([f"A{n}", "t", text, name] for n, (text, name) in enumerate(table))
    path = tmp_path / "a.csv"
    path.write_bytes(out.getvalue().encode("utf-8-sig"))
    items = read(path, city)
    assert [(i.cells["编号"], i.cells["内容"], i.cells["姓名"]) for i in items] == [
        (f"A{n}", text, name) for n, (text, name) in enumerate(table)
    ]
    assert all(isinstance(item, Row) for item in items)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=30))
def test_no_bytes_end_the_reading(tmp_path: Path, city: Profile, body: bytes) -> None:
    path = tmp_path / "b.csv"
    path.write_bytes(
        (HEAD + "A1,t,这里说的是很长很长的一段平常的话来压住坏字节一共要有三十多个字才行,李某\n").encode()
        + body
        + b"\nZ9,t,last,x\n"
    )
    items = read(path, city)
    assert items
    assert any("Z9" in str(item.cells) for item in items)


def test_a_file_without_headings_is_refused_without_telling_what_stands_in_it(put: Put, city: Profile) -> None:
    for text, seen in (
        ("A1,2026-10-12 08:00:00,井盖松了,欧阳柏年\n", "认得的列：（无），另有 4 列不认得"),
        ("编号,几时,话,姓名\nA1,2026-10-12 08:00:00,井盖松了,欧阳柏年\n", "认得的列：编号、姓名，另有 2 列不认得"),
    ):
        with pytest.raises(FileUnreadable, match=seen) as caught:
            read(put("bare.csv", text), city)
        assert "欧阳" not in str(caught.value)
        assert "井盖" not in str(caught.value)
