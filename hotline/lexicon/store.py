"""The amendments in force, and their files on disk for a reader to load."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.files import ConfigFiles
from hotline.errors import HotlineError
from nlp.amendments import FILES, Amendment, loads, version_of, write_amended
from routing.publishing.service import LEXICON
from routing.publishing.store import queries

#: Beside the promoted models, in the state folder.
FOLDER = "lexicons"


class LexiconUnusable(HotlineError):
    """The stored amendments cannot be read; the message says what to do."""


async def in_force(connection: Any) -> list[Amendment]:
    """The amendments in force; none where nothing was published. Raises LexiconUnusable."""
    kind, name = LEXICON
    row = await queries.in_force(connection, kind=kind, name=name)
    return read_amendments(row["body"], row["version"]) if row else []


def read_amendments(body: str, version: str) -> list[Amendment]:
    """Amendments as they were published. Raises LexiconUnusable."""
    try:
        return loads(body)
    except (KeyError, TypeError, ValueError) as error:
        raise LexiconUnusable(
            f"{version} cannot be read; publish an earlier version again on the page 词库."
        ) from error


async def edited_lexicon(connection: Any, files: ConfigFiles, under: Path) -> Path | None:
    """The folder of the lexicon in force, written below ``under`` where it is missing; None: the files as they are."""
    return await asyncio.to_thread(written, files, await in_force(connection), under)


def written(files: ConfigFiles, amendments: Sequence[Amendment], under: Path) -> Path | None:
    """The folder that holds the files with these amendments; its name begins the version's hash.

    Another release of the product has other files to amend, so its folder is another one.
    """
    if not amendments:
        return None
    plain = replace(files, edited=None)
    shipped = hashlib.sha256("\0".join(plain.read(name) for name in FILES.values()).encode()).hexdigest()[:12]
    folder = under / shipped / version_of(amendments).partition("@")[2]
    if folder.is_dir():
        return folder
    making = folder.with_name(f".{folder.name}")
    shutil.rmtree(making, ignore_errors=True)
    write_amended(plain, amendments, making)
    try:
        making.rename(folder)
    except OSError:
        # another worker of this machine was quicker
        shutil.rmtree(making, ignore_errors=True)
    return folder
