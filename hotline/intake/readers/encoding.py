"""Finds a text file's encoding and opens it so that no byte can end the reading."""

from __future__ import annotations

import codecs
import io
import re
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
    """The encoding of ``path``: byte order mark, else UTF-8, UTF-16, GB18030 in this order.

    Where a file is damaged the encoding with the fewest unknown bytes in its first MiB counts.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if (wide := _wide(head)) is not None:
        return wide
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    # The tail may cut a character in two; that costs each candidate the same.
    return min(("utf-8", "gb18030"), key=lambda name: head.decode(name, _ERRORS).count(UNKNOWN_BYTE))


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
    """UTF-16 without mark: line ends and commas have a zero byte beside them."""
    little = len(re.findall(rb"[\n,;\t{]\x00", head))
    big = len(re.findall(rb"\x00[\n,;\t{]", head))
    if head.count(b"\x00") * 50 < len(head) or not little + big:
        return None
    return "utf-16-le" if little >= big else "utf-16-be"


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
