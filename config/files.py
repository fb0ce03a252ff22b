"""The published data files: packaged ones, overlaid file by file by ``HOTLINE_CONFIG_DIR``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.errors import ConfigError

PACKAGED = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """Finds configuration files; a file in ``overlay`` replaces the packaged one of that name."""

    overlay: Path | None = None
    edited: Path | None = None
    """A folder named by the version of what was edited in the console; its files come after ``overlay``'s."""

    def path(self, name: str) -> Path:
        """The file that counts for ``name`` (such as ``policy.toml`` or ``lines/110.toml``).

        Raises ConfigError when neither folder has it.
        """
        for folder in self._folders():
            candidate = folder / name
            if candidate.is_file():
                return candidate
        where = " nor ".join(str(folder) for folder in self._folders())
        raise ConfigError(f"No configuration file {name} in {where}; add it or correct the name.")

    def read(self, name: str) -> str:
        """The text of ``name``, UTF-8."""
        path = self.path(name)
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read as UTF-8 text: {error}.") from error

    def names(self, folder: str, suffix: str) -> list[str]:
        """Names (``folder/file``) of all files with ``suffix`` below ``folder``, both folders joined."""
        found = {f"{folder}/{path.name}" for base in self._folders() for path in _files(base / folder)}
        return sorted(name for name in found if name.endswith(suffix))

    def overlaid(self, name: str) -> bool:
        """Whether the overlay has this file, which locks its editing in the console."""
        return self.overlay is not None and (self.overlay / name).is_file()

    def _folders(self) -> list[Path]:
        return [folder for folder in (self.overlay, self.edited, PACKAGED) if folder is not None]


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_file())
