"""Reads accounts to be made from an Excel sheet: log-in name, name of the person, role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.accounts.errors import AccountError
from hotline.accounts.permissions import ROLES, Role
from routing.headed_sheets import SheetRefused, Told, cell_text, find_heading, open_sheets, rows_below
from routing.rosters.imported import RowProblem
from routing.workbooks import WorkbookLimits

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


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account to be made."""

    row: str
    name: str
    display_name: str
    role: Role


def read_accounts(
    data: bytes, taken: frozenset[str], told: Told | None = None
) -> tuple[tuple[AccountRow, ...], tuple[RowProblem, ...]]:
    """The accounts of the first sheet with the headings 用户名 and 角色, and the rows that cannot be used.

    ``taken``: log-in names there are already, small and large letters alike.
    Raises AccountError where the file is no workbook or no sheet has the headings.
    """
    try:
        sheets = open_sheets(data, "账号表", LIMITS)
    except SheetRefused as error:
        raise AccountError(str(error)) from error
    for _, _, rows in sheets:
        heading = find_heading(rows, COLUMNS, ("用户名", "角色"))
        if heading is not None:
            return _read(rows, *heading, taken, told)
    raise AccountError("账号表里找不到表头：前20行内要有“用户名”和“角色”两列，另可有“姓名”。")


def _read(
    rows: Sequence[Sequence[Any]],
    heading: int,
    columns: Mapping[str, int],
    taken: frozenset[str],
    told: Told | None,
) -> tuple[tuple[AccountRow, ...], tuple[RowProblem, ...]]:
    roles = {label: role for role, label in ROLES.items()} | {role: role for role in ROLES}
    good: list[AccountRow] = []
    problems: list[RowProblem] = []
    seen: dict[str, str] = {}
    for number, row in rows_below(rows, heading, columns, told):
        values = {field: cell_text(cell) for field, cell in row.items()}
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
