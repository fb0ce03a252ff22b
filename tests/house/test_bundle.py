"""The offline archive: how it is assembled, and install.sh with a payload of a few kilobytes.

The real thing, with 300 MB and without network, is made and tried by `make bundle`.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: The service of the payload: knows its version, and the version of the data it finds.
SERVICE = """#!{python}
import http.server, os, pathlib, sys
if "--help" in sys.argv:
    sys.exit(0)
version = {version}
state = pathlib.Path(os.environ["HOTLINE_STATE_DIR"])
schema = state / "schema"
command = sys.argv[1]
if command == "backup":
    (state / "backups").mkdir(exist_ok=True)
    (state / "backups" / f"by-{{version}}").write_text("sealed")
if command == "migrate" or (command == "run" and not schema.exists()):
    schema.write_text(str(version))
if command == "run":
    if int(schema.read_text()) > version:
        sys.exit("the schema is newer than this version")
    if {broken}:
        sys.exit("this version cannot serve")
    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(str(version).encode())
    http.server.HTTPServer(("127.0.0.1", int(os.environ["HOTLINE_PORT"])), Ready).serve_forever()
"""
#: In pip's place: puts the service where pip would.
INSTALLER = """
import os, pathlib, shutil, sys
arguments = sys.argv[1:]
assert {"--no-index", "--require-hashes", "--isolated"} <= set(arguments), arguments
assert os.environ["PIP_CONFIG_FILE"] == "/dev/null"
target = pathlib.Path(sys.prefix) / "bin" / "hotline"
shutil.copyfile(pathlib.Path(arguments[arguments.index("--find-links") + 1]) / "hotline", target)
target.chmod(0o755)
"""


@pytest.fixture(scope="session", autouse=True)
def tools_on_path(root: Path) -> Iterator[None]:
    """The programs of tools/ import each other by their own names."""
    sys.path.insert(0, str(root / "tools"))
    yield
    sys.path.remove(str(root / "tools"))


def payload(folder: Path, version: int, *, broken: bool = False) -> Path:
    """An unpacked archive of a service that does nothing but answer."""
    from bundle import assemble

    made = folder / f"hotline-{version}-test"
    (made / "wheels").mkdir(parents=True)
    (made / "wheels" / "hotline").write_text(
        SERVICE.format(python=sys.executable, version=version, broken=broken), encoding="utf-8"
    )
    with zipfile.ZipFile(made / "wheels" / "pip-1-py3-none-any.whl", "w") as pip:
        pip.writestr("pip/__main__.py", INSTALLER)
    python = folder / f"{version}" / "python" / "usr" / "bin" / "python3.11"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    assemble.pack(python.parents[2], made / "python.tar")
    (made / "python.path").write_text("usr/bin/python3.11\n", encoding="ascii")
    (made / "requirements.txt").write_text("hotline==1 --hash=sha256:00\n", encoding="ascii")
    assemble.add_scripts_and_documents(made, version=str(version), arch=os.uname().machine)
    assemble.write_sums(made)
    return made


class Installation:
    """install.sh on a scratch prefix."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "opt"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    def __call__(self, archive: Path, command: str, *options: str) -> tuple[int, str]:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.prefix), "HOTLINE_READY_S": "20"}
        place = ["--prefix", str(self.prefix), "--service", "process"]
        done = subprocess.run(
            ["sh", str(archive / "install.sh"), command, *place, *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    @property
    def current(self) -> Path:
        return self.prefix / "current"

    @property
    def version(self) -> str:
        return (self.current / "VERSION").read_text().strip()

    @property
    def state(self) -> Path:
        return self.prefix / "state"

    def settle(self) -> None:
        """A port of its own."""
        settings = self.prefix / "etc" / "hotline.env"
        settings.write_text(settings.read_text().replace("HOTLINE_PORT=8080", f"HOTLINE_PORT={self.port}"))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    if made.current.exists():
        made(made.current, "stop")


def test_install_upgrade_roll_back(installation: Installation, tmp_path: Path) -> None:
    first, second = payload(tmp_path, 1), payload(tmp_path, 2)
    code, said = installation(first, "install", "--no-start")
    assert code == 0, said
    installation.settle()
    code, said = installation(installation.current, "start")
    assert (code, f"http://127.0.0.1:{installation.port}" in said) == (0, True), said
    (installation.state / "call").write_text("of version 1")
    code, said = installation(first, "install")
    assert (code, "请用 upgrade" in said) == (1, True), said

    code, said = installation(second, "upgrade")
    assert (code, installation.version) == (0, "2"), said
    assert (installation.state / "backups" / "by-1").is_file()
    assert (installation.state / "schema").read_text() == "2"
    assert (installation.prefix / "backups" / "before-2" / "call").read_text() == "of version 1"
    assert not (installation.prefix / "backups" / "before-2" / "backups").exists()
    (installation.state / "call").write_text("of version 2")

    # the old version cannot use the new data: told, and nothing changed
    code, said = installation(installation.current, "rollback")
    assert (code, installation.version, "--with-data" in said) == (3, "2", True), said
    assert "服务：运行中" in installation(installation.current, "status")[1]
    code, said = installation(installation.current, "rollback", "--with-data")
    assert (code, installation.version) == (0, "1"), said
    assert (installation.state / "call").read_text() == "of version 1"
    (replaced,) = (installation.prefix / "backups").glob("replaced-*")
    assert (replaced / "call").read_text() == "of version 2"
    code, said = installation(installation.current, "stop")
    assert (code, "没有运行" in installation(installation.current, "status")[1]) == (0, True), said


def test_a_version_that_cannot_serve_gives_way_to_the_one_before(installation: Installation, tmp_path: Path) -> None:
    first, bad = payload(tmp_path, 1), payload(tmp_path, 3, broken=True)
    assert installation(first, "install", "--no-start")[0] == 0
    installation.settle()
    assert installation(installation.current, "start")[0] == 0
    (installation.state / "call").write_text("of version 1")
    code, said = installation(bad, "upgrade")
    assert (code, installation.version) == (3, "1"), said
    assert "cannot serve" in said
    assert (installation.state / "schema").read_text() == "1"
    assert (installation.state / "call").read_text() == "of version 1"
    assert "服务：运行中" in installation(installation.current, "status")[1]


def test_damaged_and_enlarged_archives_are_refused(installation: Installation, tmp_path: Path) -> None:
    archive = payload(tmp_path, 1)
    (archive / "wheels" / "hotline").write_text("something else")
    code, said = installation(archive, "install")
    assert (code, "wheels/hotline" in said) == (2, True), said
    whole = payload(tmp_path / "whole", 1)
    assert installation(whole, "verify")[0] == 0
    (whole / "wheels" / "more").write_text("not listed")
    assert installation(whole, "install")[0] == 2
    (whole / "wheels" / "more").unlink()
    (whole / "ARCH").write_text("s390x\n")
    assert installation(whole, "verify")[0] == 2
    from bundle import assemble

    assemble.write_sums(whole)
    code, said = installation(whole, "install")
    assert (code, "s390x" in said) == (1, True), said
    assert not installation.current.exists()


def test_a_signature_is_checked_with_the_key_of_who_made_it(installation: Installation, tmp_path: Path) -> None:
    from bundle import assemble

    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    keys = []
    for name in ("maker", "stranger"):
        key = ec.generate_private_key(ec.SECP256R1())
        private, public = tmp_path / f"{name}.pem", tmp_path / f"{name}.pub"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        keys.append((private, public))
    archive = payload(tmp_path, 1)
    assert installation(archive, "verify", "--public-key", str(keys[0][1]))[0] == 2
    assemble.sign(archive, keys[0][0])
    code, said = installation(archive, "verify", "--public-key", str(keys[0][1]))
    assert (code, "签名相符" in said) == (0, True), said
    assert installation(archive, "verify", "--public-key", str(keys[1][1]))[0] == 2
    with (archive / "SHA256SUMS").open("a") as sums:
        sums.write(f"{hashlib.sha256(b'').hexdigest()}  nothing\n")
    assert installation(archive, "verify", "--public-key", str(keys[0][1]))[0] == 2


def test_the_same_content_gives_the_same_archive(tmp_path: Path) -> None:
    from bundle import assemble

    packed = []
    for name in ("a", "b"):
        archive = payload(tmp_path / name, 1)
        for path in archive.rglob("*"):
            os.utime(path, (len(name) * 1000, hash(name) % 10_000))
        assemble.pack(archive, tmp_path / f"{name}.tar.gz")
        packed.append((tmp_path / f"{name}.tar.gz").read_bytes())
    assert packed[0] == packed[1]


def test_every_pin_of_the_service_comes_along_once(root: Path) -> None:
    """The font of PDF reports is a package of the service and, as plain files, of the archive: it must stay a wheel."""
    from bundle import wheels
    from locked import python_pins

    own = python_pins()
    extra = wheels.beside(own, python_pins(wheels.BUNDLE_LOCK))
    names = [pin.name for pin in (*own, *extra)]
    assert {"typst", wheels.FONT, wheels.INSTALLER} <= set(names)
    assert len(set(names)) == len(names), "pip refuses a name given twice"
    building = (root / "tools" / "build_bundle.py").read_text(encoding="utf-8")
    assert "unlink" not in building
    assert "files.pop" not in building


def test_every_message_of_the_installer_ends_in_what_is_in_the_archive(root: Path) -> None:
    text = (root / "tools" / "bundle" / "install.sh").read_text(encoding="utf-8")
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0
    assert "bash" not in text
    unit = (root / "tools" / "bundle" / "hotline.service").read_text(encoding="utf-8")
    for name in ("@PREFIX@", "@STATE@", "@USER@"):
        assert name in unit
        assert f"s|{name}|" in text
    for hardening in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "UMask=0077"):
        assert hardening in unit


def deb(folder: Path, name: str, files: dict[str, bytes], *, form: str = "xz") -> Path:
    """A Debian package with these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as data:
        for path, content in files.items():
            info = tarfile.TarInfo(f"./{path}")
            info.size = len(content)
            info.mode = 0o755
            data.addfile(info, io.BytesIO(content))
    made = folder / f"{name}_1.2-3_amd64.deb"
    with made.open("wb") as file:
        file.write(b"!<arch>\n")
        for member, content in (("debian-binary", b"2.0\n"), (f"data.tar.{form}", lzma.compress(packed.getvalue()))):
            head = f"{member:<16}{0:<12}{0:<6}{0:<6}{0o644:<8o}{len(content):<10}".encode() + b"`\n"
            file.write(head + content + b"\n" * (len(content) % 2))
    return made


def test_the_interpreter_is_what_the_packages_hold_without_what_leads_out(tmp_path: Path) -> None:
    from bundle import interpreter
    from bundle.targets import TARGETS, BundleFailed

    package = deb(
        tmp_path,
        "python3.11-minimal",
        {
            "usr/bin/python3.11": b"binary",
            "usr/bin/pdb3.11": b"script",
            "usr/lib/python3.11/os.py": b"",
            "usr/lib/python3.11/EXTERNALLY-MANAGED": b"",
            "usr/lib/python3.11/test/test_os.py": b"",
            "usr/lib/python3.11/lib-dynload/_ssl.so": b"",
            "usr/lib/python3.11/lib-dynload/_curses.so": b"",
            "lib/x86_64-linux-gnu/libz.so.1": b"",
            "usr/share/doc/python3.11/copyright": b"",
            "usr/share/doc/python3.11/changelog.gz": b"",
            "usr/share/man/man1/python3.11.1.gz": b"",
            "etc/python3.11/sitecustomize.py": b"",
        },
    )
    said = interpreter.described(package)
    assert (said.name, said.version, len(said.sha256)) == ("python3.11-minimal", "1.2-3", 64)
    patchelf = tmp_path / "patchelf"
    patchelf.write_text('#!/bin/sh\necho "$@" >"$0.said"\n')
    patchelf.chmod(0o755)
    tree = tmp_path / "python"
    tree.mkdir()
    (tree / "usr" / "lib" / "x86_64-linux-gnu").mkdir(parents=True)
    (tree / "usr" / "lib" / "python3.11").mkdir()
    (tree / "usr" / "lib" / "python3.11" / "sitecustomize.py").symlink_to("/etc/python3.11/sitecustomize.py")
    binary = interpreter.make_interpreter(TARGETS["x86_64"], [package], tree, patchelf=patchelf)
    assert str(binary) == "usr/bin/python3.11"
    left = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir())
    assert left == [
        "usr/bin/python3.11",
        "usr/lib/python3.11/lib-dynload/_ssl.so",
        "usr/lib/python3.11/os.py",
        "usr/lib/x86_64-linux-gnu/libz.so.1",
        "usr/share/doc/python3.11/copyright",
    ]
    assert "--force-rpath --set-rpath $ORIGIN/../lib/x86_64-linux-gnu" in (tmp_path / "patchelf.said").read_text()
    with pytest.raises(BundleFailed, match=r"data\.tar\.zst"):
        interpreter.unpack(deb(tmp_path, "other", {}, form="zst"), tree)


def test_wheels_are_those_of_the_target(tmp_path: Path) -> None:
    from bundle import wheels
    from bundle.targets import TARGETS
    from locked import Pin

    pins = [
        Pin("always", "1", ()),
        Pin("windows", "1", (), "sys_platform == 'win32'"),
        Pin("older", "1", (), "python_full_version < '3.11.3'"),
        Pin("arm", "1", (), "platform_machine == 'aarch64'"),
    ]
    assert [pin.name for pin in wheels.wanted(pins, TARGETS["x86_64"], "3.11.2")] == ["always", "older"]
    assert [pin.name for pin in wheels.wanted(pins, TARGETS["aarch64"], "3.11.9")] == ["always", "arm"]
    for name in (
        "any_machine-1-py3-none-any.whl",
        "fits-1-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "too_new-1-cp311-cp311-manylinux_2_39_aarch64.whl",
        "other-1-cp311-cp311-manylinux_2_17_x86_64.whl",
        "musl-1-cp311-cp311-musllinux_1_2_aarch64.whl",
    ):
        (tmp_path / name).write_bytes(b"")
    found = wheels.inspect(tmp_path, TARGETS["aarch64"])
    assert [name.partition("-")[0] for name in found.strangers] == ["musl", "other", "too_new"]
    assert "any-machine==1 --hash=sha256:" in wheels.installed_list(found)
