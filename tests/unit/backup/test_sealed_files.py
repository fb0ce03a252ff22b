"""Sealed backup files: what is changed, cut, added, swapped or opened with another key is noticed."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.operation import SuiteName
from config.settings import load_settings
from hotline.backup.errors import BackupKeyError, DamagedBackup
from hotline.backup.key import BackupKey, ensure_key, read_key
from hotline.backup.sealed import CHUNK_BYTES, Sealer, opened
from hotline.backup.wal import Timeline, format_lsn, parse_lsn, reach, segment_name, segment_number

SEGMENT_BYTES = 16 * 1024 * 1024


@pytest.fixture
def key(tmp_path: Path) -> BackupKey:
    return BackupKey(secrets.token_bytes(32), tmp_path / "backup.key")


def sealed(path: Path, key: BackupKey, data: bytes, suite: SuiteName = "intl") -> bytes:
    with Sealer(path, key, suite, {"kind": "test"}) as sealer:
        for start in range(0, len(data), 300_000):
            sealer.write(data[start : start + 300_000])
    assert sealer.written is not None
    assert sealer.written.size == path.stat().st_size
    assert sealer.written.plain_size == len(data)
    return path.read_bytes()


@pytest.mark.parametrize("suite", ["intl", "sm"])
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 17])
def test_what_was_sealed_is_opened(tmp_path: Path, key: BackupKey, suite: SuiteName, size: int) -> None:
    data = random.Random(size).randbytes(size)
    path = tmp_path / "base.sealed"
    raw = sealed(path, key, data, suite)
    assert b"".join(opened(path, key)) == data
    assert size < 100 or data[:50] not in raw
    assert [one.name for one in tmp_path.iterdir()] == ["base.sealed"]


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_every_change_is_noticed_and_the_file_is_named(tmp_path: Path, key: BackupKey, suite: SuiteName) -> None:
    path = tmp_path / "base.sealed"
    raw = sealed(path, key, random.Random(1).randbytes(2 * CHUNK_BYTES + 17), suite)
    begin = raw.index(b"}") + 1
    first = begin + 4 + CHUNK_BYTES + 16
    changed = {
        "cut by a byte": raw[:-1],
        "cut between chunks": raw[:first],
        "a byte added": raw + b"x",
        "a bit of the header": raw.replace(b'"kind":"test"', b'"kind":"tesT"'),
        "a bit of a chunk": raw[: begin + 99] + bytes([raw[begin + 99] ^ 1]) + raw[begin + 100 :],
        "chunks swapped": raw[:begin] + raw[first : 2 * first - begin] + raw[begin:first] + raw[2 * first - begin :],
        "no header": b"HLBACKUP1\n",
        "empty": b"",
    }
    for what, bad in changed.items():
        assert bad != raw, what
        path.write_bytes(bad)
        with pytest.raises(DamagedBackup, match=r"base\.sealed"):
            b"".join(opened(path, key))


def test_a_file_under_another_name_is_noticed(tmp_path: Path, key: BackupKey) -> None:
    path = tmp_path / "000000010000000000000001.sealed"
    sealed(path, key, b"a segment")
    path.rename(tmp_path / "000000010000000000000002.sealed")
    with pytest.raises(DamagedBackup, match="000000010000000000000001"):
        b"".join(opened(tmp_path / "000000010000000000000002.sealed", key))


def test_another_key_is_one_sentence(tmp_path: Path, key: BackupKey) -> None:
    path = tmp_path / "base.sealed"
    sealed(path, key, b"data")
    other = BackupKey(secrets.token_bytes(32), tmp_path / "other.key")
    with pytest.raises(BackupKeyError) as caught:
        b"".join(opened(path, other))
    said = str(caught.value)
    assert key.id in said
    assert other.id in said
    assert "HOTLINE_BACKUP_KEY_FILE" in said
    assert "\n" not in said


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path, key: BackupKey) -> None:
    def cut_short() -> None:
        with Sealer(tmp_path / "x.sealed", key, "intl", {}) as sealer:
            sealer.write(b"some")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        cut_short()
    assert list(tmp_path.iterdir()) == []


def test_the_key_lies_apart_is_private_and_never_made_over_old_backups(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="HOTLINE_BACKUP_KEY_FILE"):
        load_settings(
            {"HOTLINE_STATE_DIR": str(tmp_path), "HOTLINE_BACKUP_KEY_FILE": str(tmp_path / "backups" / "k" / "key")}
        )
    settings = load_settings({"HOTLINE_STATE_DIR": str(tmp_path)})
    backup = settings.operation.backup
    with pytest.raises(BackupKeyError, match="no backup key"):
        ensure_key(backup, settings.secret_key_file, has_backups=True)
    key, made = ensure_key(backup, settings.secret_key_file, has_backups=False)
    assert made
    assert ensure_key(backup, settings.secret_key_file, has_backups=False) == (key, False)
    backup.key_file.chmod(0o644)
    with pytest.raises(BackupKeyError, match="chmod 600"):
        read_key(backup)
    backup.key_file.chmod(0o600)
    settings.secret_key_file.write_text(backup.key_file.read_text())
    with pytest.raises(BackupKeyError, match="is the secret key"):
        ensure_key(backup, settings.secret_key_file, has_backups=False)


def test_places_in_the_log() -> None:
    assert format_lsn(parse_lsn("1F/2A000028")) == "1F/2A000028"
    name = segment_name(2, parse_lsn("1F/2A000028") // SEGMENT_BYTES, SEGMENT_BYTES)
    assert name == "000000020000001F0000002A"
    assert segment_number(name, SEGMENT_BYTES) == parse_lsn("1F/2A000028") // SEGMENT_BYTES


def test_how_far_the_log_reaches() -> None:
    def names(timeline: int, *numbers: int) -> list[str]:
        return [segment_name(timeline, number, SEGMENT_BYTES) for number in numbers]

    first = Timeline(1)
    assert reach(names(1, 3, 4, 5), first, 3, SEGMENT_BYTES).last == names(1, 5)[0]
    gap = reach(names(1, 3, 4, 6), first, 3, SEGMENT_BYTES)
    assert (gap.last, gap.missing) == (names(1, 4)[0], names(1, 5)[0])
    assert reach(names(1, 4), first, 3, SEGMENT_BYTES).last is None
    # timeline 2 left timeline 1 in segment 5; what timeline 1 wrote after that is not on the way
    second = Timeline.parse(2, f"1\t{format_lsn(5 * SEGMENT_BYTES + 99)}\tbefore something\n")
    both = [*names(1, 3, 4, 5, 6, 7), *names(2, 5, 6)]
    assert reach(both, second, 3, SEGMENT_BYTES).last == names(2, 6)[0]
    assert reach(both, first, 3, SEGMENT_BYTES).last == names(1, 7)[0]
    assert second.holds(1, 5 * SEGMENT_BYTES)
    assert not second.holds(1, 6 * SEGMENT_BYTES)
