"""Build hook: compiles nlp/kernel when the project is installed or its wheel is built.

Without a C compiler the wheel is pure Python and the reader works on numpy and rjieba, several times slower.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelHook(BuildHookInterface[Any]):
    """Named in pyproject.toml under [tool.hatch.build.targets.wheel.hooks.custom]."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected; ``version`` is ``editable`` or ``standard``."""
        kernel = runpy.run_path(str(Path(self.root) / "nlp" / "kernel" / "build.py"))
        reason = kernel["build"]()
        if reason:
            self.app.display_warning(f"nlp/kernel was not compiled: {reason}")
            return
        if version != "editable":
            # A library called by ctypes works with every Python, on this platform only.
            from packaging.tags import sys_tags

            platform = next(tag.platform for tag in sys_tags() if "manylinux" not in tag.platform)
            build_data["tag"] = f"py3-none-{platform}"
            build_data["pure_python"] = False
            build_data["artifacts"].append("nlp/kernel/_kernel.so")
