"""Words of a text for a full-text index: jieba's search mode over the normal text."""

from __future__ import annotations

from functools import lru_cache

from config.files import ConfigFiles
from nlp.normalise import fold
from nlp.tokens import JiebaTokenizer, lexicon_words


def search_tokens(text: str) -> list[str]:
    """The distinct words of ``text``, long ones and those inside them, in order of first place.

    The whole text is indexed, not only the caller's turns. Blanks and
    punctuation are left out; a query is cut by the same call.
    """
    words = _tokenizer().cut_for_search(fold(text))
    return list(dict.fromkeys(word for word in words if any(char.isalnum() for char in word)))


@lru_cache(maxsize=1)
def _tokenizer() -> JiebaTokenizer:
    return JiebaTokenizer(lexicon_words(ConfigFiles()))
