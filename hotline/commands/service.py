"""``hotline run``, ``serve``, ``work`` and ``migrate``."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated

import typer
from rich.console import Console

from config.audit_limits import load_audit_limits
from config.files import ConfigFiles
from config.settings import Settings, load_settings
from hotline import process_metrics
from hotline.audit.chain import audit_key
from hotline.audit.rounds import AuditRounds, checkpoint_file
from hotline.database import open_pool
from hotline.demo.fill import DemoLogin, fill_demo
from hotline.embedded.servers import ServerUrls, embedded_servers
from hotline.published import Published
from hotline.sealing.key_file import make_key_file, read_key_file
from hotline.sealing.opening import check_key_file, open_vault, prepare_vault
from hotline.signals import Signals
from hotline.supervise.children import ChildSpec
from hotline.supervise.ports import address_of, free_port
from hotline.supervise.supervisor import supervise
from hotline.web.listening import check_exposure, listening, make_runner
from hotline.web.logs import configure_logs
from hotline.worker.guarded import COMMAND, GuardedReader
from hotline.worker.metrics import serve_metrics
from hotline.worker.reading_child import SECOND
from hotline.worker.work import Worker
from nlp.deep.embedding import available

#: Open streams are ended by then; what still runs is cut off.
SHUTDOWN_S = 1.5


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def run(
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="demo users and calls on a new database")] = True,
) -> None:
    """Run everything: servers, migrations, web and workers; SIGTERM stops all of it."""
    configure_logs("run")
    settings = load_settings()
    check_exposure(settings)
    check_key_file(settings)
    logins: list[DemoLogin] = []

    async def prepare(urls: ServerUrls) -> None:
        vault = await prepare_vault(settings, urls)
        if demo:
            logins.extend(await fill_demo(settings, urls, vault))

    def on_ready(address: str) -> None:
        console = Console()
        console.print(f"\n[bold]Hotline is ready:[/bold] {address}", highlight=False)
        if logins:
            console.print("Demo log-ins (name / password / role):", highlight=False)
            for login in logins:
                console.print(f"  {login.name:<12} {login.password:<20} {login.label}", highlight=False)
        elif demo:
            console.print("Log-ins: those made before; new ones with: hotline user add NAME --role ROLE")
        else:
            console.print("First log-in: hotline user add NAME --role security (accounts), then --role admin (system)")
        console.print("Stop with Ctrl-C.\n")

    children = [ChildSpec("web", ("serve",), serves=True)]
    first = settings.operation.worker_metrics_port
    for n in range(settings.workers):
        ports = {"HOTLINE_WORKER_METRICS_PORT": str(first + n)} if first else {}
        children.append(ChildSpec(f"worker-{n + 1}", ("work",), environment=ports))
    if settings.database_url is None:
        children.append(ChildSpec("archiver", (), module="hotline.backup.archiver"))
    raise typer.Exit(asyncio.run(supervise(settings, children, prepare=prepare, on_ready=on_ready)))


def serve() -> None:
    """Run the web alone."""
    # pages, templates and API are read by this command only: each of the others starts a third sooner
    from hotline.app import make_app

    configure_logs("web")
    settings = load_settings()
    check_exposure(settings)

    process_metrics.begin(settings.operation.slow_query_ms)

    async def main() -> None:
        stop = _stop_event()
        async with embedded_servers(settings) as urls:
            app = await make_app(settings, urls)
            runner = make_runner(app, shutdown_timeout=SHUTDOWN_S)
            await runner.setup()
            try:
                async with listening(runner, settings, free_port(settings.host, settings.port)) as port:
                    shown = address_of(settings.host, port, https=settings.listening.tls_cert is not None)
                    print(f"listening on {shown}", file=sys.stderr, flush=True)
                    await stop.wait()
            finally:
                await runner.cleanup()

    asyncio.run(main())


def work() -> None:
    """Run one worker alone."""
    configure_logs("worker")
    settings = load_settings()

    process_metrics.begin(settings.operation.slow_query_ms)
    if settings.operation.worker_metrics_port:
        serve_metrics(settings.host, settings.operation.worker_metrics_port)

    async def main() -> None:
        stop = _stop_event()
        files = ConfigFiles(settings.config_dir)
        async with embedded_servers(settings) as urls:
            limits = settings.durability
            vault = await open_vault(settings, urls)
            pool = await open_pool(
                urls.database_url,
                settings.pool_size,
                statement_limit_s=limits.statement_limit_s,
                lock_limit_s=limits.lock_limit_s,
            )
            process_metrics.watch_pool(pool)
            signals = Signals(urls.redis_url)
            traces = None
            if settings.operation.otlp_endpoint is not None:
                from hotline.app import open_traces

                traces = open_traces(settings, vault, "worker")
            reader, apart = GuardedReader(limits.read_limit_s), GuardedReader(limits.read_limit_s)
            # starts with the first live call
            second = GuardedReader(limits.read_limit_s, command=(*COMMAND, SECOND)) if available() else None
            worker = Worker(
                pool,
                signals,
                Published(files),
                vault,
                reader,
                apart=apart,
                lease_s=limits.lease_s,
                live_silence_s=limits.live_silence_s,
                journey=traces,
                models=settings.state_dir / "models",
                second=second,
            )
            # beside the work, so that the record goes on whatever a reading does
            rounds = AuditRounds(
                pool,
                audit_key(vault.ring),
                load_audit_limits(files),
                file=checkpoint_file(settings),
                receiver=settings.syslog,
            )
            auditing = asyncio.create_task(rounds.run())
            try:
                await worker.run(stop)
            finally:
                auditing.cancel()
                await asyncio.gather(auditing, return_exceptions=True)
                reader.close()
                apart.close()
                if second is not None:
                    second.close()
                await signals.close()
                await pool.close()
                if traces is not None:
                    await asyncio.to_thread(traces.close)

    asyncio.run(main())


def migrate_schema() -> None:
    """Bring the schema up to date."""
    settings: Settings = load_settings()

    async def main() -> None:
        async with embedded_servers(settings) as urls:
            await prepare_vault(settings, urls)

    asyncio.run(main())
    print("The schema is up to date.")


def create_key() -> None:
    """Make the secret key where there is none yet (an outside database needs it before the first start)."""
    settings = load_settings()
    if read_key_file(settings.secret_key_file) is None:
        make_key_file(settings.secret_key_file, settings.cipher_suite)
    print(f"The secret key stands in {settings.secret_key_file}; keep a copy apart from the database.")
