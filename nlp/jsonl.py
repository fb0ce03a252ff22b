"""Triage of JSON Lines: a stream of rows in, the same number of rows out, in the same order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from nlp.classification import Reader

_BATCH = 256


def triage_lines(reader: Reader, lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """One JSON answer per line that is not blank, and whether the row could be read.

    A row that cannot be read gives ``{"id", "error"}`` in its place (``id`` is
    the row's number where it has none). Memory stays bounded by one batch.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while batch := list(islice(numbered, _BATCH)):
        parsed = [_parse(number, line) for number, line in batch]
        good = [row for row in parsed if "error" not in row]
        answers = iter(reader.read_batch([(row["text"], row["line"]) for row in good]))
        for row in parsed:
            if "error" in row:
                yield _dump({"id": row["id"], "error": row["error"]}), False
            else:
                yield _dump({"id": row["id"]} | next(answers).to_row()), True


def _parse(number: int, line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        return {"id": number, "error": f"row {number} is no JSON: {error}"}
    if not isinstance(data, dict):
        return {"id": number, "error": f"row {number} must be a JSON object"}
    name = data.get("id", number)
    if not isinstance(data.get("text"), str):
        return {"id": name, "error": f"row {number}: text must be a string"}
    call_line = data.get("line")
    if call_line is not None and not isinstance(call_line, str):
        return {"id": name, "error": f"row {number}: line must be a string such as 12345"}
    return {"id": name, "text": data["text"], "line": call_line}


def _dump(row: dict[str, Any]) -> str:
    text = json.dumps(row, ensure_ascii=False)
    # A lone surrogate is no UTF-8; such a row is written with escapes instead.
    return text if text.isascii() or _encodable(text) else json.dumps(row)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
