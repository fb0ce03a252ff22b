"""Nothing personal stands in clear anywhere: a whole journey with planted words, then every byte written is searched.

Data files and write-ahead log of PostgreSQL, Valkey's files, logs, reject files, metrics, events as stored and as
streamed, every table as text.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hotline.accounts.store import add_token, add_user
from hotline.database import open_pool
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from tests.integration.test_run import Run, run  # noqa: F401 - the fixture
from tests.planted import IMPORTED_NUMBER, NAME, NUMBER, PLANTED, REFUSED_NUMBER, forms, found_in

ROLES = ("line", "operator", "lawyer", "department", "manager")


class Journey:
    """The journey's requests, by role."""

    def __init__(self, service: Run, tokens: dict[str, str]) -> None:
        self.service = service
        self.tokens = tokens
        self.said = b""

    def ask(self, role: str, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """One request; the body of the answer."""
        self.service.token = self.tokens[role]
        found, answer = self.service.request(method, path, body)
        assert found == status, (path, found, answer)
        return answer

    def raw(self, path: str, data: bytes | None = None, role: str = "line") -> tuple[int, bytes]:
        """A request with a body as it stands."""
        line = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.tokens[role]}", "Content-Type": "application/json"}
        line.request("POST" if data else "GET", f"/api/v1{path}", data, headers)
        answer = line.getresponse()
        return answer.status, answer.read()

    def call(self, name: str, **fields: Any) -> int:
        """A live call with planted words, read and proposed; its id."""
        record = {
            "line": "12348",
            "external_id": name,
            "received_at": "2026-11-20T08:00:00+08:00",
            "caller_number": NUMBER,
            "caller_name": NAME,
            "transcript": [{"speaker": "来电人", "text": PLANTED["transcript"], "seq": 1}],
            "address": PLANTED["address"],
            "source": {"remark": PLANTED["source"], "phone": NUMBER},
            "live": True,
            **fields,
        }
        (taken,) = self.ask("line", "POST", "/calls", [record], status=202)["accepted"]
        call_id = int(taken["call_id"])
        self.service.until(lambda: self.ask("manager", "GET", f"/calls/{call_id}")["decision"])
        return call_id

    def work(self) -> int:
        """Forwards, claims, notes, answers, returns, errors; the id of a call to be broken."""
        talk = self.call("LEAK-1")
        self.ask("operator", "POST", f"/calls/{talk}/hold")
        more = [{"speaker": "来电人", "text": PLANTED["segment"], "seq": 2}]
        self.ask("line", "POST", f"/calls/{talk}/segments", more)
        self.ask(
            "operator",
            "POST",
            f"/calls/{talk}/choice",
            {"choice": "message", "message": PLANTED["message"]},
            status=201,
        )
        order = {"destination": "lawyers", "reason": PLANTED["reason"]}
        proposed = self.ask("manager", "GET", f"/calls/{talk}")["decision"]["destination"]
        if proposed == "lawyers":
            order = {"destination": "mediators", "reason": PLANTED["reason"]}
            self.ask("operator", "POST", f"/calls/{talk}/forward", order)
            order = {"destination": "lawyers", "reason": PLANTED["reason"]}
        self.ask("operator", "POST", f"/calls/{talk}/forward", order)
        taken = self.service.until(self.claimed)["assignment_id"]
        self.ask("lawyer", "PUT", f"/assignments/{taken}/notes", {"notes": PLANTED["notes"]})
        outcome = {name: PLANTED[name] for name in ("disposition", "notes", "summary")}
        self.ask("lawyer", "POST", f"/assignments/{taken}/complete", outcome)

        answered = self.call("LEAK-2")
        self.ask(
            "operator",
            "POST",
            f"/calls/{answered}/answer",
            {"answer": PLANTED["answer"], "no_article_reason": PLANTED["no article"]},
        )

        back = self.call("LEAK-3")
        order = {"mode": "ticket", "destination": "departments", "reason": PLANTED["reason"]}
        transfer = self.ask("operator", "POST", f"/calls/{back}/forward", order)["id"]
        reason = {"reason": PLANTED["return reason"]}
        self.ask("department", "POST", f"/transfers/{transfer}/return", reason)
        self.hand_over(back)
        told = self.ask("manager", "GET", f"/calls/{back}")["timeline"]
        assert [entry["detail"]["reason"] for entry in told if entry["action"] == "returned"] == [reason["reason"]]
        return answered

    def hand_over(self, call_id: int) -> None:
        """A handover with notes, and a notice."""
        handover = self.ask("manager", "POST", "/handovers", {"note": PLANTED["handover note"]}, status=201)["id"]
        note = {"note": PLANTED["matter's note"]}
        self.ask("manager", "PUT", f"/handovers/{handover}/items/duty/{call_id}/note", note)
        span = {"starts_at": "2035-01-01T00:00:00+08:00", "ends_at": "2035-01-02T00:00:00+08:00"}
        notice = {"body": PLANTED["notice"], "roles": ["operator"], **span}
        self.ask("manager", "POST", "/notices", notice, status=201)

    def claimed(self) -> Any:
        """What the lawyer takes; None while a round of the worker has the item locked."""
        self.service.token = self.tokens["lawyer"]
        status, answer = self.service.request("POST", "/queues/lawyers/claim")
        assert status in (200, 204), answer
        return answer

    def err(self) -> None:
        """Requests with planted words that are refused."""
        broken = ('{"line": "12348", "transcript": "' + PLANTED["bad json"]).encode()
        assert self.raw("/calls", broken)[0] == 400
        bad = {"line": "12348", "external_id": "LEAK-4", "received_at": PLANTED["bad field"], "caller_number": NUMBER}
        assert self.ask("line", "POST", "/calls", [bad], status=202)["rejected"]
        self.ask("operator", "POST", "/calls/99999/answer", {"answer": PLANTED["answer"]}, status=404)
        self.ask("operator", "POST", "/calls/1/answer", {"answer": PLANTED["answer"] * 400}, status=422)
        query = "".join(f"%{byte:02X}" for byte in PLANTED["bad query"].encode())
        assert self.raw(f"/calls?line={query}", role="manager")[0] == 200
        assert self.raw(f"/calls?from={query}", role="manager")[0] == 422

    def listen(self) -> bytes:
        """The event stream from its beginning, until it has told of the end of the journey."""
        line = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.tokens['manager']}", "Last-Event-ID": "0-0"}
        line.request("GET", "/api/v1/events", headers=headers)
        answer, said = line.getresponse(), b""
        while said.count(b"call_completed") < 2 or b"transfer_returned" not in said:
            said += answer.read1()
        line.close()
        return said


async def with_pool(url: str, step: Callable[[Any], Awaitable[Any]]) -> Any:
    pool = await open_pool(url, 1)
    try:
        return await step(pool)
    finally:
        await pool.close()


async def make_tokens(pool: Any) -> dict[str, str]:
    tokens = {}
    for role in ROLES:
        await add_user(pool, f"leak_{role}", role, password="a long password here")
        tokens[role] = await add_token(pool, role, user=f"leak_{role}")
    return tokens


async def broken(pool: Any, call_id: int) -> None:
    """The call's transcript is damaged on the disk, and it is to be read again."""
    async with pool.acquire() as connection:
        await connection.execute(
            "update calls set transcript = segments, revision = revision + 1 where id = $1", call_id
        )
        await connection.execute(
            "insert into triage_jobs (call_id, revision, lane) select id, revision, 0 from calls where id = $1", call_id
        )


async def failed(pool: Any) -> bool:
    async with pool.acquire() as connection:
        return bool(await connection.fetchval("select count(*) from triage_jobs where last_error is not null"))


async def every_table(pool: Any) -> str:
    """All rows of all tables, as PostgreSQL writes them."""
    async with pool.acquire() as connection:
        names = await connection.fetch("select tablename as name from pg_tables where schemaname = 'public'")
        texts = [
            await connection.fetchval(f"select coalesce(string_agg(t::text, E'\\n'), '') from {row['name']} t")  # noqa: S608
            for row in names
        ]
    return "\n".join(texts)


def test_nothing_personal_is_written_in_clear(run: Run, tmp_path: Path) -> None:  # noqa: F811
    run.start()
    url = Postgres(prepare(run.state)).url
    journey = Journey(run, asyncio.run(with_pool(url, make_tokens)))
    to_break = journey.work()
    journey.err()
    export = tmp_path / "export.csv"
    export.write_text(
        "工单编号,来电时间,来电号码,来电人,诉求内容,录音编号\n"
        f"LEAK-9,2026-11-20 08:00:00,{IMPORTED_NUMBER},{NAME},{PLANTED['imported']},{PLANTED['recording']}\n"
        f",2026-11-20 08:00:00,{REFUSED_NUMBER},{NAME},{PLANTED['refused row']},\n",
        encoding="utf-8",
    )
    imported = run.command("import", "--line", "12345", str(export))
    assert imported.returncode == 3, imported.stderr
    assert '"accepted": 1' in imported.stdout
    (rejects,) = json.loads(imported.stdout.splitlines()[-1])["reject_files"]
    assert PLANTED["refused row"] in run.command("rejects", "show", rejects).stdout
    rotated = run.command("keys", "rotate", "--suite", "sm")
    assert "Everything is sealed by key 2" in rotated.stdout, rotated.stdout + rotated.stderr
    asyncio.run(with_pool(url, lambda pool: broken(pool, to_break)))
    run.until(lambda: asyncio.run(with_pool(url, failed)))
    assert journey.ask("manager", "GET", f"/calls/{to_break}", status=503)["type"].endswith("sealed-unreadable")

    # what leaves the service by the side doors
    streamed = journey.listen().decode()
    with urllib.request.urlopen(run.url("/metrics"), timeout=20) as answer:
        streamed += answer.read().decode()
    streamed += asyncio.run(with_pool(url, every_table))
    assert "LEAK-1" in streamed
    assert {
        what for what, text in PLANTED.items() for form in forms(text) if form.decode("latin-1") in streamed
    } == set()
    assert {what for what, text in PLANTED.items() if text in streamed} == set()

    # what stands on the disk once the servers have written everything out; case codes stand in clear and show that the
    # search sees what is there
    run.stop()
    everything = run.state.parent
    hits = found_in(everything, PLANTED | {"case code": "LEAK-9"})
    assert {hit for hit in hits if not hit.startswith("case code")} == set()
    files = {Path(hit.partition(" in ")[2]) for hit in hits}
    assert any("pg_wal" in file.parts for file in files)
    assert any("base" in file.parts for file in files)
