"""``hotline work``."""

from __future__ import annotations

import asyncio

from config.audit_limits import load_audit_limits
from config.files import ConfigFiles
from config.settings import load_settings
from hotline import process_metrics
from hotline.audit.chain import audit_key
from hotline.audit.reach import warn_of_reach
from hotline.audit.rounds import AuditRounds, checkpoint_file
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import embedded_servers
from hotline.ending import end_tasks
from hotline.logs import configure_logs
from hotline.published import Published
from hotline.sealing.opening import open_vault
from hotline.signals import Signals
from hotline.supervise.stopping import stop_event
from hotline.worker.guarded import COMMAND, GuardedReader
from hotline.worker.metrics import serve_metrics
from hotline.worker.reading_child import SECOND
from hotline.worker.work import Worker
from nlp.deep.embedding import available


def work() -> None:
    """Run one worker alone."""
    configure_logs("worker")
    settings = load_settings()

    process_metrics.begin(settings.operation.slow_query_ms)
    if settings.operation.worker_metrics_port:
        serve_metrics(settings.host, settings.operation.worker_metrics_port)

    async def main() -> None:
        stop = stop_event()
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
            async with pool.acquire() as connection:
                await warn_of_reach(connection)
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
                rejects=settings.state_dir / "rejects",
                second=second,
                second_queued_s=limits.second_queued_s,
            )
            # beside the work, so that the record goes on whatever a reading does
            rounds = AuditRounds(
                pool,
                audit_key(vault.ring),
                load_audit_limits(files),
                file=checkpoint_file(settings),
                receiver=settings.syslog,
                vault=vault,
            )
            auditing = asyncio.create_task(rounds.run())
            try:
                await worker.run(stop)
            finally:
                await end_tasks([auditing])
                reader.close()
                apart.close()
                if second is not None:
                    second.close()
                await signals.close()
                await close_pool(pool)
                if traces is not None:
                    await asyncio.to_thread(traces.close)

    asyncio.run(main())
