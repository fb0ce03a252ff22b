"""jieba's tokenizer in C (cut.c): the same words, read from jieba's own dictionary and tables.

jieba itself is not imported: its dictionary and its three probability tables are read as files, which takes a
fifth of a second where jieba takes more than one.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from nlp.kernel.library import Codes, Cutter, Ints, codes_of

#: States of jieba's hidden Markov model, in the order of cut.c.
_STATES = "BEMS"
#: jieba's log probability of what its tables do not hold (finalseg.MIN_FLOAT).
_MISSING = -3.14e100


class KernelTokenizer:
    """The accelerator built from C."""

    name = "kernel"

    def __init__(self, words: Sequence[tuple[str, int, str]]) -> None:
        """Raises OSError when the kernel was not built, ImportError when jieba's files are not where they were."""
        folder = _jieba_folder()
        start, trans, emit = (_table(folder / "finalseg" / f"prob_{name}.py") for name in ("start", "trans", "emit"))
        self.cutter = Cutter(
            (folder / "dict.txt").read_bytes(),
            words,
            start=[start[state] for state in _STATES],
            trans=[[trans[left].get(right, _MISSING) for right in _STATES] for left in _STATES],
            emit=[emit[state] for state in _STATES],
            missing=_MISSING,
        )

    def cut(self, text: str) -> list[str]:
        """The words of ``text`` in order, blanks and punctuation included."""
        places = self.places(codes_of(text)).tolist()
        return [text[low:high] for low, high in pairwise([*places, len(text)])]

    def places(self, codes: Codes) -> Ints:
        """Where each word begins."""
        return self.cutter.cut(codes)

    def cut_for_search(self, text: str) -> list[str]:
        """Search-mode words: each long word after the shorter words inside it."""
        return [text[low:high] for low, high in self.cutter.search_places(codes_of(text)).tolist()]


def _jieba_folder() -> Path:
    found = importlib.util.find_spec("jieba")
    if found is None or found.origin is None:
        raise ImportError("jieba is not installed.")
    return Path(found.origin).parent


def _table(path: Path) -> Mapping[str, Any]:
    found = importlib.util.spec_from_file_location(f"hotline_jieba_{path.stem}", path)
    if found is None or found.loader is None:
        raise ImportError(f"{path} cannot be read.")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    table: Mapping[str, Any] = module.P
    return table
