"""Which words are stored, and which of them may be shown as evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.files import ConfigFiles
from nlp.tokens import JiebaTokenizer
from nlp.training.matrices import Cut

_UNSHOWN = "lexicon/unshown.txt"
#: Names of persons and words no dictionary knows are stored only from this many texts on.
_MIN_TEXTS_NAME = 8
# Places are coded in the training texts: "a市", "b3区".
_CODED_PLACE = re.compile(r"[a-z]\d*[市县区镇]?|西地省|\d.*")


def hidden_words(cut: Cut, jieba: JiebaTokenizer) -> frozenset[str]:
    """Words kept out of the model because they may name a person."""
    counts = Counter(word for words in cut.words for word in set(words))
    tags = _dictionary_tags()
    known: Any = jieba.inner.FREQ
    return frozenset(
        word
        for word, count in counts.items()
        if count < _MIN_TEXTS_NAME and (tags.get(word, "").startswith("nr") or not known.get(word))
    )


def shown_words(words: Sequence[str], files: ConfigFiles, jieba: JiebaTokenizer) -> NDArray[np.bool_]:
    """Per word, whether it may be shown: no greeting, place, name, number or single character."""
    lines = files.read(_UNSHOWN).splitlines()
    unshown = {word for line in lines if not line.startswith("#") for word in line.split()}
    tags = _dictionary_tags()
    known: Any = jieba.inner.FREQ
    return np.array(
        [
            len(word) >= 2
            and word not in unshown
            and bool(known.get(word))
            and not _CODED_PLACE.fullmatch(word)
            and not tags.get(word, "").startswith(("nr", "ns", "m", "u", "p", "c", "r"))
            for word in words
        ],
        dtype=np.bool_,
    )


@lru_cache(maxsize=1)
def _dictionary_tags() -> dict[str, str]:
    """The tags of jieba's own dictionary."""
    import jieba

    tags = {}
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if len(fields) == 3:
            tags[fields[0]] = fields[2]
    return tags
