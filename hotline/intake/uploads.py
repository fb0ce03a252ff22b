"""Files that come up by a page: held in memory and never on a disk, though readers want a path."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def suffix_of(name: str) -> str:
    """The ending of a file's name, in small letters; empty where it has none that could be one."""
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


@contextmanager
def as_path(data: bytes, stem: str, suffix: str) -> Iterator[Path]:
    """``data`` under a path of this process alone, called ``stem`` + ``suffix``; gone afterwards.

    The bytes stand in anonymous memory (memfd_create); what lies in the folder
    is a link to it. Exports hold callers' data: nothing of it may stay on a disk.
    """
    descriptor = os.memfd_create("upload", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        with tempfile.TemporaryDirectory(prefix="hotline-upload-") as folder:
            path = Path(folder) / f"{stem}{suffix}"
            path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
            yield path
    finally:
        os.close(descriptor)
