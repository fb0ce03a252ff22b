"""Prometheus metrics every process of ours has: its build, its pool, its slow queries.

What the service as a whole holds (queues, backlog, alarms) is read from PostgreSQL by the web's ``/metrics``
(:mod:`hotline.web.metrics`); what one process does is counted in it and served by it. docs/adr/0027 tells why.
"""

from __future__ import annotations

import platform
from typing import Any

from prometheus_client import Counter, Gauge

from hotline import __version__
from routing.sql import SLOW

BUILD = Gauge("hotline_build_info", "1; the version that runs", ["version", "python"])
POOL = Gauge("hotline_database_pool_connections", "Connections to PostgreSQL by state", ["state"])
POOL_MAX = Gauge("hotline_database_pool_max_connections", "Connections this process may hold")
SLOW_QUERIES = Counter("hotline_slow_queries_total", "Queries over HOTLINE_SLOW_QUERY_MS, by name", ["query"])

ALL = (BUILD, POOL, POOL_MAX, SLOW_QUERIES)


def begin(slow_query_ms: int) -> None:
    """Say what runs, and count and log slow queries from now on."""
    BUILD.labels(__version__, platform.python_version()).set(1)
    SLOW.watch(slow_query_ms, lambda name: SLOW_QUERIES.labels(name).inc())


def gather_pool(pool: Any) -> None:
    """Read how full the pool is."""
    idle = pool.get_idle_size()
    POOL.labels("idle").set(idle)
    POOL.labels("used").set(pool.get_size() - idle)
    POOL_MAX.set(pool.get_max_size())


def watch_pool(pool: Any) -> None:
    """Have the pool read whenever the metrics are, for a process that gathers nothing else."""
    POOL.labels("idle").set_function(pool.get_idle_size)
    POOL.labels("used").set_function(lambda: pool.get_size() - pool.get_idle_size())
    POOL_MAX.set_function(pool.get_max_size)
