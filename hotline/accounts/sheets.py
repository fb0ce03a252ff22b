"""Reads accounts to be made from an Excel sheet: log-in name, name of the person, role."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import python_calamine

from hotline.accounts.errors import AccountError
from hotline.accounts.permissions import ROLES, Role
from routing.rosters.imported import RowProblem
from routing.workbooks import WorkbookLimits, WorkbookRefused, check_workbook

#: Headings by column; white space in headings is ignored.
COLUMNS: Mapping[str, frozenset[str]] = {
    "用户名": frozenset({"用户名", "登录名", "账号", "帐号", "工号", "name"}),
    "姓名": frozenset({"姓名", "人员姓名", "显示名", "display_name"}),
    "角色": frozenset({"角色", "岗位", "身份", "role"}),
}
#: As the database has it.
NAME = re.compile(r"[\w.@-]{2,64}")
LONGEST = 64
#: Each first password is hashed slowly; more people come in several sheets.
MOST_ROWS = 500
LIMITS = WorkbookLimits(unpacked_bytes=32 << 20, cells=200_000)
_HEADING_ROWS = 20
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account to be made."""

    row: str
    name: str
    display_name: str
    role: Role


def read_accounts(data: bytes, taken: frozenset[str]) -> tuple[tuple[AccountRow, ...], tuple[RowProblem, ...]]:
    """The accounts of the first sheet with the headings 用户名 and 角色, and the rows that cannot be used.

    ``taken``: log-in names there are already, small and large letters alike.
    Raises AccountError where the file is no workbook or no sheet has the headings.
    """
    _check(data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
            for name in book.sheet_names
        ]
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise AccountError(f"账号表不能打开：{error}。请另存为xlsx后再导入。") from error
    for rows in sheets:
        heading = _heading(rows)
        if heading is not None:
            return _read(rows, *heading, taken)
    raise AccountError("账号表里找不到表头：前20行内要有“用户名”和“角色”两列，另可有“姓名”。")


def _check(data: bytes) -> None:
    if data.startswith(b"PK"):
        try:
            check_workbook(io.BytesIO(data), LIMITS)
        except WorkbookRefused as error:
            raise AccountError(str(error)) from error
    elif not data.startswith(_OLE) or zipfile.is_zipfile(io.BytesIO(data)):
        raise AccountError("账号表不是Excel文件。请用Excel或WPS另存为xlsx后再导入。")


def _heading(rows: Sequence[Sequence[Any]]) -> tuple[int, dict[str, int]] | None:
    for number, row in enumerate(rows[:_HEADING_ROWS]):
        columns: dict[str, int] = {}
        for column, cell in enumerate(row):
            written = re.sub(r"\s+", "", str(cell)).lower()
            for field, names in COLUMNS.items():
                if written in names:
                    columns.setdefault(field, column)
        if "用户名" in columns and "角色" in columns:
            return number, columns
    return None


def _read(
    rows: Sequence[Sequence[Any]], heading: int, columns: Mapping[str, int], taken: frozenset[str]
) -> tuple[tuple[AccountRow, ...], tuple[RowProblem, ...]]:
    roles = {label: role for role, label in ROLES.items()} | {role: role for role in ROLES}
    good: list[AccountRow] = []
    problems: list[RowProblem] = []
    seen: dict[str, str] = {}
    for number, cells in enumerate(rows[heading + 1 :], start=heading + 2):
        values = {field: _text(cells[column]) if column < len(cells) else "" for field, column in columns.items()}
        if not any(values.values()):
            continue
        label, name = f"第{number}行", values["用户名"]
        own = [RowProblem(label, field, reason) for field, reason in _faults(values, roles, taken)]
        if name and name.lower() in seen:
            own.append(RowProblem(label, "用户名", f"与{seen[name.lower()]}重复"))
        seen.setdefault(name.lower(), label)
        if not own and len(good) == MOST_ROWS:
            own.append(RowProblem(label, "用户名", f"一次最多{MOST_ROWS}个账号，请放到下一张表"))
        if own:
            problems += own
        else:
            good.append(AccountRow(label, name, values.get("姓名") or name, roles[values["角色"]]))
    return tuple(good), tuple(problems)


def _faults(values: Mapping[str, str], roles: Mapping[str, Role], taken: frozenset[str]) -> list[tuple[str, str]]:
    name, role = values["用户名"], values["角色"]
    found = []
    if not NAME.fullmatch(name):
        found.append(
            ("用户名", f"“{name[:LONGEST]}”不可用，请用2到64个字母、数字、汉字或 _ . @ -" if name else "没有填写")
        )
    elif name.lower() in taken:
        found.append(("用户名", f"已有账号“{name}”，请改用别的用户名或删去这一行"))
    if len(values.get("姓名", "")) > LONGEST:
        found.append(("姓名", f"超过{LONGEST}个字"))
    if role not in roles:
        allowed = "、".join(ROLES.values())
        found.append(("角色", f"“{role[:LONGEST]}”不是角色，可填：{allowed}" if role else f"没有填写，可填：{allowed}"))
    return found


def _text(cell: Any) -> str:
    """A cell as written; whole numbers without the .0 that spreadsheets give them."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
