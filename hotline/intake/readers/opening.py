"""Tells a file's kind and opens the reader for it."""

from __future__ import annotations

from pathlib import Path

from hotline.intake.errors import FileUnreadable
from hotline.intake.profile import Kind, Profile
from hotline.intake.readers.csv_rows import CsvRows
from hotline.intake.readers.encoding import detect_encoding
from hotline.intake.readers.excel_rows import ExcelRows
from hotline.intake.readers.json_rows import JsonlRows, JsonRows
from hotline.sealing.files import MARK

AnyRows = CsvRows | ExcelRows | JsonRows | JsonlRows

_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def file_kind(path: Path) -> Kind:
    """What ``path`` is, by its first bytes where they tell, else by its name.

    Raises FileUnreadable for missing, empty and unknown files.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise FileUnreadable(f"{path} 打不开：{error.strerror}。请检查路径和权限。") from error
    if not head.strip():
        raise FileUnreadable(f"{path} 是空文件。请重新导出。")
    if head.startswith(MARK):
        raise FileUnreadable(f"{path} 是封存的退回文件。请用 hotline rejects show {path} 打开，改好后导入。")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise FileUnreadable(f"{path}：不认识的文件类型 {suffix or '（无后缀）'}。请用 CSV、XLSX、XLS、JSON 或 JSONL。")
    kind = _SUFFIXES[suffix]
    if kind in {"xlsx", "xls"}:
        # Many systems write a text table and call it .xls.
        return "csv"
    if kind == "json" and _is_lines(path):
        return "jsonl"
    return kind


def open_rows(path: Path, profile: Profile) -> tuple[Kind, AnyRows]:
    """Open ``path`` for ``profile``; raises FileUnreadable with what to hand in instead."""
    kind = file_kind(path)
    if kind not in profile.kinds:
        allowed = "、".join(kind.upper() for kind in profile.kinds)
        raise FileUnreadable(f"{path} 是 {kind.upper()}，{profile.path} 只收 {allowed}。请另存为其中之一。")
    match kind:
        case "csv":
            return kind, CsvRows(path, profile)
        case "xlsx" | "xls":
            return kind, ExcelRows(path, profile)
        case "json":
            return kind, JsonRows(path, profile)
        case "jsonl":
            return kind, JsonlRows(path, profile)


def _is_lines(path: Path) -> bool:
    """Whether a file called .json has one object a line."""
    with path.open("r", encoding=detect_encoding(path), errors="replace") as file:
        first, second = file.readline(1 << 20).strip(), file.readline(1 << 20).strip()
    return first.startswith("{") and first.endswith("}") and second.startswith("{")
