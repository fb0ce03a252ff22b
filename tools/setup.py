"""Makes the checkout ready: .venv, pinned dependencies, browser assets. Started by ``make setup``.

Runs under the machine's own Python (3.11 or newer) with nothing but its standard library. A second run finds the stamp
of the first and does nothing; a virtual environment that does not work, or was made elsewhere, is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import assets

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".setup-stamp"
KERNEL = ROOT / "nlp" / "kernel"
#: Not compiled beforehand: tests of packages, metadata of telephone numbers by region, and large packages of which a
#: part is used, in training, tests or tools alone. Two thirds of all the source that is installed.
SELDOM_IMPORTED = (
    r"site-packages/(.*/tests?/|phonenumbers/\w+data/|sqlalchemy/(dialects/(mssql|mysql|oracle)|testing)/"
    r"|(jieba|mypyc?|narwhals|pip|playwright|pygments|pypdf|scipy|setuptools|sklearn)/)"
)
BUILD_LOCK, DEV_LOCK = ROOT / "requirements-build.lock", ROOT / "requirements-dev.lock"


class SetupFailed(Exception):
    """A step could not be done; the message says what the person can do."""


def say(text: str) -> None:
    """Prints one line at once, so that it stands before what the started programs print."""
    print(text, flush=True)


def pip(*arguments: str) -> None:
    """Runs pip of the virtual environment with the machine's own pip configuration."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise SetupFailed(
            "pip could not install the dependencies (its own message stands above): check the network and the pip "
            "configuration, then run make setup again."
        )


def fingerprint() -> str:
    """What the installed environment depends on; another value means it has to be installed again."""
    digest = hashlib.sha256()
    digest.update(f"{ROOT}\0{sys.version}\0".encode())
    kernel = sorted(path for path in KERNEL.iterdir() if path.suffix in {".c", ".h"} or path.name == "build.py")
    for path in (BUILD_LOCK, DEV_LOCK, ROOT / "pyproject.toml", Path(__file__), *kernel):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def venv_works() -> bool:
    """Whether .venv holds a Python that starts, is new enough, has pip, and was made for this very folder."""
    probe = "import sys, pip; print(sys.prefix); sys.exit(sys.version_info < (3, 11))"
    try:
        answer = subprocess.run([PYTHON, "-c", probe], capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return False
    if answer.returncode != 0 or Path(answer.stdout.strip()).resolve() != VENV.resolve():
        return False
    pip_script = VENV / "bin" / "pip"
    return pip_script.is_file() and str(VENV) in pip_script.read_text(encoding="utf-8", errors="replace")


def make_venv() -> None:
    """Creates .venv; where Debian keeps that module in a package of its own, installs it when it may."""
    say(f"creating .venv with Python {sys.version.split()[0]}")
    if VENV.is_symlink() or (VENV.exists() and not VENV.is_dir()):
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    command = [sys.executable, "-m", "venv", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Python's venv module is missing; installing {package}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False, env=quiet)
        if subprocess.run([*command, "--clear"], check=False).returncode == 0:
            return
    raise SetupFailed(
        f"{sys.executable} could not make a virtual environment in {VENV} "
        f"({(made.stderr or made.stdout).strip().splitlines()[-1:] or ['no message']}). "
        f"On Debian or Ubuntu: apt-get install {package}, then run make setup again."
    )


def install() -> None:
    """Installs exactly what the locks name, then the project itself as an editable package."""
    if not venv_works():
        make_venv()
    STAMP.unlink(missing_ok=True)
    say("installing the pinned dependencies (a few minutes the first time)")
    # What some dependencies need to be built from source comes first, pinned too: pip's build isolation would fetch
    # an unpinned one.
    pip("install", "--quiet", "--require-hashes", "-r", str(BUILD_LOCK))
    install_locked()
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    compile_installed()
    STAMP.write_text(fingerprint(), encoding="utf-8")


def install_locked() -> None:
    """Installs what the lock names, by two pips side by side: one is busy reading indexes and unpacking on one core.

    The lock is complete, so that neither asks what a package needs beside it; pip itself is replaced before.
    """
    pins = re.split(r"(?m)^(?=[\w.-]+==)", DEV_LOCK.read_text(encoding="utf-8"))[1:]
    itself = [pin for pin in pins if pin.startswith("pip==")]
    others = [pin for pin in pins if pin not in itself]
    with tempfile.TemporaryDirectory(prefix="hotline-setup-") as folder:

        def install_these(part: int, chosen: list[str]) -> None:
            lock = Path(folder) / f"{part}.lock"
            lock.write_text("".join(chosen), encoding="utf-8")
            options = ("--quiet", "--no-compile", "--no-deps", "--require-hashes", "--no-build-isolation")
            pip("install", *options, "-r", str(lock))

        if itself:
            install_these(0, itself)
        with ThreadPoolExecutor() as pool:
            # asked for its results, so that the failure of either is raised once both have ended
            list(pool.map(install_these, (1, 2), (others[::2], others[1::2])))


def compile_installed() -> None:
    """Compiles what was installed, on every core; pip does it on one, and what nobody ever imports as well.

    A third of the installation was spent so. What is left out, or cannot be compiled (examples, other versions of
    Python), is compiled by whoever imports it first.
    """
    command = [
        str(PYTHON),
        "-m",
        "compileall",
        "-q",
        "-q",
        "-j",
        str(os.cpu_count() or 1),
        "-x",
        SELDOM_IMPORTED,
    ]
    folders = [str(folder) for folder in VENV.glob("lib/python*/site-packages")]
    subprocess.run([*command, *folders], check=False, stdout=subprocess.DEVNULL)


def drifted() -> set[str]:
    """Pins of the lock that .venv does not hold at that version; those for other platforms are left out."""
    pins = re.findall(r"(?m)^([\w.-]+)==([^ \\;]+) *\\?$", DEV_LOCK.read_text(encoding="utf-8"))
    # Only a listing: this runs before every make run and make test.
    held = {folder.name for folder in VENV.glob("lib/python*/site-packages/*.dist-info")}

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    have = {(plain(name), version) for name, _, version in (one[: -len(".dist-info")].rpartition("-") for one in held)}
    return {f"{name}=={version}" for name, version in pins if (plain(name), version) not in have}


def installed() -> bool:
    """Whether the stamp fits, the environment still starts, and nobody has changed what it holds."""
    return (
        STAMP.is_file()
        and STAMP.read_text(encoding="utf-8") == fingerprint()
        and (VENV / "bin" / "hotline").is_file()
        and not drifted()
        and venv_works()
    )


def main() -> int:
    """Brings the environment and the assets up to date; the exit code is for make."""
    try:
        (ROOT / ".cache").mkdir(exist_ok=True)
        with (ROOT / ".cache" / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not installed():
                install()
            assets.bring_up_to_date(PYTHON)
    except (SetupFailed, assets.AssetsFailed) as failure:
        print(f"setup: {failure}", file=sys.stderr)
        return 1
    except PermissionError as failure:
        print(
            f"setup: {failure.filename} cannot be written by this user: give the project folder to the user who runs "
            "make, or run make as the folder's owner.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
