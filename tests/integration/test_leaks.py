"""Nothing personal stands in clear anywhere: a whole journey with planted words, then every byte written is searched.

Data files and write-ahead log of PostgreSQL, Valkey's files and all it holds, logs, reject files, a backup, metrics,
traces, events as stored and as streamed, every table as text.
"""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis

from hotline.accounts.store import add_token, add_user
from hotline.database import open_pool
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import Postgres
from hotline.embedded.valkey import Valkey
from tests.integration.leak_journey import ROLES, Journey
from tests.integration.test_run import Run, run  # noqa: F401 - the fixture
from tests.planted import IMPORTED_NUMBER, NAME, PLANTED, REFUSED_NUMBER, forms, found_in


async def with_pool(url: str, step: Callable[[Any], Awaitable[Any]]) -> Any:
    pool = await open_pool(url, 1)
    try:
        return await step(pool)
    finally:
        await pool.close()


async def make_tokens(pool: Any) -> dict[str, str]:
    tokens = {}
    for role in ROLES:
        real = role.removeprefix("second_")
        await add_user(pool, f"leak_{role}", real, password="a long password here")
        tokens[role] = await add_token(pool, real, user=f"leak_{role}")
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


class Collector(ThreadingHTTPServer):
    """Takes traces as a collector would; ``received`` holds them as they came."""

    def __init__(self) -> None:
        received = self.received = bytearray()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.extend(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.shutdown()
    made.server_close()


def everything_in(valkey: str) -> bytes:
    """What Valkey holds, key by key, as it writes it."""
    with redis.Redis.from_url(valkey) as client:
        keys = list(client.scan_iter())
        return b"\n".join([*keys, *(client.dump(key) or b"" for key in keys)])


async def being_read(pool: Any) -> bool:
    """Whether a worker has a call in hand."""
    async with pool.acquire() as connection:
        return bool(await connection.fetchval("select count(*) from triage_jobs where leased_by is not null"))


def end_the_reader(journey: Journey, url: str) -> None:
    """Kill the process that reads while it has a call in hand."""
    children = [p for p in journey.service.child("work").children() if "reading_child.py" in " ".join(p.cmdline())]
    # the first to be started reads what comes in; it keeps the model, its own child reads
    (fork,) = min(children, key=lambda child: float(child.create_time())).children()
    fork.suspend()
    call_id = journey.post("LEAK-6")
    journey.service.until(lambda: asyncio.run(with_pool(url, being_read)))
    fork.kill()
    journey.read(call_id)


async def without_table(pool: Any, table: str, *, gone: bool) -> None:
    """Take a table away, or put it back."""
    names = (table, f"{table}_away") if gone else (f"{table}_away", table)
    async with pool.acquire() as connection:
        await connection.execute("alter table {} rename to {}".format(*names))


def test_nothing_personal_is_written_in_clear(run: Run, tmp_path: Path, collector: Collector) -> None:  # noqa: F811
    run.settings["HOTLINE_OTLP_ENDPOINT"] = f"http://127.0.0.1:{collector.server_port}"
    run.start()
    url = Postgres(prepare(run.state)).url
    journey = Journey(run, asyncio.run(with_pool(url, make_tokens)))
    to_break = journey.work()
    journey.err()
    asyncio.run(with_pool(url, partial(without_table, table="law_snippets", gone=True)))
    journey.fail()
    asyncio.run(with_pool(url, partial(without_table, table="law_snippets", gone=False)))
    end_the_reader(journey, url)
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
    run.until(lambda: b"triage.read" in collector.received)
    streamed += collector.received.decode("latin-1") + collector.received.decode(errors="replace")
    held = everything_in(Valkey(prepare(run.state)).url)
    assert held, "the signals are there"
    streamed += held.decode("latin-1") + held.decode(errors="replace")
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
    logs = [path for path in everything.rglob("*.log") if path.is_file()]
    told = "".join(path.read_text(errors="replace") for path in logs)
    assert "UndefinedTable" in told, "the mistake stands in a log"
    assert "reader_lost" in told, "and so does the reader's end"

    # and a backup of it all
    saved = run.command("backup")
    assert saved.returncode == 0, saved.stderr
    (everything / "said.log").write_text(saved.stdout + saved.stderr, encoding="utf-8")
    assert found_in(everything, PLANTED) == set()
