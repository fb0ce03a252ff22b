"""What the browser tests need from the machine: Chromium, best its headless shell, and a font with Chinese characters.

Installs both from Debian's packages where it may (root, apt-get); otherwise says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

#: Chromium without windows of its own to draw: it takes a third of the processor time (docs/adr/0061).
SHELL = "chromium-headless-shell"
#: The first that is there drives the tests; the same list stands in tests/browser/conftest.py.
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = {"browser": "chromium", "font": "fonts-wqy-microhei"}


def executable() -> str | None:
    """The path of the machine's Chromium, by ``HOTLINE_TEST_BROWSER`` or by the usual names."""
    named = os.environ.get("HOTLINE_TEST_BROWSER")
    if named:
        return named if os.access(named, os.X_OK) else None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font that covers Chinese."""
    fc_list = shutil.which("fc-list")
    if fc_list is None:
        return False
    fonts = subprocess.run([fc_list, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def missing() -> list[str]:
    """The Debian packages of what is not there."""
    lacking = [] if executable() else [PACKAGES["browser"]]
    return lacking if has_chinese_font() else [*lacking, PACKAGES["font"], "fontconfig"]


def install(apt_get: str) -> None:
    """The packages of what is missing, and the shell; where that is not to be had, a whole Chromium."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Another apt-get may be at work; better to wait for it than to fail.
    patient = [apt_get, "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if not missing():
        # It goes without the shell, so nobody shall wait for a network that does not answer.
        patient += ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10"]
    subprocess.run([*patient, "update"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    with_shell = [SHELL, *(name for name in missing() if name != PACKAGES["browser"])]
    for packages in (with_shell, missing()):
        if packages and (missing() or not shutil.which(SHELL)):
            print(f"installing {' '.join(packages)} for the browser tests", flush=True)
            command = [*patient, "install", "-y", "--no-install-recommends", "--no-remove", *packages]
            subprocess.run(command, check=False, env=quiet, stdout=subprocess.DEVNULL)


def missing_after_install() -> str:
    """Installs what is missing where that is allowed; "" when all is there, else a sentence with the way out."""
    apt_get = shutil.which("apt-get")
    quick = shutil.which(SHELL) or os.environ.get("HOTLINE_TEST_BROWSER")
    if os.geteuid() == 0 and apt_get and (missing() or not quick):
        install(apt_get)
    lacking = missing()
    if not lacking:
        return ""
    return f"the browser tests need {' and '.join(lacking)}; on Debian, as root: apt-get install {' '.join(lacking)}"


if __name__ == "__main__":
    sys.exit(missing_after_install() or None)
