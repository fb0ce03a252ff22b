"""The machines an archive is made for."""

from __future__ import annotations

from dataclasses import dataclass

#: Debian 12's interpreter; everything else follows from it.
PYTHON = "3.11"
PYTHON_TAG = "cp311"
#: The newest C library a wheel may ask for, as (2, n); Debian's interpreter asks for the same.
GLIBC_MINOR = 36


class BundleFailed(Exception):
    """The archive cannot be made; the message says what the person can do."""


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of processor, by the names everybody has for it."""

    arch: str
    """As wheels and ``uname -m`` call it."""
    debian: str
    triplet: str
    compiler: str
    """The target as zig calls it; an old C library, so that what is compiled runs wherever the wheels do."""

    elf_machine: int
    """As the head of a compiled file names it."""

    @property
    def platforms(self) -> list[str]:
        """Platform tags of wheels it can use."""
        numbered = [f"manylinux_2_{minor}_{self.arch}" for minor in range(GLIBC_MINOR, 4, -1)]
        return [*numbered, *(f"manylinux{year}_{self.arch}" for year in ("2014", "2010", "1")), f"linux_{self.arch}"]


TARGETS = {
    target.arch: target
    for target in (
        Target("x86_64", "amd64", "x86_64-linux-gnu", "x86_64-linux-gnu.2.17", 62),
        Target("aarch64", "arm64", "aarch64-linux-gnu", "aarch64-linux-gnu.2.17", 183),
    )
}
