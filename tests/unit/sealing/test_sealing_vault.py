"""Suites, key file and vault, without a database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.sealing import vault as vaults
from hotline.sealing.errors import SecretKeyError
from hotline.sealing.files import SealedFileBroken, SealedWriter, read_sealed
from hotline.sealing.key_file import KeyRing, activate, add_data_key, make_key_file, read_key_file, remove_data_key
from hotline.sealing.suites import SUITES, SuiteName, _Sm4Gcm
from hotline.sealing.vault import FileVault, clear_value, key_id_of
from routing.errors import SealBroken

USE = "calls.transcript"


def made(folder: Path, suite: SuiteName = "intl") -> FileVault:
    """A vault over a new key file."""
    path = folder / "secret.key"
    return FileVault(path, make_key_file(path, suite))


def read(path: Path) -> KeyRing:
    """The keys of a file that is there."""
    ring = read_key_file(path)
    assert ring is not None
    return ring


def test_sm4_gcm_gives_the_answer_of_rfc_8998() -> None:
    cipher = _Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    plain = bytes.fromhex("".join(c * 16 for c in "ABCDEFEA"))
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    sealed = cipher.encrypt(bytes.fromhex("00001234567800000000ABCD"), plain, associated)
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )


@given(text=st.text(), suite=st.sampled_from(SUITES))
def test_any_text_comes_back_and_nothing_of_it_shows(text: str, suite: SuiteName) -> None:
    vault = VAULTS[suite]
    sealed = vault.seal(text, USE)
    assert sealed is not None
    stored = text.encode(errors="replace").decode().replace("\0", "\ufffd")
    assert vault.open(sealed, USE) == stored
    assert vault.open_json(vault.seal_json({"a": [stored]}, USE), USE) == {"a": [stored]}
    assert sealed != vault.seal(text, USE), "equal texts must not look equal"
    if len(text) > 6:
        assert text.encode(errors="replace") not in sealed


@pytest.mark.parametrize("suite", SUITES)
def test_what_was_changed_or_moved_does_not_open(tmp_path: Path, suite: SuiteName) -> None:
    vault = made(tmp_path, suite)
    sealed = vault.seal("我要反映情况", USE)
    assert sealed is not None
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            vault.open(changed, USE)
    for bad in (b"", b"\1", sealed[:10], sealed[:-1]):
        with pytest.raises(SealBroken):
            vault.open(bad, USE)
    with pytest.raises(SealBroken):
        vault.open(sealed, "calls.address")
    assert vault.open(None, USE) is None


def test_values_in_clear_open_only_for_the_migration(tmp_path: Path) -> None:
    vault = made(tmp_path)
    with pytest.raises(SealBroken, match="hotline migrate"):
        vault.open(clear_value("话"), USE)
    assert FileVault(vault.path, vault.ring, clear_allowed=True).open(clear_value("话"), USE) == "话"


def test_hashes_need_the_key_and_stay_over_rotation(tmp_path: Path) -> None:
    vault = made(tmp_path)
    (tmp_path / "other").mkdir()
    other = made(tmp_path / "other")
    before = vault.number_hash("+8613800138000"), vault.token_hashes(["劳动", "仲裁"]), vault.content_hash(b"x")
    assert before[0] != other.number_hash("+8613800138000")
    assert not set(before[1]) & set(other.token_hashes(["劳动", "仲裁"]))
    assert before[2] != other.content_hash(b"x")
    assert all(-(2**63) <= each < 2**63 for each in before[1])
    add_data_key(vault.path, "sm")
    vault.reload()
    assert vault.ring.active.suite == "sm"
    after = vault.number_hash("+8613800138000"), vault.token_hashes(["仲裁", "劳动", "劳动"]), vault.content_hash(b"x")
    assert after == before
    assert vault.number_hash(None) is None


def test_today_s_one_line_file_stays_valid_and_can_lose_its_first_key(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o600)
    vault = FileVault(path, read(path))
    sealed, number = vault.seal("话", USE), vault.number_hash("+8613800138000")
    key = add_data_key(path, "intl")
    vault.reload()
    assert (vault.open(sealed, USE), key_id_of(vault.seal("话", USE) or b""), key.id) == ("话", 2, 2)
    remove_data_key(path, 1)
    left = FileVault(path, read(path))
    assert (list(left.ring.data), left.number_hash("+8613800138000")) == ([2], number)
    with pytest.raises(SealBroken, match="1 号密钥"):
        left.open(sealed, USE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_on_standby_opens_and_does_not_seal(tmp_path: Path) -> None:
    here = made(tmp_path, "sm")
    there = FileVault(here.path, here.ring)
    key = add_data_key(here.path, "sm", standby=True)
    there.reload()
    assert key_id_of(there.seal("话", USE) or b"") == 1
    activate(here.path, key.id)
    here.reload()
    sealed = here.seal("话", USE)
    assert (key_id_of(sealed or b""), there.open(sealed, USE)) == (2, "话")


def test_a_running_process_follows_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, command = made(tmp_path), FileVault(tmp_path / "secret.key", read(tmp_path / "secret.key"))
    add_data_key(command.path, "intl")
    command.reload()
    sealed = command.seal("话", USE)
    assert running.open(sealed, USE) == "话", "an unknown key makes it read the file again"
    assert running.ring.active.id == 2
    add_data_key(command.path, "intl")
    monkeypatch.setattr(vaults, "FOLLOW_S", 0.0)
    assert key_id_of(running.seal("话", USE) or b"") == 3, "it seals by the newest without having met it"
    command.path.write_text("cd" * 32)
    running.reload()
    assert running.open(sealed, USE) == "话", "another file is refused, the keys in memory go on"
    command.path.unlink()
    running.reload()
    assert running.open(sealed, USE) == "话"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab" * 31,
        "zz" * 32,
        "ab" * 32 + "\n" + "cd" * 32,
        f"data 1 intl {'ab' * 32}",
        f"lookup intl {'ab' * 32}",
        f"lookup rot13 {'ab' * 32}\ndata 1 intl {'ab' * 32}",
        f"{'ab' * 32}\ndata 1 intl {'ab' * 32}",
        f"{'ab' * 32}\ndata 65536 intl {'ab' * 32}",
        f"{'ab' * 32}\ndata 2 intl {'ab' * 32} asleep",
        f"lookup intl {'ab' * 32}\ndata 1 intl {'ab' * 32} standby",
    ],
)
def test_an_unusable_file_is_told_without_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(SecretKeyError, match="put the right file back") as told:
        read_key_file(path)
    assert "ab" * 16 not in str(told.value)


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "secret.key").chmod(0o640)
    with pytest.raises(SecretKeyError, match="chmod 600"):
        read_key_file(tmp_path / "secret.key")


def test_a_sealed_file_opens_whole_or_not(tmp_path: Path) -> None:
    vault = made(tmp_path)
    content = bytes(range(256)) * 1000
    path = tmp_path / "a.sealed"
    with SealedWriter(path.open("wb"), vault) as writer:
        writer.write(content[:100])
        writer.write(content[100:])
    assert b"".join(read_sealed(path, vault)) == content
    whole = path.read_bytes()
    path.write_bytes(whole[: -len(whole) // 4])
    with pytest.raises(SealedFileBroken, match="too early"):
        list(read_sealed(path, vault))
    first = 38 + 4 + int.from_bytes(whole[38:42], "big")
    path.write_bytes(whole[:38] + whole[first:])
    with pytest.raises(SealedFileBroken, match="do not follow"):
        list(read_sealed(path, vault))
    path.write_bytes(b"plain")
    with pytest.raises(SealedFileBroken, match="no sealed file"):
        list(read_sealed(path, vault))


VAULTS: dict[SuiteName, FileVault] = {}


@pytest.fixture(autouse=True, scope="module")
def _vaults(tmp_path_factory: pytest.TempPathFactory) -> None:
    for suite in SUITES:
        VAULTS[suite] = made(tmp_path_factory.mktemp(suite), suite)


def test_keys_added_at_once_are_all_kept(tmp_path: Path) -> None:
    vault = made(tmp_path)
    with ThreadPoolExecutor(8) as adding:
        added = list(adding.map(lambda _: add_data_key(vault.path, "intl"), range(24)))
    ring = read(vault.path)
    assert sorted(key.id for key in added) == list(range(2, 26))
    assert all(ring.data[key.id].secret == key.secret for key in added)
