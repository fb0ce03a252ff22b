"""``hotline serve``."""

from __future__ import annotations

import asyncio
import gc
import sys

from config.settings import load_settings
from hotline import process_metrics
from hotline.app import make_app
from hotline.embedded.servers import embedded_servers
from hotline.logs import configure_logs
from hotline.supervise.ports import address_of, free_port
from hotline.supervise.stopping import stop_event
from hotline.web.listening import check_exposure, listening, make_runner

#: Open streams are ended by then; what still runs is cut off.
SHUTDOWN_S = 1.5


def serve() -> None:
    """Run the web alone."""
    configure_logs("web")
    settings = load_settings()
    check_exposure(settings)

    process_metrics.begin(settings.operation.slow_query_ms)

    async def main() -> None:
        stop = stop_event()
        async with embedded_servers(settings) as urls:
            app = await make_app(settings, urls)
            runner = make_runner(app, shutdown_timeout=SHUTDOWN_S)
            await runner.setup()
            # what was loaded is there for good: a full collection went through all of it and stopped every request for
            # 0.1 s and more; now it looks at what requests have left only
            gc.collect()
            gc.freeze()
            try:
                async with listening(runner, settings, free_port(settings.host, settings.port)) as port:
                    shown = address_of(settings.host, port, https=settings.listening.tls_cert is not None)
                    print(f"listening on {shown}", file=sys.stderr, flush=True)
                    await stop.wait()
            finally:
                await runner.cleanup()

    asyncio.run(main())
