"""Puts the parts of an archive together: one folder, its checksums, its signature, one file."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from locked import ROOT

from bundle.targets import BundleFailed

HERE = Path(__file__).resolve().parent
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
#: Files of this folder and their place in the archive.
SCRIPTS = {"install.sh": "install.sh", "hotline.service": "systemd/hotline.service", "README.txt": "README.txt"}
DOCUMENTS = (
    "LICENSE",
    "CHANGELOG.md",
    "README.zh-CN.md",
    "docs/operations.md",
    "docs/data-protection.md",
    "docs/line-profiles.md",
    "docs/policy.md",
    "docs/rosters.md",
)


def add_scripts_and_documents(folder: Path, *, version: str, arch: str) -> None:
    """What every archive of a version holds beside its parts."""
    for name, place in SCRIPTS.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / name, folder / place)
    (folder / "install.sh").chmod(0o755)
    for name in DOCUMENTS:
        if (ROOT / name).is_file():
            (folder / "docs").mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, folder / "docs" / Path(name).name)
    (folder / "VERSION").write_text(f"{version}\n", encoding="ascii")
    (folder / "ARCH").write_text(f"{arch}\n", encoding="ascii")


def write_sums(folder: Path) -> int:
    """A SHA256SUMS over every other file, as sha256sum reads it; how many files."""
    for name in (SUMS, SIGNATURE):
        (folder / name).unlink(missing_ok=True)
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink()):
        if path.is_symlink():
            raise BundleFailed(f"{path} is a link; checksums cannot vouch for it.")
        lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n")
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return len(lines)


def sign(folder: Path, key_file: Path) -> None:
    """A signature over the checksums, as ``openssl dgst -sha256 -verify`` reads it. Raises BundleFailed."""
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BundleFailed(
            f"{key_file} is no usable private key ({error}): give a PEM file without password."
        ) from error
    sums = (folder / SUMS).read_bytes()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(sums, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(sums, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise BundleFailed(f"{key_file} is neither an EC nor an RSA key; openssl on the target could not check it.")
    (folder / SIGNATURE).write_bytes(signature)


def pack(folder: Path, archive: Path) -> None:
    """``folder`` as one file whose bytes depend on its content alone: names in order, no times, no owners."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = "root"
        return info

    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_name(archive.name + ".partial")
    with partial.open("wb") as raw:
        # wheels are packed already: what little is left to gain is gained quickly
        stream = (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) if _zipped(archive) else raw
        )
        with tarfile.open(fileobj=stream, mode="w") as made:
            for path in sorted(folder.rglob("*")):
                made.add(path, f"{folder.name}/{path.relative_to(folder).as_posix()}", recursive=False, filter=plain)
        if stream is not raw:
            stream.close()
    partial.replace(archive)


def _zipped(archive: Path) -> bool:
    return archive.name.endswith(".gz")
