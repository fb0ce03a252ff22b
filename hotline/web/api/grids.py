"""``/api/v1/grids``: the tree of jurisdictions, read, given out as a sheet, taken over from one."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hotline.audit.store import record
from hotline.console.language import Language, current, say
from hotline.console.sentences import told_rows
from hotline.formulas import harmless
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.progress import Progress, answer_as_asked
from routing.errors import GridError
from routing.grids.excel import read_grids
from routing.grids.service import StoredTree, difference, load_tree, queries, take_over
from routing.grids.tree import LEVEL_LABELS, Grid, GridDifference, inherited_groups, plant

#: More than this a page does not list one by one; the counts are of all.
LISTED = 300
#: Over the columns of a sheet that goes out, in words that an import knows again (``routing/grids/excel.py``).
HEADINGS: dict[Language, tuple[str, ...]] = {
    "zh": ("编码", "名称", "上级编码", "级别", "负责人", "调解组"),
    "en": ("Code", "Name", "Parent", "Level", "Responsible", "Mediators"),
}
FIELD_LABELS = {
    "name": "名称",
    "parent": "上级编码",
    "level": "级别",
    "responsible": "负责人",
    "mediator_group": "调解组",
}


async def tree_view(connection: Any) -> dict[str, Any]:
    """The tree with what hangs on it: calls, waiting items, who serves which grids."""
    tree = await load_tree(connection)
    groups = inherited_groups(tree.grids)
    waiting = {row["grid"]: row["waiting"] for row in await queries.waiting_in(connection)}
    serving = [
        {"name": row["display_name"], "role": row["role"], "grids": row["grids"]}
        for row in await queries.serving(connection)
    ]
    return {
        "grids": [
            {
                "code": grid.code,
                "name": grid.name,
                "parent": grid.parent,
                "level": grid.level,
                "responsible": grid.responsible,
                "mediator_group": groups[grid.code],
                "own_group": grid.mediator_group is not None,
                "calls": tree.calls.get(grid.code, 0),
                "waiting": waiting.get(grid.code, 0),
            }
            for grid in tree.grids
        ],
        "serving": serving,
        "levels": {level: say(label) for level, label in LEVEL_LABELS.items()},
    }


@needs("grids.write")
async def show(request: web.Request) -> web.Response:
    """GET /grids: the whole tree, above before below."""
    async with services(request).pool.acquire() as connection:
        return json_response(await tree_view(connection))


@needs("grids.write")
async def import_file(request: web.Request) -> web.StreamResponse:
    """POST /grids/import?preview=&keep=&mark=: an Excel sheet as body.

    ``preview=yes`` stores nothing. ``keep=yes``: grids that the sheet leaves
    out stay, and its rows may hang below them; else the sheet is the whole
    tree. Rows that cannot be used are named; the others are taken, but for a
    whole tree only once no row is bad: a slip in one row must not retire a
    grid. ``mark`` of the preview makes sure that this is still what was shown.
    """
    own, who = services(request), principal(request)
    preview, keep = (request.query.get(name) == "yes" for name in ("preview", "keep"))
    data = await request.read()

    async def work(progress: Progress) -> dict[str, Any]:
        rows, bad = await asyncio.to_thread(read_grids, data, progress.at)
        async with own.pool.acquire() as connection, connection.transaction():
            tree = await load_tree(connection)
            planted, lost = plant(rows, {grid.code: grid for grid in tree.grids} if keep else None)
            problems = (*bad, *lost)
            change = await difference(connection, planted, keep_others=keep)
            mark = _mark(change)
            if not preview:
                if request.query.get("mark", mark) != mark:
                    raise GridError("预览之后网格有变化，请重新预览，核对后再导入。")
                if problems and not keep:
                    raise GridError(
                        f"有{len(problems)}行不能用，以表为准导入会误删它们的网格。请先改正，或选“保留表里没有的网格”再导入。"
                    )
                await take_over(connection, planted, keep_others=keep)
                await record(
                    connection,
                    actor=who,
                    action="grids_imported",
                    subject="grids:all",
                    detail={
                        "added": len(change.added),
                        "changed": len(change.changed),
                        "removed": len(change.removed),
                    },
                )
        return {
            "applied": not preview,
            "mark": mark,
            "blocked": bool(problems) and not keep,
            "added": [_listed(grid) for grid in change.added[:LISTED]],
            "added_count": len(change.added),
            "changed": [
                _listed(each.after) | {"fields": [_field(each, name) for name in each.fields]}
                for each in change.changed[:LISTED]
            ],
            "changed_count": len(change.changed),
            "removed": [_listed(grid) | {"calls": _calls(tree, grid)} for grid in change.removed[:LISTED]],
            "removed_count": len(change.removed),
            "same": change.same,
            "rejected": told_rows(problems),
        }

    return await answer_as_asked(request, work)


def _mark(change: GridDifference) -> str:
    parts = [*(grid.code for grid in change.removed), *(each.before.code for each in change.changed)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _listed(grid: Grid) -> dict[str, Any]:
    return {"code": grid.code, "name": grid.name, "level": say(LEVEL_LABELS[grid.level])}


def _field(change: Any, name: str) -> dict[str, Any]:
    before, after = getattr(change.before, name), getattr(change.after, name)
    if name == "level":
        before, after = say(LEVEL_LABELS[before]), say(LEVEL_LABELS[after])
    return {"field": say(FIELD_LABELS[name]), "before": before, "after": after}


def _calls(tree: StoredTree, grid: Grid) -> int:
    """Calls that name the grid: it is retired then, not deleted."""
    return tree.calls.get(grid.code, 0)


@needs("grids.write")
async def export_sheet(request: web.Request) -> web.Response:
    """GET /grids/export.xlsx: the tree as the sheet that an import reads."""
    async with services(request).pool.acquire() as connection:
        tree = await load_tree(connection)
    body = await asyncio.to_thread(_sheet, tree.grids)
    return web.Response(
        body=body,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": 'attachment; filename="grids.xlsx"'},
    )


def _sheet(grids: Sequence[Grid]) -> bytes:
    # loaded where a table is written: every process would start with it otherwise
    import xlsxwriter

    made = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, options) as book:
        sheet = book.add_worksheet(say("网格"))
        # as text: codes keep their leading zeros when somebody edits them
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        sheet.set_column(0, 5, 18, text)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(HEADINGS[current()]):
            sheet.write_string(0, column, name, bold)
        for number, grid in enumerate(grids, start=1):
            values = (
                grid.code,
                grid.name,
                grid.parent,
                LEVEL_LABELS[grid.level] if current() == "zh" else grid.level,
                grid.responsible,
                grid.mediator_group,
            )
            for column, value in enumerate(values):
                sheet.write_string(number, column, harmless(value or ""), text)
    return made.getvalue()
