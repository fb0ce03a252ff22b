"""What the browser tests need from the machine: Chromium and a font with Chinese characters.

Installs both from Debian's packages where it may (root, apt-get); otherwise says what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


def missing_after_install() -> str:
    """Installs what is missing where that is allowed; "" when all is there, else a sentence with the way out."""
    lacking = missing()
    if not lacking:
        return ""
    apt_get = shutil.which("apt-get")
    if os.geteuid() == 0 and apt_get:
        print(f"installing {' '.join(lacking)} for the browser tests", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            # Another apt-get may be at work; better to wait for it than to fail.
            patient = [apt_get, "-qq", "-o", "DPkg::Lock::Timeout=300"]
            subprocess.run([*patient, "update"], check=False, env=quiet, stdout=nowhere)
            command = [*patient, "install", "-y", "--no-install-recommends", *lacking]
            subprocess.run(command, check=False, env=quiet, stdout=nowhere)
        lacking = missing()
        if not lacking:
            return ""
    return f"the browser tests need {' and '.join(lacking)}; on Debian, as root: apt-get install {' '.join(lacking)}"


if __name__ == "__main__":
    sys.exit(missing_after_install())
