"""The embedded servers start, are adopted, shared and stopped, and survive kill -9."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from hotline.embedded.accounts import account_for
from hotline.embedded.binaries import PostgresBinaries, ValkeyBinary, available_postgres, available_valkey
from hotline.embedded.servers import EmbeddedServers, ServerUrls, embedded_servers
from hotline.embedded.throwaway import embedded_postgres, embedded_valkey
from tests.integration.embedded.server_place import Place, line, until


async def ask(url: str | None, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def keep(urls: ServerUrls, value: str) -> None:
    assert urls.owner_url is not None
    connection = await asyncpg.connect(urls.owner_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
    await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await connection.close()
    async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
        await signals.set("kept", value)


async def kept(urls: ServerUrls) -> tuple[object, object]:
    async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
        return await ask(urls.owner_url, "SELECT max(value) FROM kept"), await signals.get("kept")


def socket_folder(urls: ServerUrls) -> Path:
    return Path(urls.redis_url.removeprefix("unix://").partition("?")[0]).parent


async def test_starts_and_stops_and_keeps_its_data(fresh_place: Place) -> None:
    async with embedded_servers(fresh_place.settings) as urls:
        await keep(urls, "a")
        database = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'hotline'"
        assert await ask(urls.database_url, database) == "UTF8"
        rights = "SELECT rolsuper::text || rolcreatedb::text FROM pg_roles WHERE rolname = current_user"
        assert await ask(urls.owner_url, rights) == "falsetrue"
        assert await ask(urls.database_url, rights) == "falsefalse", "web and workers connect as a role of their own"
        assert await ask(urls.database_url, "SHOW listen_addresses") == ""
        assert await ask(urls.database_url, "SHOW fsync") == "on"
    assert fresh_place.processes() == []
    async with embedded_servers(fresh_place.settings) as urls:
        assert await kept(urls) == ("a", b"a")


async def test_password_and_sockets_are_closed_to_others(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        sockets = socket_folder(urls)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert len(str(sockets)) < 80
        for name in ("password", "service-password"):
            password = place.state / "servers" / name
            assert stat.S_IMODE(password.stat().st_mode) == 0o600
        wrong = urls.database_url.replace(password.read_text().strip(), "wrong")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)
    assert not sockets.exists()


async def test_the_last_to_leave_stops_them(place: Place) -> None:
    async with embedded_servers(place.settings) as first:
        other = place.start("share_program.py")
        assert line(other, "postgresql:") == f"{first.database_url} {first.redis_url}"
    # We have left; the other process still works on the same servers.
    (place.state / "go-on").touch()
    said, _ = other.communicate(timeout=30)
    assert said == "1 True\n"
    assert other.returncode == 0
    assert place.processes() == []


async def test_many_at_once_share_one_pair(fresh_place: Place) -> None:
    first, second, third = (EmbeddedServers(fresh_place.settings) for _ in range(3))
    urls = await asyncio.gather(*(asyncio.to_thread(one.enter) for one in (first, second, third)))
    assert len(set(urls)) == 1
    await asyncio.to_thread(second.leave)
    await asyncio.to_thread(first.leave)
    assert await ask(urls[0].database_url, "SELECT 1") == 1
    await asyncio.to_thread(third.leave)
    assert fresh_place.processes() == []


async def test_servers_left_by_a_kill_are_adopted(place: Place) -> None:
    other = place.start("share_program.py")
    line(other, "postgresql:")
    postgres, valkey = place.server("postgres"), place.server("valkey")
    other.kill()
    other.communicate()
    async with embedded_servers(place.settings):
        assert (place.server("postgres"), place.server("valkey")) == (postgres, valkey)
        assert postgres is not None
        assert valkey is not None
    assert place.processes() == []


async def test_kill_of_everything_loses_nothing(place: Place) -> None:
    servers = EmbeddedServers(place.settings)
    urls = await asyncio.to_thread(servers.enter)
    await keep(urls, "a")
    async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
        # everysec: what is older than a second is on disk; ask for it instead of waiting.
        await signals.execute_command("WAITAOF", 1, 0, 5000)
    for process in place.processes():
        process.kill()
    until("all to be gone", lambda: not place.processes())
    async with embedded_servers(place.settings) as again:
        assert await kept(again) == ("a", b"a")
    await asyncio.to_thread(servers.leave)
    assert place.processes() == []


@pytest.mark.parametrize("name", ["postgres", "valkey"])
async def test_heals_one_that_was_killed(place: Place, name: str) -> None:
    servers = EmbeddedServers(place.settings)
    urls = await asyncio.to_thread(servers.enter)
    try:
        await keep(urls, "a")
        async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
            await signals.execute_command("WAITAOF", 1, 0, 5000)
        assert servers.heal() is False
        victim = place.server(name)
        assert victim is not None
        victim.kill()
        until("its death", lambda: not victim.is_running() or victim.status() == "zombie")
        assert await asyncio.to_thread(servers.heal) is True
        assert await kept(urls) == ("a", b"a")
    finally:
        await asyncio.to_thread(servers.leave)
    assert place.processes() == []


async def test_a_stranger_with_the_old_process_number_does_not_block(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        await keep(urls, "a")
        pid_file = place.state / "servers" / "postgres" / "data" / "postmaster.pid"
        text = pid_file.read_text()
        owner = pid_file.stat()
        for process in place.processes():
            process.kill()
        until("all to be gone", lambda: not place.processes())
    # As after a new start of a container, where the old number may have gone to any process of the account.
    account = account_for(pid_file.parent.parent)
    stranger = await asyncio.to_thread(
        subprocess.Popen, ["sleep", "600"], cwd="/", start_new_session=True, **account.spawn_arguments()
    )
    try:
        pid_file.write_text(text.replace(text.splitlines()[0], str(stranger.pid), 1))
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        async with embedded_servers(place.settings) as urls:
            assert await ask(urls.owner_url, "SELECT max(value) FROM kept") == "a"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_socket_folder_open_to_others_is_not_trusted(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        first = socket_folder(urls)
    first.mkdir(mode=0o777)
    first.chmod(0o777)
    note = place.state / "servers" / "sockets"
    note.write_text(f"{first}\n")
    try:
        async with embedded_servers(place.settings) as urls:
            assert socket_folder(urls) != first
            assert list(first.iterdir()) == []
    finally:
        first.rmdir()


async def test_a_torn_append_only_file_is_read_up_to_the_tear(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        await keep(urls, "a")
    newest = max((place.state / "servers" / "valkey" / "appendonlydir").glob("*.incr.aof"))
    with newest.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nke")
    async with embedded_servers(place.settings) as urls:
        assert await kept(urls) == ("a", b"a")


async def test_a_broken_append_only_file_is_set_aside(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        await keep(urls, "a")
    folder = place.state / "servers" / "valkey"
    newest = max((folder / "appendonlydir").glob("*.incr.aof"))
    newest.write_bytes(b"nonsense\r\n" + newest.read_bytes())
    async with embedded_servers(place.settings) as urls:
        assert await kept(urls) == ("a", None)
    assert list(folder.glob("appendonlydir.broken-*"))


async def test_a_lost_socket_folder_is_made_again(place: Place) -> None:
    servers = EmbeddedServers(place.settings)
    urls = await asyncio.to_thread(servers.enter)
    await keep(urls, "a")
    shutil.rmtree(socket_folder(urls))
    async with embedded_servers(place.settings) as again:
        assert (await kept(again))[0] == "a"
    await asyncio.to_thread(servers.leave)
    assert place.processes() == []


async def test_outside_urls_start_nothing(fresh_place: Place) -> None:
    with embedded_postgres() as database_url, embedded_valkey() as redis_url:
        settings = dataclasses.replace(fresh_place.settings, database_url=database_url, redis_url=redis_url)
        async with embedded_servers(settings) as urls:
            assert urls == ServerUrls(database_url, redis_url)
    assert not fresh_place.state.exists()


async def test_one_outside_url_starts_the_other_alone(place: Place) -> None:
    with embedded_valkey() as redis_url:
        settings = dataclasses.replace(place.settings, redis_url=redis_url)
        async with embedded_servers(settings) as urls:
            assert urls.redis_url == redis_url
            assert await ask(urls.database_url, "SELECT 1") == 1
            assert place.server("valkey") is None
    assert place.processes() == []


@pytest.mark.parametrize("binaries", available_postgres(), ids=lambda one: f"{one.origin}-{one.version}")
async def test_every_postgres_here_works(binaries: PostgresBinaries) -> None:
    with embedded_postgres(binaries=binaries) as url:
        version = await ask(url, "SHOW server_version")
        assert str(version).split()[0] == binaries.version
        assert await ask(url, "SHOW fsync") == "off"


@pytest.mark.parametrize("binary", available_valkey(), ids=lambda one: f"{one.origin}-{one.version}")
async def test_every_valkey_here_works(binary: ValkeyBinary) -> None:
    with embedded_valkey(binary=binary) as url:
        async with redis.asyncio.Redis.from_url(url) as signals:
            assert await signals.set("a", "b")


async def test_called_off_while_starting(fresh_place: Place) -> None:
    async def start() -> None:
        async with embedded_servers(fresh_place.settings):
            pytest.fail("was to be called off")

    task = asyncio.create_task(start())
    await asyncio.to_thread(until, "initdb to run", (fresh_place.state / "servers/postgres/data.new").exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert fresh_place.processes() == []
    async with embedded_servers(fresh_place.settings) as urls:
        assert await ask(urls.database_url, "SELECT 1") == 1


async def test_a_kill_during_initdb_leaves_nothing_half_made(fresh_place: Place) -> None:
    other = fresh_place.start("share_program.py")
    draft = fresh_place.state / "servers" / "postgres" / "data.new"
    await asyncio.to_thread(until, "initdb to run", draft.exists)
    other.kill()
    other.communicate()
    async with embedded_servers(fresh_place.settings) as urls:
        assert await ask(urls.database_url, "SELECT 1") == 1
    assert not draft.exists()
    assert fresh_place.processes() == []


async def test_a_lost_password_is_made_anew(place: Place) -> None:
    async with embedded_servers(place.settings) as urls:
        await keep(urls, "a")
    for name in ("password", "service-password"):
        (place.state / "servers" / name).unlink()
    async with embedded_servers(place.settings) as urls:
        assert (await kept(urls))[0] == "a"
        assert await ask(urls.database_url, "SELECT 1") == 1
