"""Cuts a text into words: jieba's own tokenizer object, with an accelerator behind the same call.

jieba with our lexicon is the reference. Two accelerators cut the same dictionary: the kernel (nlp/kernel, C,
where a compiler was at hand when the project was installed), some fifty times as fast, and ``rjieba`` (the extra
[fast]), some twenty times; the latter differs in mixed ASCII runs ("10-15") and in rare ideographs, and both are cut
here by jieba's own rule; where something is said over and over (嗯嗯嗯嗯嗯) its choice among equals may be another.
At start an accelerator must give jieba's answers on a stored probe, else the next is tried.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any, Protocol

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.kernel.cutting import KernelTokenizer

_log = logging.getLogger(__name__)
_LEXICON = "lexicon/words.txt"

# jieba's re_han_default ends at U+9FD5; beyond it every character stands alone.
_RARE = re.compile("([^\x00-\u33ff\u4e00-\u9fd5\uff00-\uffef])")
_SYMBOL = re.compile("[-+#&._%]")
_ASCII_RUN = re.compile(r"[A-Za-z0-9][-+#&._%]|[-+#&._%][-A-Za-z0-9+#&._%]")
# finalseg's re_skip: how jieba splits what is no ideograph.
_ASCII_SPLIT = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")

Probe = Sequence[tuple[str, Sequence[str]]]


class Tokenizer(Protocol):
    """Cuts texts; the words joined give the text back."""

    @property
    def name(self) -> str:
        """``kernel``, ``rjieba`` or ``jieba``."""

    def cut(self, text: str) -> list[str]:
        """The words of ``text`` in order, blanks and punctuation included."""


def lexicon_words(files: ConfigFiles) -> list[tuple[str, int, str]]:
    """``(word, frequency, tag)`` of our lexicon (jieba's user dictionary form, every frequency given).

    Raises ConfigError naming the line that has another form.
    """
    words = []
    for number, line in enumerate(files.read(_LEXICON).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        if len(fields) != 3 or not fields[1].isdigit() or int(fields[1]) < 1:
            where = f"{files.path(_LEXICON)} line {number}"
            raise ConfigError(f"{where}: write a word, its frequency (a whole number) and a tag, not {line!r}.")
        words.append((fields[0], int(fields[1]), fields[2]))
    return words


class JiebaTokenizer:
    """The reference: a ``jieba.Tokenizer`` of our own, never the global one."""

    name = "jieba"

    def __init__(self, words: Sequence[tuple[str, int, str]]) -> None:
        import jieba

        jieba.setLogLevel(logging.WARNING)
        self.inner: Any = jieba.Tokenizer()
        self.inner.initialize()
        for word, frequency, tag in words:
            # add_word counts a known word twice in the total; the accelerator does not.
            self.inner.total -= self.inner.FREQ.get(word, 0)
            self.inner.add_word(word, frequency, tag)

    def cut(self, text: str) -> list[str]:
        return list(self.inner.cut(text))

    def cut_for_search(self, text: str) -> list[str]:
        """Search-mode words: long words and the shorter ones inside them."""
        return list(self.inner.cut_for_search(text))


class RjiebaTokenizer:
    """The accelerator, answering as jieba does."""

    name = "rjieba"

    def __init__(self, words: Sequence[tuple[str, int, str]]) -> None:
        import rjieba

        self._inner = rjieba.Jieba()
        for word, frequency, tag in words:
            self._inner.add_word(word, frequency, tag)

    def cut(self, text: str) -> list[str]:
        if _RARE.search(text) is None:
            return self._cut_plain(text)
        words: list[str] = []
        for piece in _RARE.split(text):
            if len(piece) == 1 and _RARE.match(piece):
                words.append(piece)
            elif piece:
                words.extend(self._cut_plain(piece))
        return words

    def _cut_plain(self, text: str) -> list[str]:
        words: list[str] = self._inner.cut(text)
        if _SYMBOL.search(text) is None or _ASCII_RUN.search(text) is None:
            return words
        mixed = [at for at, word in enumerate(words) if word.isascii() and not word.isalnum() and len(word) > 1]
        for at in reversed(mixed):
            if not self._inner.has_word(words[at]):
                words[at : at + 1] = [piece for piece in _ASCII_SPLIT.split(words[at]) if piece]
        return words


def make_tokenizer(files: ConfigFiles, probe: Probe, *, accelerate: bool = True) -> Tokenizer:
    """The fastest that is there and answers the probe as jieba does; jieba itself where ``accelerate`` is False."""
    words = lexicon_words(files)
    for make in _ACCELERATORS if accelerate else ():
        try:
            fast: Tokenizer = make(words)
        except (ImportError, OSError) as error:
            _log.info("%s is not there (%s)", make.name, error)
            continue
        wrong = next((text for text, answer in probe if fast.cut(text) != list(answer)), None)
        if wrong is None:
            return fast
        if files.edited is not None:
            # words of this deployment may cut a probe text otherwise than when the model was trained
            slow = JiebaTokenizer(words)
            if all(fast.cut(text) == slow.cut(text) for text, _ in probe):
                return fast
        _log.warning("%s differs from jieba on the probe text %r and is not used.", make.name, wrong)
    if accelerate:
        _log.warning("Cutting by jieba itself, many times slower: install a C compiler or the extra [fast].")
    return JiebaTokenizer(words)


_ACCELERATORS: Sequence[type[KernelTokenizer | RjiebaTokenizer]] = (KernelTokenizer, RjiebaTokenizer)
