"""Loads the compiled kernel and gives its functions Python's types.

ctypes releases the interpreter's lock during a call. The arrays handed over must stay alive as long as the
object that holds their addresses; :class:`Kernel` and :class:`Words` keep them.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIBRARY = Path(__file__).resolve().parent / "_kernel.so"
#: KERNEL_VERSION of kernel.h.
_VERSION = 5
_PLANE = 0x10000
#: Of kernel.h: a row is four bytes of squared idf, then the steps of the heads, then those of the topics.
HEAD_COLUMNS = 12
ROW_COLUMNS = 60
_ROW_BYTES = 64
#: Numbers of four bytes in an Answer of kernel.h, and where its parts begin.
MARGINS, ROUTES, TOPIC, TOPIC_SHARE, SHOWN_COUNT, SHOWN = 0, 12, 24, 27, 30, 31
SHOWN_MOST = 5
TOPICS_SHOWN = TOPIC_SHARE - TOPIC
ANSWER = SHOWN + 3 * SHOWN_MOST
ANCHOR_BYTES = 12
Codes = NDArray[np.uint32]
Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_int, _pointer = ctypes.c_int32, ctypes.c_void_p


class _Tables(ctypes.Structure):
    _fields_ = (
        *((name, _int) for name in ("words", "bits", "routes", "heads", "topics")),
        ("route_scale", ctypes.c_float),
        ("topic_scale", ctypes.c_float),
        *(
            (name, _pointer)
            for name in (
                "rows",
                "scale",
                "intercepts",
                "damped",
                "mix",
                "shows",
                "vocabulary",
                "anchors",
                "cutter",
            )
        ),
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
        "read_texts": (_int, [ctypes.POINTER(_Tables), _pointer, _pointer, _int, _int, _pointer, _pointer, _int]),
        "fold_texts": (None, [_pointer, _pointer, _int, _pointer, _int, _pointer, _pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.kernel_version() != _VERSION:
        raise OSError(f"{_LIBRARY} belongs to other sources; run python nlp/kernel/build.py.")
    return library


def address_of(data: bytearray | array[int]) -> int:
    """Where the bytes of ``data`` stand, of which there must be some; numpy's way takes three times as long.

    Good as long as ``data`` lives and keeps its size.
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(data))


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
        self.address = self._library.cutter_new(
            dictionary, len(dictionary), starts.ctypes.data, steps.ctypes.data, table.ctypes.data
        )
        if self.address is None:
            raise ValueError("jieba's dictionary has lines of another form than word, frequency and tag.")
        for word, frequency, _ in lexicon:
            codes = codes_of(word)
            self._library.cutter_add(self.address, codes.ctypes.data, len(codes), frequency)
        if self._library.cutter_finish(self.address):
            raise MemoryError("There is no memory for jieba's dictionary.")

    def cut(self, codes: Codes) -> Ints:
        """Where each word begins; words joined give the text back."""
        places = np.empty(max(len(codes), 1), dtype=np.int32)
        count = self._library.cutter_cut(self.address, codes.ctypes.data, len(codes), places.ctypes.data)
        if count < 0:
            raise MemoryError("There is no memory to cut a batch of calls.")
        return places[:count]

    def search_places(self, codes: Codes) -> Ints:
        """``(first, end)`` of jieba's search-mode words: of each long word first the shorter ones inside it."""
        words = self.cut(codes)
        # A word of n characters holds fewer than 2n of two or three; itself comes last.
        places = np.empty((3 * len(codes) + 1, 2), dtype=np.int32)
        count = self._library.cutter_search(
            self.address, codes.ctypes.data, len(codes), words.ctypes.data, len(words), places.ctypes.data
        )
        return places[:count]

    def __del__(self) -> None:
        if getattr(self, "address", None):
            self._library.cutter_free(self.address)


def pack_rows(squares: Floats, heads: NDArray[np.int8], topics: NDArray[np.int8]) -> NDArray[np.uint8]:
    """The rows of kernel.h, each on a cache line of its own; ``topics`` holds one row per row of ``heads``.

    Raises ValueError when heads or topics are too many for a row.
    """
    if heads.shape[1] > HEAD_COLUMNS or topics.shape[1] > ROW_COLUMNS - HEAD_COLUMNS:
        raise ValueError(
            f"The kernel takes {HEAD_COLUMNS} heads and {ROW_COLUMNS - HEAD_COLUMNS} topics at most, "
            f"not {heads.shape[1]} and {topics.shape[1]}."
        )
    raw = np.zeros((len(squares) + 1) * _ROW_BYTES, dtype=np.uint8)
    first = -raw.ctypes.data % _ROW_BYTES
    rows = raw[first : first + len(squares) * _ROW_BYTES].reshape(len(squares), _ROW_BYTES)
    rows[:, :4] = np.ascontiguousarray(squares, dtype=np.float32).view(np.uint8).reshape(-1, 4)
    rows[:, 4 : 4 + heads.shape[1]] = heads.view(np.uint8)
    rows[:, 4 + HEAD_COLUMNS : 4 + HEAD_COLUMNS + topics.shape[1]] = topics.view(np.uint8)
    return rows


class Kernel:
    """Reads batches with one model's tables."""

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, float], tries: Mapping[str, Words | Cutter]
    ) -> None:
        """All by the names of ``Tables`` in kernel.h."""
        self._library = load_library()
        # Held here because the structure keeps addresses only.
        self._held = ({name: np.ascontiguousarray(array) for name, array in arrays.items()}, tries)
        self._tables = _Tables(
            **numbers,
            **{name: array.ctypes.data for name, array in self._held[0].items()},
            **{name: trie.address for name, trie in tries.items()},
        )

    def read(self, text: str, starts: array[int], column: int) -> tuple[bytearray, memoryview]:
        """Everything about the texts ``text[starts[t]:starts[t + 1] - 1]``, each followed by a line feed.

        The bytes of one ``Answer`` of kernel.h per text, and of three whole numbers per anchor word: text, first
        character, number of the word. ``column`` is a head, or BEST_ROUTE or NO_EVIDENCE of nlp.engine.
        """
        texts = len(starts) - 1
        codes = text.encode("utf-32-le", "surrogatepass")
        answers = bytearray(texts * ANSWER * 4)
        room = 64 + len(text) // 8
        while True:
            anchors = bytearray(room * ANCHOR_BYTES)
            count = self._library.read_texts(
                self._tables,
                codes,
                address_of(starts),
                texts,
                column,
                address_of(answers),
                address_of(anchors),
                room,
            )
            if count < 0:
                raise MemoryError("There is no memory to read a batch of calls.")
            if count <= room:
                return answers, memoryview(anchors)[: count * ANCHOR_BYTES]
            room = count


def fold_texts(codes: bytearray, ends: array[int], table: int, table_size: int, kinds: int) -> bytearray:
    """Fold ``codes`` in place; for each of the texts that end at ``ends`` whether it asks for more (nlp.normalise).

    ``table`` and ``kinds`` are addresses; ``codes`` and ``ends`` must not be empty.
    """
    notable = bytearray(len(ends))
    load_library().fold_texts(
        address_of(codes), address_of(ends), len(ends), table, table_size, kinds, address_of(notable)
    )
    return notable
