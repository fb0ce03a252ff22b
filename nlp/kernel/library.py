"""Loads the compiled kernel and gives its functions Python's types.

ctypes releases the interpreter's lock during a call. The arrays handed over must stay alive as long as the
object that holds their addresses; :class:`Kernel` and :class:`Words` keep them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_LIBRARY = Path(__file__).resolve().parent / "_kernel.so"
#: KERNEL_VERSION of kernel.h.
_VERSION = 1
_SHOWN_MOST = 5
_PLANE = 0x10000
#: Column for evidence: of the most probable route, or no evidence at all.
BEST_ROUTE = -1
NO_EVIDENCE = -2

Codes = NDArray[np.uint32]
Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_int, _pointer = ctypes.c_int32, ctypes.c_void_p


class _Tables(ctypes.Structure):
    _fields_ = (
        *((name, _int) for name in ("words", "bits", "columns", "routes", "topic_columns")),
        *(
            (name, _pointer)
            for name in (
                "steps",
                "scale",
                "intercepts",
                "topic_steps",
                "squares",
                "damped",
                "mix",
                "shows",
                "vocabulary",
                "anchors",
            )
        ),
    )


class _Results(ctypes.Structure):
    _fields_ = (
        *((name, _pointer) for name in ("margins", "topics", "shown", "shown_weight", "shown_count", "anchor_found")),
        ("anchor_room", _int),
        ("anchor_count", _int),
    )


@lru_cache(maxsize=1)
def load_library() -> ctypes.CDLL:
    """The compiled kernel; raises OSError when it was not built or belongs to other sources."""
    library = ctypes.CDLL(str(_LIBRARY))
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "kernel_version": (_int, []),
        "trie_new": (_pointer, []),
        "trie_free": (None, [_pointer]),
        "trie_set": (_int, [_pointer, _pointer, _int, _int]),
        "cutter_new": (_pointer, [ctypes.c_char_p, ctypes.c_int64, _pointer, _pointer, _pointer]),
        "cutter_free": (None, [_pointer]),
        "cutter_add": (_int, [_pointer, _pointer, _int, ctypes.c_int64]),
        "cutter_finish": (_int, [_pointer]),
        "cutter_cut": (_int, [_pointer, _pointer, _int, _pointer]),
        "cutter_search": (_int, [_pointer, _pointer, _int, _pointer, _int, _pointer]),
        "score_texts": (
            _int,
            [ctypes.POINTER(_Tables), _pointer, _pointer, _int, _pointer, _int, _int, ctypes.POINTER(_Results)],
        ),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.kernel_version() != _VERSION:
        raise OSError(f"{_LIBRARY} belongs to other sources; run python nlp/kernel/build.py.")
    return library


def codes_of(text: str) -> Codes:
    """The code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


class Words:
    """A set of words, each with a whole number from 0 on."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._library = load_library()
        self.address = self._library.trie_new()
        joined = codes_of("".join(numbers))
        at = joined.ctypes.data
        for word, number in numbers.items():
            if self.address is None or self._library.trie_set(self.address, at, len(word), number + 1):
                raise MemoryError("There is no memory for the reader's words.")
            at += 4 * len(word)

    def __del__(self) -> None:
        if getattr(self, "address", None):
            self._library.trie_free(self.address)


class Cutter:
    """jieba's cut in C: offsets of the words of a text."""

    def __init__(
        self,
        dictionary: bytes,
        lexicon: Sequence[tuple[str, int, str]],
        *,
        start: Sequence[float],
        trans: Sequence[Sequence[float]],
        emit: Sequence[Mapping[str, float]],
        missing: float,
    ) -> None:
        """``start``, ``trans`` and ``emit`` are jieba's tables for the states B, E, M, S, in this order.

        ``missing`` is jieba's log probability of what its tables do not hold. Raises ValueError when a line of the
        dictionary has another form.
        """
        self._library = load_library()
        table = np.full((_PLANE, len(emit)), missing)
        for state, chances in enumerate(emit):
            table[np.fromiter(map(ord, chances), np.int64, len(chances)), state] = list(chances.values())
        starts, steps = np.array(start, dtype=np.float64), np.array(trans, dtype=np.float64)
        self._address = self._library.cutter_new(
            dictionary, len(dictionary), starts.ctypes.data, steps.ctypes.data, table.ctypes.data
        )
        if self._address is None:
            raise ValueError("jieba's dictionary has lines of another form than word, frequency and tag.")
        for word, frequency, _ in lexicon:
            codes = codes_of(word)
            self._library.cutter_add(self._address, codes.ctypes.data, len(codes), frequency)
        if self._library.cutter_finish(self._address):
            raise MemoryError("There is no memory for jieba's dictionary.")

    def cut(self, codes: Codes) -> Ints:
        """Where each word begins; words joined give the text back."""
        places = np.empty(max(len(codes), 1), dtype=np.int32)
        count = self._library.cutter_cut(self._address, codes.ctypes.data, len(codes), places.ctypes.data)
        if count < 0:
            raise MemoryError("There is no memory to cut a batch of calls.")
        return places[:count]

    def search_places(self, codes: Codes) -> Ints:
        """``(first, end)`` of jieba's search-mode words: of each long word first the shorter ones inside it."""
        words = self.cut(codes)
        # A word of n characters holds fewer than 2n of two or three; itself comes last.
        places = np.empty((3 * len(codes) + 1, 2), dtype=np.int32)
        count = self._library.cutter_search(
            self._address, codes.ctypes.data, len(codes), words.ctypes.data, len(words), places.ctypes.data
        )
        return places[:count]

    def __del__(self) -> None:
        if getattr(self, "_address", None):
            self._library.cutter_free(self._address)


class Batch(NamedTuple):
    """What the kernel found in a batch."""

    sums: Floats
    """texts x columns of the heads: sums of steps, without scale and intercept."""
    topic_sums: Floats
    shown: Ints
    """texts x 5 x (start, end)."""
    shown_weight: Floats
    shown_count: Ints
    anchors: Ints
    """(text, first character, number of the anchor) of each."""


class Kernel:
    """Scores batches with one model's tables."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, bits: int, routes: int, vocabulary: Words, anchors: Words):
        """``arrays`` by the names of ``Tables`` in kernel.h."""
        self._library = load_library()
        # Held here because the structure keeps addresses only.
        self._held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self._words = (vocabulary, anchors)
        self._columns = self._held["steps"].shape[1]
        self._topic_columns = self._held["topic_steps"].shape[1]
        self._tables = _Tables(
            words=len(self._held["shows"]),
            bits=bits,
            columns=self._columns,
            routes=routes,
            topic_columns=self._topic_columns,
            vocabulary=vocabulary.address,
            anchors=anchors.address,
            **{name: array.ctypes.data for name, array in self._held.items()},
        )

    def score(self, codes: Codes, starts: Ints, word_at: Ints, column: int) -> Batch:
        """Everything about the texts ``codes[starts[t]:starts[t + 1] - 1]``, each followed by a line feed.

        ``column`` is the head whose evidence is wanted, BEST_ROUTE or NO_EVIDENCE.
        """
        texts = len(starts) - 1
        sums = np.empty((texts, self._columns), dtype=np.float32)
        topics = np.empty((texts, self._topic_columns), dtype=np.float32)
        shown = np.empty((texts, _SHOWN_MOST, 2), dtype=np.int32)
        weight = np.empty((texts, _SHOWN_MOST), dtype=np.float32)
        count = np.empty(texts, dtype=np.int32)
        room = 64 + len(codes) // 4
        while True:
            anchors = np.empty((room, 3), dtype=np.int32)
            results = _Results(
                margins=sums.ctypes.data,
                topics=topics.ctypes.data,
                shown=shown.ctypes.data,
                shown_weight=weight.ctypes.data,
                shown_count=count.ctypes.data,
                anchor_found=anchors.ctypes.data,
                anchor_room=room,
            )
            if self._library.score_texts(
                ctypes.byref(self._tables),
                codes.ctypes.data,
                starts.ctypes.data,
                texts,
                word_at.ctypes.data,
                len(word_at),
                column,
                ctypes.byref(results),
            ):
                raise MemoryError("There is no memory to read a batch of calls.")
            if results.anchor_count <= room:
                return Batch(sums, topics, shown, weight, count, anchors[: results.anchor_count])
            room = results.anchor_count
