"""Finds a text file's encoding and opens it so that no byte can end the reading."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from hotline.intake.errors import FileUnreadable

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Stands for each byte that the encoding does not know; never part of a valid text.
UNKNOWN_BYTE = "\udc80"
_ERRORS = "hotline-unknown-byte"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNKNOWN_BYTE, error.end


codecs.register_error(_ERRORS, _mark)


def detect_encoding(path: Path) -> str:
    """The encoding of ``path``: by byte order mark, else UTF-16, UTF-8 or GB18030 by what its bytes look like."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if (wide := _wide(head)) is not None:
        return wide
    if _decodes(path, "utf-8"):
        return "utf-8"
    # Read as UTF-8, GB18030 is mostly unknown bytes; damaged UTF-8 has but a few, and may well pass for GB18030.
    decoded = head.decode("utf-8", _ERRORS)
    unknown = decoded.count(UNKNOWN_BYTE)
    known = sum(not character.isascii() for character in decoded) - unknown
    return "utf-8" if unknown < known else "gb18030"


class TextFile(io.TextIOWrapper):
    """A text file that knows how many of its bytes have been read."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._bytes = path.open("rb", buffering=_CHUNK)
        self._size = path.stat().st_size
        super().__init__(self._bytes, encoding=encoding, errors=_ERRORS, newline="")

    def progress(self) -> tuple[int, int]:
        """(bytes read, bytes in the file)."""
        return self._bytes.tell(), self._size


def open_text(path: Path, encoding: str) -> TextFile:
    """``path`` as text, line ends untouched; unknown bytes become UNKNOWN_BYTE.

    ``encoding`` is a codec's name or ``auto``. Raises FileUnreadable.
    """
    try:
        name = detect_encoding(path) if encoding == "auto" else encoding
        if name == "utf-8":
            name = "utf-8-sig"
        return TextFile(path, name)
    except OSError as error:
        raise FileUnreadable(f"{path} 打不开：{error.strerror}。请检查路径和权限。") from error


def visible(text: str) -> str:
    """``text`` with each unknown byte shown as U+FFFD."""
    return text.replace(UNKNOWN_BYTE, "\ufffd")


def _wide(head: bytes) -> str | None:
    """UTF-16 without mark: its digits, commas and line ends have a zero byte on the same side each."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd < max(8, len(head) // 20) or max(even, odd) < 0.95 * (even + odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
