"""Compiles the C files of this folder into one shared library beside them.

Done when the project is installed or its wheel is built (tools/hatch_kernel.py); ``python nlp/kernel/build.py``
does it by hand. Without a C compiler nothing is built and the reader works on numpy and rjieba, several
times slower.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LIBRARY = FOLDER / "_kernel.so"
SOURCE = "kernel.c"
_PARTS = (SOURCE, "kernel.h", "trie.c", "cut.c", "score.c", "build.py")
# Products and sums stay apart, as jieba's do: contracted ones would cut some texts otherwise.
FLAGS = ("-std=gnu99", "-D_GNU_SOURCE", "-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fno-semantic-interposition")


def compiler() -> list[str] | None:
    """The C compiler's command: ``CC`` where it is set, else Python's own, cc, gcc or clang; None without any."""
    for command in (os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc", "gcc", "clang"):
        words = shlex.split(command or "")
        if words and shutil.which(words[0]):
            return words
    return None


def up_to_date() -> bool:
    """Whether the library is at least as new as its sources."""
    if not LIBRARY.is_file():
        return False
    made = LIBRARY.stat().st_mtime
    return all((FOLDER / name).stat().st_mtime <= made for name in _PARTS)


def build() -> str | None:
    """Compile; None when it was done, else the reason why not. A library that cannot be renewed is removed."""
    if up_to_date():
        return None
    LIBRARY.unlink(missing_ok=True)
    command = compiler()
    if command is None:
        return "no C compiler was found"
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        made = Path(folder) / LIBRARY.name
        run = subprocess.run(
            [*command, *FLAGS, "-o", str(made), str(FOLDER / SOURCE), "-lm"],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            return (run.stderr or run.stdout).strip() or f"{command[0]} ended with {run.returncode}"
        # Renamed in one step: a process that reads calls meanwhile keeps the library it has open.
        made.replace(LIBRARY)
    return None


if __name__ == "__main__":
    reason = build()
    if reason:
        sys.exit(f"The kernel was not built: {reason}. The reader works without it, several times slower.")
