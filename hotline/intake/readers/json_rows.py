"""JSON documents with a list of records, and JSONL; a broken record never ends the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotline.intake.errors import FieldError, FileUnreadable
from hotline.intake.normalise import too_deep
from hotline.intake.profile import Profile
from hotline.intake.readers.encoding import open_text, visible
from hotline.intake.readers.header import WHOLE_ROW
from hotline.intake.readers.json_scan import RECORD_LIMIT, JsonScanner
from hotline.intake.readers.rows import RAW_KEY, Row, RowError, without_reject_keys

#: The field told for a fault of a record as a whole.
WHOLE_RECORD = "整条"
_RAW_KEPT = 20_000
_FIRST_KEYS_KEPT = 16


def parse_record(text: str) -> dict[str, Any] | FieldError:
    """One JSON object; anything else is an error that says where it breaks."""
    try:
        # The library's own decoder: whole numbers of any length stay whole (20-digit work order numbers).
        value = json.loads(text, parse_constant=lambda _name: None)
    except json.JSONDecodeError as error:
        return FieldError(WHOLE_RECORD, f"不是完整的 JSON（第 {error.pos + 1} 个字符附近：{error.msg}）。请改正。")
    except (ValueError, RecursionError):
        return FieldError(WHOLE_RECORD, "JSON 数字过长或嵌套过深，读不出来。请改正。")
    if not isinstance(value, dict):
        return FieldError(WHOLE_RECORD, "应为一个 JSON 对象（{…}）。请改成对象。")
    if too_deep(value):
        return FieldError(WHOLE_RECORD, "JSON 嵌套过深，读不出来。请改正。")
    return value


def _item(number: int, text: str) -> Row | RowError:
    parsed = parse_record(text)
    if isinstance(parsed, dict):
        return Row(number, without_reject_keys(parsed))
    return RowError(number, {RAW_KEY: visible(text.strip())[:_RAW_KEPT]}, (parsed,))


class JsonlRows:
    """One JSON object a line; raises FileUnreadable when the file cannot be opened."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self.path = path
        self._file = open_text(path, profile.file.encoding)

    @property
    def headers(self) -> tuple[str, ...]:
        return ()

    def progress(self) -> tuple[int, int]:
        return self._file.progress()

    def close(self) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row | RowError]:
        number = 0
        while line := self._file.readline(RECORD_LIMIT):
            number += 1
            if len(line) == RECORD_LIMIT and not line.endswith(("\n", "\r")):
                while (rest := self._file.readline(RECORD_LIMIT)) and not rest.endswith(("\n", "\r")):
                    pass
                yield RowError(number, {RAW_KEY: visible(line)[:_RAW_KEPT]}, (FieldError(WHOLE_ROW, _TOO_LONG),))
            elif line.strip():
                yield _item(number, line)


class JsonRows:
    """The records of one JSON document: a list, or the list at one of the profile's paths.

    Raises FileUnreadable when there is no such list.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self.path = path
        self._file = open_text(path, profile.file.encoding)
        self._first_keys: set[str] = set()
        try:
            self._scanner, self.records_path = self._enter(profile)
        except FileUnreadable:
            self._file.close()
            raise

    @property
    def headers(self) -> tuple[str, ...]:
        return ()

    def progress(self) -> tuple[int, int]:
        return self._file.progress()

    def close(self) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Row | RowError]:
        scanner = self._scanner
        number = 0
        while self._at_record():
            number += 1
            end = scanner.end_of_value()
            item = None if end is None else _item(number, scanner.look(0, end))
            if isinstance(item, Row):
                if len(self._first_keys) < _FIRST_KEYS_KEPT and (key := scanner.first_key()):
                    self._first_keys.add(key)
                scanner.take(end or 0)
                yield item
            else:
                yield _item(number, scanner.take(self._end_of_broken(end)).rstrip(", \t\r\n"))

    def _at_record(self) -> bool:
        """Move to the next record; False at the end of the list."""
        following = self._scanner.peek()
        if following not in {"]", "}"}:
            return bool(following)
        # A bracket too many in a broken record looks like the list's end; only when no record follows it is.
        resumed = self._scanner.next_record(self._first_keys, 0)
        if resumed is not None:
            self._scanner.take(resumed)
        return resumed is not None

    def _end_of_broken(self, end: int | None) -> int:
        """Where a broken record ends: before the next whole one, when that can be told."""
        resumed = self._scanner.next_record(self._first_keys, 1)
        if resumed is None:
            return self._scanner.rest() if end is None else end
        if end is None or resumed < end:
            return resumed
        between = self._scanner.look(end, resumed).lstrip(", \t\r\n")
        return end if between.startswith("{") else resumed

    def _enter(self, profile: Profile) -> tuple[JsonScanner, tuple[str, ...]]:
        """Move into the list of records; gives the path of keys that leads there."""
        for path in ("", *profile.file.records):
            self._file.seek(0)
            scanner = JsonScanner(self._file)
            keys = tuple(part for part in path.split(".") if part)
            if keys and scanner.enter(keys):
                return scanner, keys
            if not keys and scanner.peek() == "[":
                scanner.take(1)
                return scanner, ()
        wanted = "、".join(profile.file.records)
        raise FileUnreadable(
            f"{self.path}：没有找到记录列表（{wanted}）。"
            f"文件应为 JSON 列表，或在 {profile.path} 的 [file] records 里写明位置。"
        )


_TOO_LONG = "一行超过 8 MiB，读不下。请检查是否缺了换行。"
