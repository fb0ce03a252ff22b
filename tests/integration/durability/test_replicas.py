"""Three webs and three workers on one outside PostgreSQL and Redis, killed in turn: the books balance."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.integration.durability.books import balanced
from tests.integration.durability.console import Console, told_once_and_in_order
from tests.integration.durability.feeding import Importing, LivePosting
from tests.integration.durability.replicas import replicas

EACH = 3


def test_three_webs_and_three_workers_killed_in_turn(owner_url: str, redis_url: str, tmp_path: Path) -> None:
    with replicas(owner_url, redis_url, HOTLINE_LEASE_S="10") as cluster, contextlib.ExitStack() as ending:
        cluster.run_many(EACH, EACH)
        # each stays with one web, and so is cut off when that one is killed
        consoles = [Console(cluster, [port]) for port in cluster.ports]
        for console in consoles:
            ending.callback(console.close)
        posting = LivePosting(cluster, "many")
        importing = Importing(cluster, tmp_path, "many")
        try:
            for number in range(EACH):
                for name in (f"work-{number}", f"serve-{number}"):
                    cluster.kill(name)
                    # work goes on without it before it comes back
                    posting.wait_for_more()
                    cluster.start_again(name)
                # in turn: the next web is killed when this one is back
                cluster.web_ready(number)
            posting.wait_for_more()
            posting.ease()
            importing.finished()
        finally:
            posting.end()
        balanced(cluster, "many", posting, importing)
        for console in consoles:
            told_once_and_in_order(console, owner_url)
            assert console.cut_off, "it was not cut off"
