"""What tracing costs a worker: rounds of 100 calls with and without it, by turns, in one run.

    .venv/bin/python benchmarks/tracing.py [--calls 6000]

The collector is a local one that reads and forgets. Without a collector a round asks the clock three times and
finds nobody to tell; that is printed, too, as time a call.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from machine import machine

from benchmarks.pipeline import VAULT, records
from config.files import ConfigFiles
from hotline.database import open_pool
from hotline.embedded.throwaway import embedded_postgres
from hotline.intake.store import store_batch
from hotline.migrations.migrate import migrate
from hotline.published import Published
from hotline.tracing import CallTraces
from nlp import load_reader
from routing.journey import Journey
from routing.triage.service import TriageContext, triage_round


class _Forget(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


async def run(url: str, count: int, collector: str) -> None:
    """Store, then read by turns."""
    await migrate(url)
    pool = await open_pool(url, 4)
    files = ConfigFiles()
    published = Published(files)
    plain = TriageContext(load_reader(None, files), published.policy, published.duty, VAULT, "benchmark")
    traces = CallTraces(collector, VAULT, process="worker", percent=100)
    traced = replace(plain, journey=traces)
    made = records(count)
    for start in range(0, count, 500):
        await store_batch(pool, made[start : start + 500], intake="backlog", vault=VAULT)
    await triage_round(pool, plain, limit=100)
    await triage_round(pool, traced, limit=100)
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    done, turn = 1, 0
    while done:
        name, context = (("without", plain), ("with", traced))[turn % 2]
        begun = time.perf_counter()
        done = await triage_round(pool, context, limit=100)
        if done == 100:
            seconds[name].append(time.perf_counter() - begun)
        turn += 1
    await asyncio.to_thread(traces.close)
    await pool.close()
    median = {name: sorted(took)[len(took) // 2] * 10 for name, took in seconds.items()}
    print(
        f"{len(seconds['with'])} rounds each: without {median['without']:.3f} ms a call, with {median['with']:.3f} ms"
    )
    print(f"ratio {median['with'] / median['without']:.3f}")
    nobody: Journey | None = None
    begun = time.perf_counter()
    for _ in range(100_000):
        time.time_ns()
        time.time_ns()
        time.time_ns()
        if nobody is not None:
            break
    print(f"off: {(time.perf_counter() - begun) * 1e9 / 100_000:.0f} ns a round of up to 100 calls")


def main() -> None:
    """Start the server and run."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", type=int, default=6_000)
    options = parser.parse_args()
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), _Forget)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with embedded_postgres(durable=True) as url:
        asyncio.run(run(url, options.calls, f"http://127.0.0.1:{receiver.server_port}"))
    receiver.shutdown()


if __name__ == "__main__":
    main()
