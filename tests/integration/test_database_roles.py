"""The database roles that compose.yaml's init script makes, on a PostgreSQL of their own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
import structlog

from hotline.audit.reach import Reach, reach_of, warn_of_reach
from hotline.embedded.folders import prepare
from hotline.embedded.postgres import PORT, Postgres
from tests.quick_folders import passable, quick_base
from tests.service_fixtures import CallMaker

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "deploy" / "postgres" / "roles.sql"
PROTECTED = ("audit_entries", "audit_links", "audit_checkpoints", "audit_chain")
QUESTION = "公司不给交社保已经两年了，我想问问去哪里投诉，需要带哪些材料过去"


@dataclass(frozen=True)
class Server:
    """A server as the PostgreSQL image leaves it: a superuser, the database, and what the init script made."""

    superuser: str
    owner: str
    service: str


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """See :class:`Server`."""
    with passable(quick_base(), "hotline-test-") as folder:
        state = prepare(folder)
        postgres = Postgres(state, durable=False)
        try:
            await asyncio.to_thread(postgres.ensure)
            await asyncio.to_thread(postgres.stop)
            rules = postgres.data / "pg_hba.conf"
            rules.write_text("local all postgres trust\n" + rules.read_text(encoding="utf-8"), encoding="utf-8")
            await asyncio.to_thread(postgres.ensure)

            def url(role: str, password: str = "") -> str:
                return f"postgresql://{role}:{password}@/city?host={quote(str(state.sockets()))}&port={PORT}"

            passwords = {name: f"{name}-0123" for name in ("database-owner-password", "database-password")}
            # the server's own account reads them, as the container's does
            for name, password in passwords.items():
                file = folder / name
                file.write_text(f"{password}\n", encoding="ascii")
                file.chmod(0o644)
            superuser = url("postgres")
            first = await asyncpg.connect(superuser, database="postgres")
            await first.execute("drop database hotline")
            # the embedded server's own owner has the name that is the service's here
            await first.execute("alter role hotline rename to embedded_owner")
            await first.execute("create database city")
            await first.close()
            admin = await asyncpg.connect(superuser)
            await admin.execute(ROLES.read_text(encoding="utf-8").replace("/run/secrets/", f"{folder}/"))
            await admin.close()
            yield Server(
                superuser,
                url("hotline_owner", passwords["database-owner-password"]),
                url("hotline", passwords["database-password"]),
            )
        finally:
            await asyncio.to_thread(postgres.stop)
            state.drop_sockets()


async def test_the_owner_migrates_and_the_service_serves_without_reaching_the_audit_log(
    server: Server, redis_url: str, tmp_path: Path, call: CallMaker
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    settings = {
        "HOTLINE_STATE_DIR": str(tmp_path / "state"),
        "HOTLINE_DATABASE_URL": server.service,
        "HOTLINE_REDIS_URL": redis_url,
    }

    async def hotline(*arguments: str, **more: str) -> str:
        command = [sys.executable, "-m", "hotline", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, env=kept | settings | more, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done
        return str(done.stdout)

    await hotline("create-key")
    await hotline("migrate", HOTLINE_OWNER_DATABASE_URL=server.owner)
    export = tmp_path / "calls.jsonl"
    export.write_text(json.dumps(call(QUESTION, line="12348"), ensure_ascii=False) + "\n", encoding="utf-8")
    summary = json.loads((await hotline("import", "--line", "12348", str(export))).splitlines()[-1])
    assert summary["accepted"] == 1
    await hotline("token", "create", "--role", "operator")

    service = await asyncpg.connect(server.service)
    try:
        assert await service.fetchval("select state from calls") != "received", "it was read and settled"
        assert await service.fetchval("select count(*) from audit_entries") > 0
        owned = await service.fetchval("select count(*) from pg_class where relowner = current_user::regrole")
        assert owned == 0
        for table in PROTECTED:
            for statement in (
                f"truncate {table}",
                f"alter table {table} disable trigger append_only",
                f"drop trigger append_only on {table}",
                f"alter table {table} owner to hotline",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await service.execute(statement)
        for statement in (
            "update audit_entries set action = 'login'",
            "delete from audit_entries",
            "delete from audit_links",
            "update audit_checkpoints set seq = 1",
            "set session_replication_role = replica",
            "set role hotline_owner",
            "alter role hotline superuser",
            "alter function refuse_audit_change() owner to hotline",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()

    found: dict[str, tuple[Reach | None, int]] = {}
    for name, url in (("service", server.service), ("owner", server.owner), ("superuser", server.superuser)):
        connection = await asyncpg.connect(url)
        try:
            with structlog.testing.capture_logs() as logged:
                reach = await warn_of_reach(connection)
            assert await reach_of(connection) == reach
        finally:
            await connection.close()
        found[name] = reach, [entry["event"] for entry in logged].count("database_role_can_change_the_audit_log")
    assert found == {"service": (None, 0), "owner": ("owner", 1), "superuser": ("superuser", 1)}


async def test_a_grant_of_changes_is_told_too(owner_url: str, database_url: str) -> None:
    owner, service = await asyncpg.connect(owner_url), await asyncpg.connect(database_url)
    try:
        assert await reach_of(service) is None
        role = await service.fetchval("select current_user")
        await owner.execute(f"grant update on audit_entries to {role}")
        assert await reach_of(service) == "granted"
    finally:
        await owner.close()
        await service.close()
