"""The embedded PostgreSQL's side of the WAL archive: finished log goes into a folder beside the data.

The server hands each finished segment to a small script (``archive_command``), which copies it into the
folder ``wal-waiting`` (its time of last writing with it); :mod:`hotline.backup` seals it from there into the
backup folder. Three things follow from this being two steps. The server needs no key and no access to the
backups. Where the folder ``wal-waiting`` is not there, nothing is archived, so archiving begins with the first
``hotline backup`` without a restart. And the script never fails: when more than the allowed number of segments
wait, or the disk is full, it drops the segment and notes its name in ``wal-dropped``, because a server whose
``archive_command`` fails keeps all its log until the disk is full and then stops.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from hotline.embedded.folders import StateFolder

SEGMENT_BYTES = 16 * 1024 * 1024
WAITING = "wal-waiting"
DROPPED = "wal-dropped"
LIMIT_FILE = "wal-waiting-limit"
SCRIPT = "archive.sh"
ROLE = "hotline_backup"

#: Run by the server in its data folder; $1 is the path of the segment there, $2 its name.
SCRIPT_TEXT = f"""\
# Written at each start of PostgreSQL by hotline; hotline/embedded/archiving.py tells what it does.
[ -d ../{WAITING} ] || exit 0
drop() {{
    rm -f "../{WAITING}/$2.part"
    echo "$2" >> ../{DROPPED}
    exit 0
}}
limit=$(cat ../{LIMIT_FILE} 2>/dev/null || echo 128)
waiting=0
for one in ../{WAITING}/*; do waiting=$((waiting + 1)); done
[ "$waiting" -le "$limit" ] || drop "$@"
cp -p "$1" "../{WAITING}/$2.part" 2>/dev/null || {{ sleep 1; cp -p "$1" "../{WAITING}/$2.part" || drop "$@"; }}
sync "../{WAITING}/$2.part" 2>/dev/null || sync
mv "../{WAITING}/$2.part" "../{WAITING}/$2" || drop "$@"
"""
OPTIONS = ("-c", "archive_mode=on", "-c", f"archive_command=/bin/sh ../{SCRIPT} %p %f", "-c", "archive_timeout=0")

#: To be run in the maintenance database: the role may finish a segment, and it reads no table.
GRANT = f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {ROLE};"


def write_script(state: StateFolder) -> None:
    """Put the script where the server runs it."""
    path = state.postgres / SCRIPT
    draft = path.with_suffix(".new")
    draft.write_text(SCRIPT_TEXT, encoding="utf-8")
    draft.chmod(0o600)
    state.account.own(draft)
    draft.replace(path)


def waiting_folder(state: StateFolder) -> Path:
    """Where finished segments wait to be sealed; there once archiving has begun."""
    return state.postgres / WAITING


def begin(state: StateFolder, waiting_mib: int) -> None:
    """Begin archiving, or keep it up: at most ``waiting_mib`` of log wait."""
    limit = state.postgres / LIMIT_FILE
    draft = limit.with_suffix(".new")
    draft.write_text(f"{max(1, waiting_mib * 1024 * 1024 // SEGMENT_BYTES)}\n", encoding="ascii")
    draft.chmod(0o600)
    state.account.own(draft)
    draft.replace(limit)
    state.make_own(waiting_folder(state))


def hand_over_history(state: StateFolder, data: Path) -> None:
    """After a restore: let the archive know of the timeline it began. The server archives only what it makes itself."""
    if not waiting_folder(state).is_dir():
        return
    for history in sorted((data / "pg_wal").glob("*.history")):
        draft = waiting_folder(state) / f"{history.name}.part"
        shutil.copyfile(history, draft)
        state.account.own(draft)
        draft.replace(draft.with_suffix(""))


def dropped(state: StateFolder) -> list[str]:
    """The segments that were not archived, oldest first."""
    try:
        return (state.postgres / DROPPED).read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return []


def forget_dropped(state: StateFolder, names: Collection[str]) -> None:
    """A new base backup lies behind these gaps; they matter no more."""
    path = state.postgres / DROPPED
    left = [name for name in dropped(state) if name not in names]
    if left:
        path.write_text("".join(f"{name}\n" for name in left), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
