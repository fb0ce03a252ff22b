"""A CPython that runs from any folder, out of Debian's packages.

apt fetches them, for whichever architecture, with lists of its own: the machine's packages are neither changed nor
looked at. The signatures of Debian's archive are checked as always. The one binary is told to look for its libraries
beside itself; the standard library is found by its place.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from bundle.targets import PYTHON, BundleFailed, Target

PACKAGES = (
    f"python{PYTHON}-minimal",
    f"libpython{PYTHON}-minimal",
    f"python{PYTHON}",
    f"libpython{PYTHON}-stdlib",
    # what the extension modules and the wheels load, apart from the C library
    "libbz2-1.0",
    "libcrypt1",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libuuid1",
    "zlib1g",
)
#: Of the standard library: what needs a screen or a terminal's libraries, and what only tests use.
_UNUSED_MODULES = (
    "_curses",
    "_dbm",
    "_gdbm",
    "nis",
    "ossaudiodev",
    "readline",
    "_tkinter",
    "_test",
    "_xxtest",
    "xxlimited",
)
_UNUSED_FOLDERS = ("idlelib", "lib2to3", "test", "tkinter", "turtledemo", "distutils/tests", "config-3*")


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """One package that became part of the interpreter."""

    name: str
    version: str
    sha256: str


def fetch(target: Target, cache: Path) -> list[Path]:
    """The packages' files, from the machine's own apt sources. Raises BundleFailed."""
    if shutil.which("apt-get") is None:
        raise BundleFailed("The interpreter comes from Debian's packages: make the archive on Debian 12.")
    place = cache / "apt" / target.debian
    for folder in ("lists/partial", "cache/archives/partial", "packages"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (place / "status").touch()
    options = {
        "APT::Architecture": target.debian,
        "APT::Architectures": target.debian,
        "APT::Sandbox::User": "root",
        "Dir::State": place,
        "Dir::State::lists": place / "lists",
        "Dir::State::status": place / "status",
        "Dir::Cache": place / "cache",
    }
    command = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    for old in (place / "packages").glob("*.deb"):
        old.unlink()
    for arguments in (["update"], ["download", *PACKAGES]):
        done = subprocess.run(
            [*command, *arguments], cwd=place / "packages", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BundleFailed(
                f"apt-get {arguments[0]} for {target.debian} failed: {done.stderr.strip()[-400:]}\nThe interpreter "
                "needs the packages of Debian 12 (bookworm)."
            )
    return sorted((place / "packages").glob("*.deb"))


def described(package: Path) -> DebianPackage:
    """Name and version by the file's name, and its hash."""
    name, version, _ = package.stem.split("_")
    return DebianPackage(name, version.replace("%3a", ":"), hashlib.sha256(package.read_bytes()).hexdigest())


def unpack(package: Path, into: Path) -> None:
    """What a package would install, below ``into``. Raises BundleFailed for a file that is no package."""
    data = package.read_bytes()
    if not data.startswith(b"!<arch>\n"):
        raise BundleFailed(f"{package.name} is no Debian package.")
    at = 8
    while at < len(data):
        name, size = data[at : at + 16].strip().rstrip(b"/"), int(data[at + 48 : at + 58])
        content = data[at + 60 : at + 60 + size]
        if name.startswith(b"data.tar"):
            if name != b"data.tar.xz":
                raise BundleFailed(f"{package.name} is packed as {name.decode()}, not as data.tar.xz.")
            with tarfile.open(fileobj=io.BytesIO(lzma.decompress(content))) as archive:
                archive.extractall(into, filter="tar")
            return
        at += 60 + size + size % 2
    raise BundleFailed(f"{package.name} holds no files.")


def make_interpreter(target: Target, packages: list[Path], folder: Path, *, patchelf: Path) -> Path:
    """Lay out the interpreter below ``folder``; the path of its binary, relative to it."""
    for package in packages:
        unpack(package, folder)
    usr = folder / "usr"
    libraries = usr / "lib" / target.triplet
    _gather_libraries(folder / "lib" / target.triplet, libraries)
    shutil.rmtree(folder / "lib", ignore_errors=True)
    shutil.rmtree(folder / "etc", ignore_errors=True)
    _prune(usr)
    binary = usr / "bin" / f"python{PYTHON}"
    # the older kind of search path, which counts for the libraries of extension modules too
    command = [str(patchelf), "--force-rpath", "--set-rpath", f"$ORIGIN/../lib/{target.triplet}", str(binary)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BundleFailed(f"patchelf could not change {binary}: {done.stderr.strip()}")
    return binary.relative_to(folder)


def _gather_libraries(source: Path, libraries: Path) -> None:
    for library in sorted(source.glob("*.so*")) if source.is_dir() else ():
        if not (libraries / library.name).exists():
            shutil.move(str(library), libraries / library.name)


def _prune(usr: Path) -> None:
    """Leave the binary, the standard library, the shared libraries and the licences."""
    standard = usr / "lib" / f"python{PYTHON}"
    for pattern in _UNUSED_FOLDERS:
        for folder in standard.glob(pattern):
            shutil.rmtree(folder)
    for module in (standard / "lib-dynload").iterdir():
        if module.name.startswith(_UNUSED_MODULES):
            module.unlink()
    for path in (standard / "EXTERNALLY-MANAGED", standard / "sitecustomize.py"):
        path.unlink(missing_ok=True)
    for path in usr.iterdir():
        if path.name not in ("bin", "lib", "share"):
            shutil.rmtree(path)
    for path in (usr / "share").iterdir():
        if path.name != "doc":
            shutil.rmtree(path)
    for path in sorted(usr.rglob("*"), reverse=True):
        # links out of the folder would lead into the machine it is installed on
        inside = path.is_symlink() and (path.parent / path.readlink()).resolve().is_relative_to(usr.resolve())
        broken = path.is_symlink() and not (inside and path.exists())
        unwanted = path.is_file() and "doc" in path.parts and path.name != "copyright" and usr / "share" in path.parents
        if broken or unwanted or path.name in ("pdb3.11", "pydoc3.11", "pygettext3.11"):
            path.unlink()
        elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
