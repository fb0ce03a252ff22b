"""Installs an archive where there is no network, works with it, upgrades it, rolls it back, and says what happened.

The steps run in a network namespace of their own that has loopback and nothing else, with an environment that knows
neither the checkout nor this machine's Python. The second version is the same code under another number.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bundle import assemble, wheels
from bundle.targets import BundleFailed, Target

SECOND_VERSION = "9999.0"
PORT = 18087
#: What a process may load from the machine: the C library's parts, and the zlib that PostgreSQL's wheel counts on.
_OF_THE_MACHINE = re.compile(
    r"/(ld-linux[\w.-]*|lib(z|c|m|pthread|dl|rt|resolv|util|nss_\w+|anl|nsl)([.-][\d.]+)?\.so[.\d]*)$"
)
EXPORT = (
    "工单编号,来电时间,来电号码,诉求内容\n"
    "OFFLINE-1,2026-10-12 08:00:00,13800001234,老板拖欠我三个月工资，我想问问怎么申请劳动仲裁\n"
    "OFFLINE-2,2026-10-12 08:05:00,13800001235,楼上邻居半夜装修吵得睡不着，找他说过几次都不听\n"
)


@dataclass(slots=True)
class Place:
    """A scratch installation."""

    root: Path
    environment: dict[str, str]

    @property
    def prefix(self) -> Path:
        return self.root / "opt"

    def run(self, *command: str, expect: int = 0) -> str:
        """What a command said; raises BundleFailed where it ended otherwise than expected."""
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != expect:
            log = self.prefix / "log" / "hotline.log"
            said = log.read_text(errors="replace")[-3000:] if log.is_file() else ""
            raise BundleFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}\n{said}")
        return done.stdout + done.stderr

    def installer(self, folder: Path, command: str, *options: str, expect: int = 0) -> str:
        """install.sh of a folder on this place."""
        return self.run(
            "sh", str(folder / "install.sh"), command, "--prefix", str(self.prefix), *options, expect=expect
        )

    def hotline(self, *arguments: str) -> str:
        """The installed command."""
        return self.run(str(self.prefix / "bin" / "hotline"), *arguments)


def say(text: str) -> None:
    """One line at once."""
    print(f"    {text}", flush=True)


def second_archive(folder: Path, target: Target, tool_folder: Path) -> Path:
    """The unpacked archive again, as another version."""
    other = folder.with_name(folder.name.replace((folder / "VERSION").read_text().strip(), SECOND_VERSION))
    shutil.copytree(folder, other)
    found = wheels.inspect(other / "wheels", target)
    found.files["hotline"].unlink()
    wheels.own_wheel(target, SECOND_VERSION, other / "wheels", tool_folder)
    listed = wheels.installed_list(wheels.inspect(other / "wheels", target))
    (other / "requirements.txt").write_text(listed, encoding="utf-8")
    assemble.add_scripts_and_documents(other, version=SECOND_VERSION, arch=target.arch)
    assemble.write_sums(other)
    return other


def try_offline(archive: Path, target: Target, tool_folder: Path, cache: Path) -> None:
    """Unpack, make the second version, then go where there is no network. Raises BundleFailed."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise BundleFailed("The archive was made but not tried: a namespace without network needs root and unshare.")
    root = scratch_folder()
    try:
        print(f"--- {archive.name}: tried in a namespace without network", flush=True)
        with tarfile.open(archive) as packed:
            packed.extractall(root, filter="tar")
        first = root / archive.name.removesuffix(".tar.gz")
        second = second_archive(first, target, tool_folder)
        command = ["unshare", "--net", sys.executable, "-m", "bundle.try_offline", str(root), str(first), str(second)]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(Path(__file__).parent.parent)}
        done = subprocess.run(command, env=environment, check=False)
        if done.returncode != 0:
            raise BundleFailed(f"{archive.name} could not be used without network; what it said stands above.")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def scratch_folder() -> Path:
    """A short path, which shebang lines hold; others may pass through, since as root the servers are another's."""
    # its name is random and it must not exist
    root = Path("/tmp") / f"hb-{secrets.token_hex(4)}"  # noqa: S108
    root.mkdir(mode=0o755)
    return root


def strangers(place: Place) -> list[str]:
    """Libraries that running processes of the installation load from the machine instead of from the archive."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if not str((process / "exe").readlink()).startswith(str(place.root)):
                continue
            mapped = (process / "maps").read_text(errors="replace")
        except OSError:
            continue
        for path in re.findall(r"(/\S+\.so[.\d]*)$", mapped, re.MULTILINE):
            if not path.startswith(str(place.root)) and not _OF_THE_MACHINE.search(path):
                found.add(path)
    return sorted(found)


def inside(root: Path, first: Path, second: Path) -> None:
    """The steps, in the namespace."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    links = [line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    if links != ["lo"]:
        raise BundleFailed(f"There is a network here: {links}")
    say("network: loopback only")
    home = root / "home"
    home.mkdir()
    place = Place(root, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "LANG": "C.UTF-8"})
    timed = time.monotonic()

    def done(text: str) -> None:
        nonlocal timed
        say(f"{text} ({time.monotonic() - timed:.1f} s)")
        timed = time.monotonic()

    damaged(place, first)
    done("a damaged archive is refused, nothing is installed")
    place.installer(first, "install", "--service", "process", "--no-start")
    settings = place.prefix / "etc" / "hotline.env"
    settings.write_text(settings.read_text().replace("HOTLINE_PORT=8080", f"HOTLINE_PORT={PORT}"), encoding="utf-8")
    done(f"installed {first.name}")
    try:
        place.installer(place.prefix / "current", "start")
        done("started, /readyz answers 200")
        if foreign := strangers(place):
            raise BundleFailed(f"Libraries from this machine are in use: {foreign}")
        say("every library but the C library and PostgreSQL's zlib comes from the archive")
        imported(place)
        done("two calls imported, triaged and queued")
        reported(place)
        done("a report was made as PDF, with the archive's own fonts")
        before = counted(place)
        said = place.installer(second, "upgrade")
        if version(place) != SECOND_VERSION or counted(place) != before:
            raise BundleFailed(f"After the upgrade: {version(place)}, {counted(place)} instead of {before}\n{said}")
        done(f"upgraded to {SECOND_VERSION}, backed up before, calls still there: {before}")
        place.installer(place.prefix / "current", "rollback")
        if version(place) == SECOND_VERSION or counted(place) != before:
            raise BundleFailed(f"After the roll-back: {version(place)}, {counted(place)} instead of {before}")
        done(f"rolled back to {version(place)}, calls still there: {before}")
        broken(place, second)
        done(f"an upgrade that cannot start falls back to {version(place)} by itself, calls still there")
    finally:
        place.installer(place.prefix / "current", "stop")
    done("stopped")


def damaged(place: Place, folder: Path) -> None:
    """One byte of one wheel is wrong: refused with exit 2; then mended again."""
    wheel = next((folder / "wheels").glob("hotline-*.whl"))
    whole = wheel.read_bytes()
    wheel.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    said = place.installer(folder, "install", expect=2)
    wheel.write_bytes(whole)
    if wheel.name not in said or (place.prefix / "releases").exists():
        raise BundleFailed(f"A damaged archive was not refused as it should be:\n{said}")


def version(place: Place) -> str:
    """The version that is current, by the running code itself."""
    code = "import hotline; print(hotline.__version__)"
    return place.run(str(place.prefix / "current" / "venv" / "bin" / "python"), "-c", code).strip()


def imported(place: Place) -> None:
    """A small export goes all the way."""
    export = place.root / "calls.csv"
    export.write_text(EXPORT, encoding="utf-8-sig")
    told = json.loads(place.hotline("import", "--line", "12345", str(export)).strip().splitlines()[-1])
    if (told["accepted"], told["rejected"]) != (2, 0):
        raise BundleFailed(f"The import said {told}")


def reported(place: Place) -> None:
    """The statistics as PDF: asked for, made by the worker, fetched."""
    token = place.hotline("token", "create", "--role", "manager").split()[-1]
    code = (
        "import json, sys, time, urllib.request\n"
        "def ask(path, body=None):\n"
        f"    heads = {{'Authorization': 'Bearer {token}', 'Content-Type': 'application/json'}}\n"
        "    sent = json.dumps(body).encode() if body else None\n"
        f"    call = urllib.request.Request('http://127.0.0.1:{PORT}/api/v1' + path, sent, heads)\n"
        "    return urllib.request.urlopen(call).read()\n"
        "job = json.loads(ask('/exports', {'what': 'report', 'form': 'pdf', 'query': ''}))['id']\n"
        "for _ in range(600):\n"
        "    row = next(one for one in json.loads(ask('/exports'))['items'] if one['id'] == job)\n"
        "    if row['state'] not in ('queued', 'running'):\n"
        "        break\n"
        "    time.sleep(0.2)\n"
        "made = ask(f'/exports/{job}/file') if row['state'] == 'done' else b''\n"
        "sys.exit(0 if made[:5] == b'%PDF-' and len(made) > 20000 else f'{row}, {len(made)} bytes')"
    )
    place.run(str(place.prefix / "current" / "venv" / "bin" / "python"), "-c", code)


def counted(place: Place) -> dict[str, int]:
    """Calls by what became of them, asked of the service over HTTP."""
    token = place.hotline("token", "create", "--role", "manager").split()[-1]
    code = (
        "import json, urllib.request, sys\n"
        f"ask = urllib.request.Request('http://127.0.0.1:{PORT}/api/v1/calls?limit=50',"
        f" headers={{'Authorization': 'Bearer {token}'}})\n"
        "print(json.dumps([c['state'] for c in json.load(urllib.request.urlopen(ask))['items']]))"
    )
    states = json.loads(place.run(str(place.prefix / "current" / "venv" / "bin" / "python"), "-c", code))
    return {state: states.count(state) for state in sorted(set(states))}


def broken(place: Place, folder: Path) -> None:
    """A version whose web cannot start: exit 3, the old one runs on."""
    before = counted(place)
    shutil.rmtree(place.prefix / "releases" / SECOND_VERSION)
    found = next((folder / "wheels").glob("hotline-*.whl"))
    good = place.root / "good.whl"
    shutil.copy2(found, good)
    break_wheel(found)
    listed = (folder / "requirements.txt").read_text().splitlines()
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    lines = [
        f"hotline=={SECOND_VERSION} --hash=sha256:{digest}" if one.startswith("hotline==") else one for one in listed
    ]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assemble.write_sums(folder)
    place.environment["HOTLINE_READY_S"] = "30"
    place.installer(folder, "upgrade", expect=3)
    if version(place) == SECOND_VERSION or counted(place) != before:
        raise BundleFailed(f"After a failed upgrade: {version(place)}, {counted(place)} instead of {before}")


def break_wheel(wheel: Path) -> None:
    """Let the web raise when it opens its port, as a bad release might; every other command works."""
    old = zipfile.ZipFile(wheel)
    parts = {name: old.read(name) for name in old.namelist()}
    old.close()
    spoilt = "hotline/web/listening.py"
    parts[spoilt] += b"\n\ndef check_exposure(settings):\n    raise RuntimeError('a release that cannot serve')\n"
    record = next(name for name in parts if name.endswith(".dist-info/RECORD"))
    lines = [line for line in parts[record].decode().splitlines() if not line.startswith(f"{spoilt},")]
    parts[record] = ("\n".join([*lines, f"{spoilt},,"]) + "\n").encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


if __name__ == "__main__":
    try:
        inside(*(Path(argument) for argument in sys.argv[1:4]))
    except BundleFailed as failed:
        print(failed, file=sys.stderr)
        sys.exit(1)
    print(f"    all of it worked on {platform.machine()} without network", flush=True)
