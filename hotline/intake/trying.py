"""Reads an export by a profile to show what would come of it; nothing is stored, and all is masked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.intake.errors import FieldError, FileUnreadable
from hotline.intake.mapping import Mapper
from hotline.intake.normalise import heading
from hotline.intake.profile import Profile
from hotline.intake.readers.opening import open_rows
from hotline.intake.readers.rows import REJECT_COLUMNS, Row
from nlp.masking import mask_address, mask_name, mask_number, mask_text, names_of
from routing.calls.record import CONTACTS, REQUEST_KINDS, CallRecord

#: So many mapped rows and rejected rows are shown; the counts are of all.
ROWS_SHOWN = 12
REJECTS_SHOWN = 100
_TOLD_EVERY = 500
_EXCERPT = 60
_QUOTED = re.compile("“[^”]*”")

Told = Callable[[int, int, int], None]
"""rows read, done, total."""


def try_file(path: Path, profile: Profile, told: Told) -> dict[str, Any]:
    """How ``profile`` reads ``path``: columns, the first rows as mapped, rejected rows with field and reason.

    Blocks; to be run in a thread. Raises FileUnreadable where nothing can be
    read; a file that ends in rubbish tells so under ``problem``.
    """
    kind, rows = open_rows(path, profile)
    mapper = Mapper(profile)
    seen: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    shown: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    first: datetime | None = None
    last: datetime | None = None
    problem = None
    # records have no headings: the keys of those that are shown stand for them
    keys: dict[str, None] = dict.fromkeys(rows.headers)
    try:
        try:
            for item in rows:
                counts["rows"] += 1
                if not rows.headers and counts["rows"] <= ROWS_SHOWN:
                    keys.update(dict.fromkeys(item.cells))
                mapped = mapper.map(item.cells) if isinstance(item, Row) else item.errors
                if isinstance(mapped, CallRecord):
                    _take(mapped, item.number, counts, seen, shown)
                    first = min(first or mapped.received_at, mapped.received_at)
                    last = max(last or mapped.received_at, mapped.received_at)
                else:
                    counts["rejected"] += 1
                    fields.update({error.field for error in mapped})
                    if len(rejected) < REJECTS_SHOWN:
                        rejected += _rejected(item.number, mapped)
                if counts["rows"] % _TOLD_EVERY == 0:
                    told(counts["rows"], *rows.progress())
        except FileUnreadable as error:
            problem = _without_path(error, path)
    finally:
        rows.close()
    return {
        "kind": kind,
        "rows": counts["rows"],
        "good": counts["good"],
        "duplicates": counts["duplicates"],
        "without_text": counts["without_text"],
        "withheld": counts["withheld"],
        "rejected": counts["rejected"],
        "rejected_by_field": [{"field": field, "count": count} for field, count in fields.most_common(12)],
        "rejects": rejected[:REJECTS_SHOWN],
        "shown": shown,
        "columns": columns_of(profile, tuple(keys)),
        "unused": unused_headers(profile, tuple(keys)),
        "from": first,
        "to": last,
        "problem": problem,
    }


def _take(
    record: CallRecord, number: int, counts: Counter[str], seen: set[tuple[str, str]], shown: list[dict[str, Any]]
) -> None:
    counts["good"] += 1
    counts["duplicates"] += record.key in seen
    counts["without_text"] += not record.text.strip()
    counts["withheld"] += record.caller_withheld
    seen.add(record.key)
    if len(shown) < ROWS_SHOWN:
        shown.append(masked_row(number, record))


def masked_row(number: int, record: CallRecord) -> dict[str, Any]:
    """One mapped row as a screen may show it to somebody who has no business with the caller."""
    said = "\n".join(f"{s.speaker}：{s.text}" if s.speaker else s.text for s in record.segments)
    text = mask_text(said, names_of(record.caller_name, ()))
    return {
        "row": number,
        "external_id": record.external_id,
        "received_at": record.received_at,
        "caller_number": mask_number(record.caller_number.removeprefix("+86")) if record.caller_number else "",
        "caller_name": mask_name(record.caller_name) or "",
        "address": mask_address(record.address),
        "region": record.region,
        "request_kind": REQUEST_KINDS.get(record.request_kind, "") if record.request_kind else "",
        "contact": CONTACTS.get(record.contact, record.contact),
        "lead_unit": record.lead_unit,
        "segments": len(record.segments),
        "text": text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…",
    }


def columns_of(profile: Profile, headers: Sequence[str]) -> list[dict[str, Any]]:
    """Each field of the profile with the heading of this file that it takes, or None."""
    folded = {heading(name): name for name in reversed(headers)}
    return [
        {
            "field": field,
            "wanted": list(column.names),
            "found": next((folded[key] for key in column.keys if key in folded), None),
            "required": field in profile.required,
        }
        for field, column in profile.columns.items()
    ]


def unused_headers(profile: Profile, headers: Sequence[str]) -> list[str]:
    """Headings of the file that no field takes."""
    known = {key for column in profile.columns.values() for key in column.keys}
    return [name for name in headers if name and heading(name) not in known and name not in REJECT_COLUMNS]


def _rejected(number: int, errors: Sequence[FieldError]) -> list[dict[str, Any]]:
    return [{"row": number, "field": error.field, "reason": _masked_quotes(error.message)} for error in errors]


def _masked_quotes(reason: str) -> str:
    """A reason with the cell it quotes masked; what it says to write instead is ours and stays."""
    return _QUOTED.sub(lambda quote: mask_text(quote[0]), reason)


def _without_path(error: FileUnreadable, path: Path) -> str:
    """The sentence with the file's own place left out, which means nothing to whoever sent it."""
    return str(error).replace(str(path), path.name)


def told_plainly(error: FileUnreadable, path: Path) -> FileUnreadable:
    """The error as the page shows it."""
    return FileUnreadable(_without_path(error, path))
