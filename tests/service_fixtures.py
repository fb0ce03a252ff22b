"""The real service for tests: PostgreSQL and Valkey of their own, a template database cloned per test."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from argon2 import PasswordHasher

from config.files import ConfigFiles
from config.settings import Settings, load_settings
from hotline.accounts import passwords
from hotline.accounts.store import add_token, add_user
from hotline.app import make_app
from hotline.database import open_pool
from hotline.embedded.binaries import available_postgres
from hotline.embedded.postgres import SERVICE
from hotline.embedded.servers import ServerUrls
from hotline.embedded.throwaway import embedded_postgres_roles, embedded_valkey
from hotline.migrations.migrate import grant_service, migrate
from hotline.published import Published
from hotline.sealing.key_file import DataKey, KeyRing
from hotline.sealing.vault import FileVault
from hotline.signals import Signals
from hotline.web.keys import SERVICES, Services
from hotline.web.listening import make_runner
from hotline.worker.work import Worker
from nlp import load_reader
from nlp.classification import Reader
from tests.databases import drop_database
from tests.quick_folders import passable, quick_base
from tests.time_limits import all_tasks

#: ``wheel`` (default) or ``system``: which PostgreSQL the integration tests run against.
WHICH_POSTGRES = "HOTLINE_TEST_POSTGRES"
TEMPLATE = "hotline_template"
#: How long what a test waits for may take on a machine that runs much else; nothing here is a measurement.
PATIENCE_S = 120.0
#: Between two looks at what a test waits for: at once for what comes at once, then longer and longer, so that what is
#: waited for is not held up by the asking.
FIRST_PAUSE_S, LONGEST_PAUSE_S, LONGER = 0.03, 0.2, 1.3


@pytest.fixture(scope="session")
def shipped_hasher() -> PasswordHasher:
    """What the service hashes passwords with."""
    return passwords._hasher


@pytest.fixture(scope="session", autouse=True)
def cheap_hashing(shipped_hasher: PasswordHasher) -> Iterator[None]:
    """Argon2id with little memory: nearly every test makes accounts, and what it tests does not hang on the cost."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


def with_database(url: str, name: str) -> str:
    """``url`` with another database name."""
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"


@pytest.fixture(scope="session")
def postgres_urls() -> Iterator[tuple[str, str]]:
    """A running PostgreSQL, as its owner and as the service's role; the wheel's, or the machine's own where the
    environment says so."""
    wanted = os.environ.get(WHICH_POSTGRES, "wheel")
    found = available_postgres()
    chosen = found[0] if wanted == "wheel" else found[-1]
    if wanted == "system" and len(found) < 2:
        pytest.skip("no PostgreSQL of the machine beside the wheel's")
    with passable(quick_base(), "hotline-test-") as folder, embedded_postgres_roles(folder, chosen) as urls:
        yield urls


@pytest.fixture(scope="session")
def postgres_url(postgres_urls: tuple[str, str]) -> str:
    """The running PostgreSQL as the owner of its tables, who may create databases."""
    return postgres_urls[0]


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A running Valkey."""
    with embedded_valkey() as url:
        yield url


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """A migrated database, copied for each test."""

    async def make() -> None:
        admin = await asyncpg.connect(postgres_url)
        try:
            await admin.execute(f"create database {TEMPLATE}")
        finally:
            await admin.close()
        await migrate(with_database(postgres_url, TEMPLATE))
        await grant_service(with_database(postgres_url, TEMPLATE), SERVICE)

    asyncio.run(make())
    return TEMPLATE


@asynccontextmanager
async def fresh_database(postgres_urls: tuple[str, str], template: str) -> AsyncIterator[ServerUrls]:
    """A copy of the migrated database, as the service's role and as its owner; gone afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(postgres_urls[0])
    try:
        await admin.execute(f"create database {name} template {template} strategy file_copy")
        yield ServerUrls(with_database(postgres_urls[1], name), "", owner_url=with_database(postgres_urls[0], name))
        await drop_database(admin, name)
    finally:
        await admin.close()


@pytest.fixture
async def database_url(postgres_urls: tuple[str, str], template_database: str) -> AsyncIterator[str]:
    """A database of this test's own, as the service's role: a missing grant shows."""
    async with fresh_database(postgres_urls, template_database) as urls:
        yield urls.database_url


@pytest.fixture
def owner_url(postgres_url: str, database_url: str) -> str:
    """The test's database as the owner of its tables."""
    return with_database(postgres_url, database_url.partition("?")[0].rpartition("/")[2])


@pytest.fixture
async def redis_url(redis_server: str) -> str:
    """An empty Valkey."""
    import redis.asyncio as redis

    client = redis.Redis.from_url(redis_server)
    await client.flushall()
    await client.aclose()
    return redis_server


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    """A pool on this test's database."""
    opened = await open_pool(database_url, 10)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The shipped model."""
    return load_reader()


def some_vault() -> FileVault:
    """A vault with keys of no worth, for tests that store by the domain's own functions."""
    return FileVault(Path("/nowhere"), KeyRing("intl", b"l" * 32, {1: DataKey(1, "intl", b"d" * 32)}))


@dataclass(slots=True)
class RunningService:
    """The web on a free port and, on demand, a worker; requests by role."""

    address: str
    services: Services
    database_url: str
    redis_url: str
    reader: Reader
    session: aiohttp.ClientSession
    _tokens: dict[str, str] = field(default_factory=dict)
    _stop: asyncio.Event | None = None
    _working: asyncio.Task[None] | None = None

    @property
    def pool(self) -> Any:
        """The web's own pool."""
        return self.services.pool

    async def token(self, role: str, user: str | None = None) -> str:
        """A token of a service agent with this role, or of ``user`` (made when missing)."""
        key = user or role
        if key not in self._tokens:
            if user is not None:
                await add_user(self.pool, user, role, display_name=user, password="a long password")
            self._tokens[key] = await add_token(self.pool, role, user=user)
        return self._tokens[key]

    async def request(
        self, method: str, path: str, *, role: str = "admin", user: str | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Status and JSON body (None without one) of a request to /api/v1."""
        headers = {"Authorization": f"Bearer {await self.token(role, user)}", **options.pop("headers", {})}
        async with self.session.request(method, f"{self.address}/api/v1{path}", headers=headers, **options) as answer:
            body = await answer.json(content_type=None) if answer.status != 204 else None
            return answer.status, body

    async def post_calls(self, *calls: dict[str, Any]) -> dict[str, Any]:
        """Post calls as a line; the answer."""
        status, body = await self.request("POST", "/calls", role="line", json=list(calls))
        assert status == 202, body
        return body  # type: ignore[no-any-return]

    async def start_worker(self, *, reader: Reader | None = None, **options: Any) -> None:
        """Run a worker beside the web; ``options`` as for Worker."""
        self._stop = asyncio.Event()
        signals = Signals(self.redis_url)
        published = Published(ConfigFiles())
        worker = Worker(self.pool, signals, published, self.services.vault, reader or self.reader, **options)

        async def work() -> None:
            await worker.run(self._stop)  # type: ignore[arg-type]
            await signals.close()

        self._working = asyncio.create_task(work())

    async def stop_worker(self) -> None:
        """Stop it again."""
        if self._working is not None and self._stop is not None:
            self._stop.set()
            _, late = await asyncio.wait([self._working], timeout=PATIENCE_S)
            if late:
                pytest.fail(f"the worker did not end within {PATIENCE_S} s; what still runs:\n{all_tasks()}")
            await self._working
            self._working = None

    async def call_in(self, call_id: int, *states: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The call's page once it is in one of ``states``."""

        async def look() -> dict[str, Any] | None:
            status, page = await self.request("GET", f"/calls/{call_id}", role="manager")
            assert status == 200, page
            return page if page["call"]["state"] in states else None

        return await eventually(look, within_s=within_s)


async def eventually(look: Callable[[], Awaitable[Any]], *, within_s: float = PATIENCE_S) -> Any:
    """The first answer of ``look`` that is true; fails after ``within_s`` with the last one."""
    deadline = asyncio.get_running_loop().time() + within_s
    pause_s = FIRST_PAUSE_S
    while True:
        found = await look()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not within {within_s} s; last answer: {found!r}")
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * LONGER, LONGEST_PAUSE_S)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state folder of this test's own."""
    return replace(load_settings({"HOTLINE_STATE_DIR": str(tmp_path / "state")}), port=0, pool_size=10)


@asynccontextmanager
async def running_service(
    settings: Settings, database_url: str, redis_url: str, reader: Reader
) -> AsyncIterator[RunningService]:
    """The web on a free port, in the loop that enters; ``start_worker`` adds a worker."""
    app = await make_app(settings, ServerUrls(database_url, redis_url))
    runner = make_runner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        running = RunningService(f"http://127.0.0.1:{port}", app[SERVICES], database_url, redis_url, reader, session)
        yield running
        await running.stop_worker()
    await runner.cleanup()


@pytest.fixture
async def service(
    settings: Settings, database_url: str, redis_url: str, reader: Reader
) -> AsyncIterator[RunningService]:
    """The web, running on a free port with a database of its own."""
    async with running_service(settings, database_url, redis_url, reader) as running:
        yield running


@dataclass(slots=True)
class CallMaker:
    """Makes call records as a line sends them."""

    count: int = 0

    def __call__(self, text: str, **fields: Any) -> dict[str, Any]:
        """One call; every field may be overridden."""
        self.count += 1
        return {
            "line": "12345",
            "external_id": f"T{self.count:06d}",
            "received_at": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
            "caller_number": f"138{self.count:08d}",
            "transcript": text,
            **fields,
        }


@pytest.fixture
def call() -> CallMaker:
    """See :class:`CallMaker`."""
    return CallMaker()
