"""What is in force now: policy, rosters, the model's name. Re-read on signal or every few seconds."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import structlog

from config.files import ConfigFiles
from routing.danger.escalation import Listener
from routing.danger.settings import DangerSettings, load_danger
from routing.errors import PolicyError
from routing.policy.loading import load_policy, read_policy
from routing.policy.settings import Policy
from routing.policy.workdays import Workdays
from routing.publishing.service import POLICY
from routing.publishing.store import queries
from routing.rosters.days import EnteredDay, with_entered
from routing.rosters.roster import SHIFT_LEADERS
from routing.rosters.service import entered_days
from routing.rosters.store import DutyBook, load_duty_book
from routing.statistics.indicators import Indicators, load_indicators
from routing.statistics.store import keep_limits

log = structlog.get_logger(__name__)

#: Processes change over to a newly published policy or roster within this time, with or without signals.
REFRESH_S = 5.0


class Published:
    """The policy and the rosters in force; ``policy`` and ``duty`` may be asked at any time."""

    def __init__(self, files: ConfigFiles) -> None:
        """Raises PolicyError or ConfigError when policy, indicators or danger cannot be used: the service does not
        start."""
        self.files = files
        self.policy: Policy = read_policy(files)
        self.file_policy = self._base = self.policy
        """The policy of the files: in force while nothing was published."""
        self.file_calendar: Workdays = self.policy.calendar
        """The policy's own calendar, without the days entered in the console."""
        self._entered: dict[date, EnteredDay] = {}
        self.indicators: Indicators = load_indicators(files)
        self.danger: DangerSettings = load_danger(files)
        self._book = DutyBook({})
        self._version: str | None = None
        self._kept: Policy | None = None
        self._read_at = 0.0

    @property
    def book(self) -> DutyBook:
        """Who is on duty, by queue."""
        return self._book

    def duty(self, queue: str, at: datetime) -> int:
        """How many are on duty for a queue."""
        return self._book.count(queue, at)

    def listener(self, user_id: int, role: str, at: datetime) -> Listener:
        """A person at a console, as a danger alarm sees them.

        Shift leaders are who is on that roster; while nobody is, every manager stands in, so that an alarm never goes
        on to nobody.
        """
        leaders = self._book.people(SHIFT_LEADERS, at)
        return Listener(user_id, role, user_id in leaders if leaders else role == "manager")

    async def refresh(self, pool: Any, *, force: bool = False) -> None:
        """Read policy and rosters again when the last reading is older than ``REFRESH_S``."""
        if not force and time.monotonic() - self._read_at < REFRESH_S:
            return
        # set before the reading: who asks meanwhile goes on with what is known instead of reading it too
        before, self._read_at = self._read_at, time.monotonic()
        try:
            async with pool.acquire() as connection:
                self._book = await load_duty_book(connection)
                self._entered = await entered_days(connection, date.min, date.max)
                kind, name = POLICY
                locked = self.files.overlaid(name)
                row = None if locked else await queries.in_force(connection, kind=kind, name=name)
        except BaseException:
            self._read_at = before
            raise
        self._take(row)
        self.file_calendar = self._base.calendar
        self.policy = replace(self._base, calendar=with_entered(self.file_calendar, self._entered))
        if self._base is not self._kept:
            async with pool.acquire() as connection:
                await keep_limits(connection, self.policy)
            self._kept = self._base

    def draft(self, text: str) -> Policy:
        """A policy text as it would be in force, the days entered in the console included. Raises PolicyError."""
        made = load_policy(text, "policy.toml", self.files)
        return replace(made, calendar=with_entered(made.calendar, self._entered))

    def _take(self, row: Any) -> None:
        version = row["version"] if row else None
        if version == self._version:
            return
        try:
            self._base = load_policy(row["body"], f"policy {version}", self.files) if row else self.file_policy
        except PolicyError as error:
            # the console validates before it publishes; a version made by newer code can still be unreadable here
            log.error("published_policy_unusable", version=version, error=str(error))
        self._version = version
