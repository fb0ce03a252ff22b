"""Prometheus metrics of one worker process, served on a port of its own where one is set."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server

from hotline import process_metrics
from hotline.errors import HotlineError

log = structlog.get_logger(__name__)

ROUNDS = Histogram(
    "hotline_worker_round_duration_seconds",
    "Time of a round that had calls to read, by lane",
    ["lane"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
READ = Counter("hotline_worker_calls_read_total", "Calls taken and read, by lane", ["lane"])
SHARPENED = Histogram(
    "hotline_worker_sharpened_duration_seconds",
    "From the newest words of a live call to what both readers say of them",
    buckets=(0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0),
)
ROUNDS_FAILED = Counter("hotline_worker_rounds_failed_total", "Rounds that ended in an error, by lane", ["lane"])
STEPS_FAILED = Counter("hotline_worker_steps_failed_total", "Steps beside reading that failed, by step", ["step"])


#: The web's gauges stand in the same process, unset: told by a worker they would raise every alarm.
SERVED = (ROUNDS, READ, SHARPENED, ROUNDS_FAILED, STEPS_FAILED, *process_metrics.ALL)


class MetricsPortTaken(HotlineError):
    """The port for a worker's metrics cannot be listened on."""


def serve_metrics(host: str, port: int) -> None:
    """Serve this worker's metrics at ``http://host:port/metrics`` from a thread. Raises MetricsPortTaken."""
    registry = CollectorRegistry()
    for metric in SERVED:
        registry.register(metric)
    ProcessCollector(registry=registry)
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise MetricsPortTaken(
            f"The port {port} for a worker's metrics is taken ({error.strerror}): "
            "set HOTLINE_WORKER_METRICS_PORT to another one, or give each worker its own."
        ) from error
    log.info("worker_metrics_listen", host=host, port=port)
