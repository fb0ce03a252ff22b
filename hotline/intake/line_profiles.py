"""The line profiles in force: files, and over them what was published on this installation."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from config.errors import ConfigError
from config.files import ConfigFiles
from hotline.intake.api_record import profiles_by_line
from hotline.intake.errors import ProfileError, ProfileNotFound
from hotline.intake.profile import Profile, load_profiles, parse_profile
from routing.sql import load_queries

queries = load_queries(__file__)
log = structlog.get_logger(__name__)

#: Processes change over to a newly published profile within this time.
REFRESH_S = 5.0
KIND = "line"
#: The version of a profile that was never published here.
SHIPPED = "file"


@dataclass(frozen=True, slots=True)
class LineProfile:
    """One profile with where it comes from."""

    stem: str
    """Name of the file without folder and ending; what ``--line`` takes."""
    text: str
    version: str
    profile: Profile
    locked: bool
    """The configuration folder has this file: it is edited there."""
    published_at: datetime | None = None
    published_by: str | None = None

    @property
    def name(self) -> str:
        """Name below the configuration folder."""
        return file_name(self.stem)


def file_name(stem: str) -> str:
    """The file of a profile, below the configuration folder."""
    return f"lines/{stem}.toml"


class LineProfiles(Mapping[str, Profile]):
    """Profile by line, as intake asks; ``entries`` holds every profile by stem."""

    def __init__(self, files: ConfigFiles) -> None:
        """Raises ProfileError for the first file that cannot be used: the service does not start."""
        self._files = files
        self._shipped = {stem: self._of_file(stem, profile) for stem, profile in load_profiles(files).items()}
        self._read_at = 0.0
        self._take([])

    def __getitem__(self, line: str) -> Profile:
        """The profile of a line. Raises KeyError."""
        return self._by_line[line]

    def __iter__(self) -> Iterator[str]:
        """The lines."""
        return iter(self._by_line)

    def __len__(self) -> int:
        """How many lines have a profile."""
        return len(self._by_line)

    async def refresh(self, pool: Any, *, force: bool = False) -> None:
        """Read what is published when the last reading is older than ``REFRESH_S``."""
        if not force and time.monotonic() - self._read_at < REFRESH_S:
            return
        before, self._read_at = self._read_at, time.monotonic()
        try:
            async with pool.acquire() as connection:
                rows = await queries.published_profiles(connection)
        except BaseException:
            self._read_at = before
            raise
        self._take(rows)

    def entry(self, stem: str) -> LineProfile:
        """One profile. Raises ProfileNotFound listing what there is."""
        if stem not in self.entries:
            raise ProfileNotFound(f"没有名为 {stem} 的线路档案；现有：{'、'.join(sorted(self.entries))}。")
        return self.entries[stem]

    def _take(self, rows: Any) -> None:
        entries = dict(self._shipped)
        for row in rows:
            stem = row["name"].removeprefix("lines/").removesuffix(".toml")
            if stem in entries and entries[stem].locked:
                continue
            try:
                profile = parse_profile(row["name"], row["body"])
            except ProfileError as error:
                # checked before it was published; one made by newer code can still be unreadable here
                log.error("published_profile_unusable", name=row["name"], error=str(error))
                continue
            entries[stem] = LineProfile(
                stem, row["body"], row["version"], profile, False, row["published_at"], row["by"]
            )
        self.entries: dict[str, LineProfile] = entries
        self._by_line = profiles_by_line({stem: entry.profile for stem, entry in entries.items()})

    def _of_file(self, stem: str, profile: Profile) -> LineProfile:
        try:
            text = self._files.read(file_name(stem))
        except ConfigError as error:
            raise ProfileError(str(error)) from error
        return LineProfile(stem, text, SHIPPED, profile, self._files.overlaid(file_name(stem)))
