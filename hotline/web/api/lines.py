"""``/api/v1/lines``: line profiles edited and published, exports tried out and imported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.store import record
from hotline.console.language import say
from hotline.console.sentences import tell
from hotline.intake.errors import FileUnreadable
from hotline.intake.importer import ImportResult, RejectedRow, import_files
from hotline.intake.line_profiles import KIND, SHIPPED, LineProfile, file_name, queries
from hotline.intake.profile import Profile, parse_profile
from hotline.intake.readers.header import WHOLE_ROW
from hotline.intake.readers.json_rows import WHOLE_RECORD
from hotline.intake.store import PostgresSink
from hotline.intake.trying import told_plainly, try_file
from hotline.intake.uploads import as_path
from hotline.sealing.files import SealedFileBroken, read_sealed
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from hotline.web.progress import Progress, answer_with_progress
from hotline.web.uploads import read_upload
from routing.errors import InvalidRequest
from routing.publishing import service as publishing
from routing.publishing.service import Draft

RUNS_LISTED = 30
#: As what the rows of a file are taken (see ``hotline import --as``).
INTAKES = ("live", "backlog", "history")


def profile_view(entry: LineProfile) -> dict[str, Any]:
    """One profile of the list."""
    return {
        "name": entry.stem,
        "title": entry.profile.title,
        "line": entry.profile.line,
        "kinds": entry.profile.kinds,
        "fields": len(entry.profile.columns),
        "version": entry.version,
        "locked": entry.locked,
        "published_at": entry.published_at,
        "published_by": entry.published_by,
    }


async def listed_runs(own: Services, profile: str | None = None) -> list[dict[str, Any]]:
    """Imports run from the console, newest first."""
    async with own.pool.acquire() as connection:
        return [dict(row) for row in await queries.runs(connection, profile=profile, limit=RUNS_LISTED)]


@needs("lines.write")
async def listing(request: web.Request) -> web.Response:
    """GET /lines: every profile, and the imports run here."""
    own = services(request)
    await own.profiles.refresh(own.pool)
    entries = [profile_view(own.profiles.entries[stem]) for stem in sorted(own.profiles.entries)]
    return json_response({"items": entries, "imports": await listed_runs(own)})


@needs("lines.write")
async def show(request: web.Request) -> web.Response:
    """GET /lines/{name}: its text and versions."""
    own = services(request)
    await own.profiles.refresh(own.pool)
    entry = own.profiles.entry(request.match_info["name"])
    async with own.pool.acquire() as connection:
        versions = await publishing.versions(connection, own.vault, (KIND, entry.name))
    return json_response({**profile_view(entry), "text": entry.text, "versions": versions})


class ProfileBody(Body):
    """POST /lines/{name}: ``base`` is the version that was edited."""

    text: str = Field(min_length=1, max_length=200_000)
    base: str | None = Field(None, max_length=80)
    note: str = Field("", max_length=500)
    check_only: bool = False


@needs("lines.write")
async def publish(request: web.Request) -> web.Response:
    """POST /lines/{name}: checked, then in force for every process within seconds; a problem names its line."""
    own, stem = services(request), request.match_info["name"]
    body = await read_body(request, ProfileBody)
    await own.profiles.refresh(own.pool, force=True)
    text = body.text.rstrip() + "\n"
    checked = parse_profile(file_name(stem), text)
    entry = own.profiles.entries.get(stem)
    if entry is not None and entry.locked:
        raise InvalidRequest(f"这份档案由配置目录（HOTLINE_CONFIG_DIR）锁定，请改那里的 {entry.name}。")
    if body.check_only:
        return json_response({"title": checked.title, "line": checked.line, "fields": list(checked.columns)})
    async with own.pool.acquire() as connection, connection.transaction():
        number = await queries.publications(connection, name=file_name(stem)) + 1
        version = f"{stem}-{number}"
        await publishing.publish(
            connection,
            own.vault,
            (KIND, file_name(stem)),
            Draft(version, text, body.note, principal(request).user_id, body.base),
            shipped=SHIPPED,
        )
        await record(
            connection, actor=principal(request), action="line_profile_published", subject=f"line_profile:{version}"
        )
    await own.profiles.refresh(own.pool, force=True)
    return json_response({"version": version}, status=201)


@dataclass(frozen=True, slots=True)
class _Told:
    """The importer's display as this answer's progress."""

    progress: Progress

    def begin(self, path: Path) -> None:
        """The only file."""

    def at(self, rows: int, done: int, total: int) -> None:
        """So far."""
        self.progress.at(done, total, rows=rows)


def _profile(own: Services, stem: str, draft: str | None) -> tuple[Profile, str]:
    """The profile with the version's name; a draft that is not published yet where one came along."""
    if draft:
        return parse_profile(file_name(stem), draft), "draft"
    entry = own.profiles.entry(stem)
    return entry.profile, entry.version


async def _plainly(path: Path, work: Callable[[], Any]) -> Any:
    try:
        return await work()
    except FileUnreadable as error:
        raise told_plainly(error, path) from error


def _told_field(field: str) -> str:
    """A heading stays as the file has it; what we call a whole row is ours."""
    return say(field) if field in (WHOLE_ROW, WHOLE_RECORD) else field


def _told_row(row: RejectedRow) -> str:
    """A rejected row in the language of the browser, each of its faults by itself."""
    faults = (
        say("%(key)s：%(values)s", key=_told_field(error.field), values=tell(error.message)) for error in row.errors
    )
    return say("%(file)s 第 %(row)s 行 %(faults)s", file=row.file, row=row.row, faults=" ".join(faults))


def _told_trial(read: dict[str, Any]) -> dict[str, Any]:
    """How a file would be read (``hotline/intake/trying.py``) in the language of the browser; what it holds stays."""
    return {
        **read,
        "rejects": [
            each | {"field": _told_field(each["field"]), "reason": tell(each["reason"])} for each in read["rejects"]
        ],
        "rejected_by_field": [each | {"field": _told_field(each["field"])} for each in read["rejected_by_field"]],
        "shown": [each | {name: say(each[name]) for name in ("request_kind", "contact")} for each in read["shown"]],
        "problem": tell(read["problem"]) if read["problem"] else read["problem"],
    }


@needs("lines.write")
async def try_out(request: web.Request) -> web.StreamResponse:
    """POST /lines/{name}/test: ``file``, and ``text`` for a draft; how it would be read. Nothing is stored."""
    own, stem = services(request), request.match_info["name"]
    upload = await read_upload(request)
    await own.profiles.refresh(own.pool)
    profile, version = _profile(own, stem, upload.fields.get("text"))
    async with own.pool.acquire() as connection:
        await record(connection, actor=principal(request), action="line_profile_tested", subject=f"line_profile:{stem}")

    async def work(progress: Progress) -> dict[str, Any]:
        def told(rows: int, done: int, total: int) -> None:
            progress.at(done, total, rows=rows)

        with as_path(upload.data, stem, upload.suffix) as path:
            read = await _plainly(path, lambda: asyncio.to_thread(try_file, path, profile, told))
        return {**_told_trial(read), "version": version}

    return await answer_with_progress(request, work)


@needs("lines.write")
async def import_file(request: web.Request) -> web.StreamResponse:
    """POST /lines/{name}/import: ``file`` and ``as`` (live, backlog or history); stored, triaged by the workers."""
    own, stem, who = services(request), request.match_info["name"], principal(request)
    upload = await read_upload(request)
    intake = upload.fields.get("as", "backlog")
    if intake not in INTAKES:
        raise InvalidRequest(f"as：应为 {'、'.join(INTAKES)} 之一。")
    await own.profiles.refresh(own.pool, force=True)
    profile, version = _profile(own, stem, None)
    async with own.pool.acquire() as connection:
        run_id = await queries.begin_run(
            connection,
            user_id=who.user_id,
            profile=stem,
            version=version,
            line=profile.line,
            intake=intake,
            file_bytes=len(upload.data),
        )

    async def work(progress: Progress) -> dict[str, Any]:
        sink = PostgresSink(own.pool, intake_as=intake, vault=own.vault, patience_s=own.settings.durability.patience_s)
        result, problem = ImportResult(), "interrupted"
        try:
            with as_path(upload.data, f"{stem}-{run_id}", upload.suffix) as path:
                result = await import_files(
                    [path],
                    profile,
                    sink=sink,
                    progress=_Told(progress),
                    rejects_dir=own.settings.state_dir / "rejects",
                    vault=own.vault,
                    told=tell,
                )
                unreadable = [text.replace(str(path), path.name) for text in result.unreadable]
            problem = "unreadable" if unreadable else ""
        finally:
            await _end_run(own, who, run_id, result, problem)
        await own.signals.work_added([0])
        await own.signals.ring()
        if unreadable and not result.files_read:
            raise FileUnreadable(unreadable[0])
        return {
            "run_id": run_id,
            "accepted": result.accepted,
            "updated": result.updated,
            "duplicates": result.duplicates,
            "rejected": result.rejected,
            "reasons": [_told_row(row) for row in result.rejected_rows],
            "unreadable": [tell(text) for text in unreadable],
            "has_rejects": bool(result.reject_files),
        }

    return await answer_with_progress(request, work)


async def _end_run(own: Services, who: Any, run_id: int, result: ImportResult, problem: str) -> None:
    """What came of an import, whatever ended it."""
    counts = {name: getattr(result, name) for name in ("accepted", "updated", "duplicates", "rejected")}
    async with own.pool.acquire() as connection, connection.transaction():
        await queries.end_run(
            connection,
            run_id=run_id,
            **counts,
            reject_file=result.reject_files[0].name if result.reject_files else None,
            problem=problem or None,
        )
        await record(connection, actor=who, action="calls_imported", subject=f"import:{run_id}", detail=counts)


@needs("lines.write")
async def rejects(request: web.Request) -> web.StreamResponse:
    """GET /lines/imports/{id}/rejects: the rejected rows, opened, to be mended and imported again."""
    own, run_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        row = await queries.run(connection, run_id=run_id)
        if row is None or row["reject_file"] is None:
            raise SealedFileBroken("这次导入没有退回文件。")
        path = own.settings.state_dir / "rejects" / row["reject_file"]
        if not path.is_file():
            raise SealedFileBroken("退回文件已不在这台服务器上；请在当时办理导入的服务器上查看，或重新导入。")
        await record(connection, actor=principal(request), action="rejects_opened", subject=f"import:{run_id}")
    name = row["reject_file"].removesuffix(".sealed")
    body = await asyncio.to_thread(lambda: b"".join(read_sealed(path, own.vault)))
    return web.Response(
        body=body,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
