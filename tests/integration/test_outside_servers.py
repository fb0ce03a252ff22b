"""Servers of one's own by HOTLINE_DATABASE_URL and HOTLINE_REDIS_URL, and work that goes on without Redis."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from hotline.embedded.throwaway import embedded_valkey
from tests.databases import drop_database
from tests.service_fixtures import CallMaker, RunningService, eventually, with_database

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT_S = 60.0
WAGES = "老板欠我三个月工资一共一万八，一直不给，我想问一下能不能去劳动仲裁，要准备什么材料，时效是多久"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """Commands against servers of one's own."""

    environment: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one to its end."""
        return subprocess.run(
            [sys.executable, "-m", "hotline", *arguments],
            cwd=ROOT,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def start(self, *arguments: str, log: Path) -> subprocess.Popen[str]:
        """Start one beside the test."""
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "hotline", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                text=True,
            )
        self.running.append(process)
        return process


@pytest.fixture
async def empty_database(postgres_url: str) -> AsyncIterator[str]:
    """A database nobody has migrated."""
    name = f"outside_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(f"create database {name}")
        yield with_database(postgres_url, name)
        await drop_database(admin, name)
    finally:
        await admin.close()


@pytest.fixture
def installation(empty_database: str, redis_url: str, tmp_path: Path) -> Iterator[Installation]:
    """See :class:`Installation`; what it started is ended."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    made = Installation(
        {
            **kept,
            "HOTLINE_STATE_DIR": str(tmp_path / "state"),
            "HOTLINE_DATABASE_URL": empty_database,
            "HOTLINE_REDIS_URL": redis_url,
            "HOTLINE_PORT": str(free_port()),
        }
    )
    yield made
    for process in made.running:
        process.kill()
        process.wait()


async def test_without_a_key_file_one_sentence_and_no_start(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text("{}\n", encoding="utf-8")
    starts = (("serve",), ("import", "--line", "12345", str(tmp_path / "calls.jsonl")))
    for done in await asyncio.gather(*(asyncio.to_thread(installation.command, *start) for start in starts)):
        assert done.returncode not in (0, 3), done
        assert "HOTLINE_SECRET_KEY_FILE" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "state" / "secret.key").exists(), "an outside database's key is never made by the way"


async def test_the_whole_line_on_outside_servers(
    installation: Installation, empty_database: str, postgres_urls: tuple[str, str], tmp_path: Path, call: CallMaker
) -> None:
    # two roles: the owner migrates, the service does everything else
    name = empty_database.partition("?")[0].rpartition("/")[2]
    installation.environment["HOTLINE_DATABASE_URL"] = with_database(postgres_urls[1], name)
    key = await asyncio.to_thread(installation.command, "create-key")
    alone = await asyncio.to_thread(installation.command, "migrate")
    assert alone.returncode == 1
    assert "HOTLINE_OWNER_DATABASE_URL" in alone.stderr, "the service's role makes no tables"
    made = await asyncio.to_thread(installation.command, "migrate", HOTLINE_OWNER_DATABASE_URL=empty_database)
    assert (key.returncode, made.returncode) == (0, 0), (key.stderr, made.stderr)
    key_file = tmp_path / "state" / "secret.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_bytes()
    assert before.strip().decode() not in key.stdout + key.stderr
    serving = installation.start("serve", log=tmp_path / "serve.log")
    installation.start("work", log=tmp_path / "work.log")
    token, user, again = await asyncio.gather(
        asyncio.to_thread(installation.command, "token", "create", "--role", "admin"),
        asyncio.to_thread(installation.command, "user", "add", "wang", "--role", "lawyer"),
        asyncio.to_thread(installation.command, "create-key"),
    )
    assert (token.returncode, user.returncode, again.returncode) == (0, 0, 0), (token, user, again)
    assert key_file.read_bytes() == before, "a key that is there stays"
    lines = token.stdout.strip().splitlines()
    assert len(lines) == 1
    assert user.stdout.count("wang") == 1

    async def address() -> str:
        text = (tmp_path / "serve.log").read_text(encoding="utf-8")
        return next((line.split()[-1] for line in text.splitlines() if line.startswith("listening on")), "")

    url = await eventually(address, within_s=LIMIT_S)
    headers = {"Authorization": f"Bearer {lines[0]}"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        async with session.post("/api/v1/calls", json=call(WAGES, line="12348")) as answer:
            assert answer.status == 202
            call_id = (await answer.json())["accepted"][0]["call_id"]

        async def queued() -> bool:
            async with session.get(f"/api/v1/calls/{call_id}") as answer:
                return bool((await answer.json())["call"]["state"] == "queued")

        await eventually(queued, within_s=LIMIT_S)
        export = tmp_path / "more.jsonl"
        rows = [call(WAGES, line="12348") for _ in range(3)]
        export.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        taken = await asyncio.to_thread(installation.command, "import", "--line", "12348", str(export))
        summary = json.loads(taken.stdout.strip().splitlines()[-1])
        assert set(summary) >= {"accepted", "updated", "duplicates", "rejected", "reject_files"}
        assert summary["accepted"] + summary["rejected"] == 3, (summary, taken.stderr)

    async def linked() -> bool:
        verdict = await asyncio.to_thread(installation.command, "audit", "verify", "--json")
        assert verdict.returncode == 0, verdict
        found = json.loads(verdict.stdout)
        return bool(found["ok"] and found["protected"] and found["links"] >= 3 and found["checkpoint"])

    await eventually(linked, within_s=LIMIT_S)
    serving.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(serving.wait, 10) == 0
    assert not (tmp_path / "state" / "servers").exists(), "no embedded server was made beside the outside ones"
    secret = user.stdout.split("first password:")[1].split()[0]
    admin = await asyncpg.connect(empty_database)
    try:
        kept = await admin.fetchval("select password_hash from users where name = 'wang'")
        hashes = [row["token_hash"] for row in await admin.fetch("select token_hash from api_tokens")]
    finally:
        await admin.close()
    assert kept.startswith("$argon2id$")
    assert secret not in kept
    assert lines[0].encode() not in hashes


class TestWithoutRedis:
    """A Redis that is away from the start, and comes back."""

    @pytest.fixture
    def valkey_folder(self) -> Iterator[Path]:
        """Where an unprivileged server may go; pytest's own folders are closed to others."""
        folder = Path(tempfile.mkdtemp(prefix="hotline-test-", dir="/tmp"))
        folder.chmod(0o755)
        yield folder
        shutil.rmtree(folder)

    @pytest.fixture
    async def redis_url(self, valkey_folder: Path) -> str:
        """A URL behind which nobody is yet: a link to the socket is made when the server starts."""
        return f"unix://{valkey_folder}/link.sock?db=0"

    async def test_intake_triage_events_and_claims_go_on_and_signals_come_back(
        self, service: RunningService, call: CallMaker, valkey_folder: Path
    ) -> None:
        kinds: list[str] = []

        async def listen() -> None:
            headers = {"Authorization": f"Bearer {await service.token('operator')}"}
            async with service.session.get(f"{service.address}/api/v1/events", headers=headers) as stream:
                async for line in stream.content:
                    if line.startswith(b"event: "):
                        kinds.append(line[7:].decode().strip())

        async def status() -> dict[str, bool]:
            async with service.session.get(f"{service.address}/readyz") as answer:
                assert answer.status == 200, "Redis is not needed to be ready"
                return dict(await answer.json())

        assert (await status())["signals"] is False
        await service.start_worker()
        listening = asyncio.create_task(listen())

        async def connected() -> bool:
            return service.services.hub.streams == 1

        await eventually(connected)
        answer = await service.post_calls(call(WAGES, line="12348"))
        call_id = answer["accepted"][0]["call_id"]
        await service.call_in(call_id, "queued")

        async def told() -> bool:
            return {"call_received", "call_triaged"} <= set(kinds)

        await eventually(told)
        code, claim = await service.request("POST", "/queues/lawyers/claim", role="lawyer")
        assert (code, claim["call"]["id"]) == (200, call_id)
        with embedded_valkey() as url:
            (valkey_folder / "link.sock").symlink_to(url.removeprefix("unix://").partition("?")[0])

            async def back() -> bool:
                return (await status())["signals"] is True and service.services.signals.connected

            await eventually(back)
            answer = await service.post_calls(call(WAGES, line="12348"))
            await service.call_in(answer["accepted"][0]["call_id"], "queued")
        answer = await service.post_calls(call(WAGES, line="12348"))
        await service.call_in(answer["accepted"][0]["call_id"], "queued")
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
