"""Limits that keep the service upright: leases, time-outs, how much may wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.environment import whole


@dataclass(frozen=True, slots=True)
class DurabilitySettings:
    """Part of :class:`config.settings.Settings`."""

    lease_s: int
    """A triage job whose worker said nothing for so long is given to another."""
    read_limit_s: int
    """A batch of calls, or one call alone, that is not read after so long has stalled its reader."""
    live_silence_s: int
    """A live call of which nothing was heard for so long is over."""
    statement_limit_s: int
    """A statement that runs longer has gone wrong."""
    lock_limit_s: int
    """A statement that waits longer for a lock gives up."""
    patience_s: int
    """An import waits so long for a database that is away, slow or full before it gives up."""
    intake_bytes: int
    """Bytes of POST /calls and of segments that one web process may hold at a time; more are answered 429."""
    intake_waiting: int
    """Live calls that may wait to be read; while there are more, POST /calls is answered 429."""
    second_queued_s: int
    """Unsure calls queued within so long get the second reading while nobody has taken them; 0: live calls alone do."""


def durability_settings(env: Mapping[str, str]) -> DurabilitySettings:
    """Read them from ``env``. Raises ConfigError."""
    return DurabilitySettings(
        lease_s=whole(env, "HOTLINE_LEASE_S", 60, low=2, high=3600),
        read_limit_s=whole(env, "HOTLINE_READ_LIMIT_S", 20, low=1, high=600),
        live_silence_s=whole(env, "HOTLINE_LIVE_SILENCE_S", 7200, low=1, high=604_800),
        statement_limit_s=whole(env, "HOTLINE_STATEMENT_LIMIT_S", 30, low=1, high=600),
        lock_limit_s=whole(env, "HOTLINE_LOCK_LIMIT_S", 10, low=1, high=600),
        patience_s=whole(env, "HOTLINE_PATIENCE_S", 30, low=0, high=3600),
        intake_bytes=whole(env, "HOTLINE_INTAKE_MIB", 32, low=16, high=4096) * 1024 * 1024,
        intake_waiting=whole(env, "HOTLINE_INTAKE_WAITING", 20_000, low=1, high=10_000_000),
        second_queued_s=whole(env, "HOTLINE_SECOND_QUEUED_S", 900, low=0, high=86_400),
    )
