"""Words of a text for a full-text index: jieba's search mode over the normal text."""

from __future__ import annotations

from functools import lru_cache

from config.files import ConfigFiles
from nlp.kernel.cutting import KernelTokenizer
from nlp.normalise import fold
from nlp.tokens import JiebaTokenizer, lexicon_words


def search_tokens(text: str) -> list[str]:
    """The distinct words of ``text``, long ones and those inside them, in order of first place.

    The whole text is indexed, not only the caller's turns. Blanks and
    punctuation are left out; a query is cut by the same call. With the kernel or
    without it the words are jieba's, so that an index outlives a change of machine.
    """
    words = _tokenizer().cut_for_search(fold(text))
    return list(dict.fromkeys([word for word in words if word.isalnum() or any(map(str.isalnum, word))]))


@lru_cache(maxsize=1)
def _tokenizer() -> KernelTokenizer | JiebaTokenizer:
    words = lexicon_words(ConfigFiles())
    try:
        return KernelTokenizer(words)
    except (ImportError, OSError):
        return JiebaTokenizer(words)
