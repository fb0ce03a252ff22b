"""The words that speak for the class, spread from the model's own weights.

Every feature's share of the class margin is laid on the characters where it
stands; a word's weight is what lies on it. Greetings, places, names and mere
grammar count in the margin but are not shown.
"""

from __future__ import annotations

import numpy as np

from nlp.features import BLOCKS, Floats, Ints, Occurrences
from nlp.model import Model
from nlp.scoring import Scores

#: A word is shown when it holds at least this share of what speaks for the class.
_SHOWN_SHARE = 0.02
_MOST = 5
_LONGEST = 18


#: A stretch of the normal text that speaks for the class: start, end, and its share of all that speaks for it, 0..1.
Shown = tuple[int, int, float]


def word_weights(model: Model, found: Occurrences, scores: Scores, column: Ints) -> Floats:
    """What each word of the batch adds to the margin ``column[text]`` of its text, each time as if it stood once."""
    columns = model.heads.steps.shape[1]
    flat = model.heads.steps.reshape(-1)
    of_char, of_word = column[found.char_doc], column[found.word_doc]
    by_word, by_char, by_lead = (scores.norms[:, block][found.word_doc] for block in range(BLOCKS))
    on_character = flat[found.one * columns + of_char].astype(np.float32)
    # Half of a pair's weight lies on each of its two characters.
    halves = flat[found.two * columns + of_char] * np.float32(0.5)
    on_character += halves
    on_character[1:] += halves[:-1]
    weights = np.add.reduceat(on_character, found.word_at) / by_char
    pairs = flat[found.pair * columns + of_word] * np.float32(0.5)
    whole = flat[found.word * columns + of_word] + pairs
    whole[1:] += pairs[:-1]
    weights += whole / by_word
    weights += flat[found.lead * columns + of_word] / by_lead
    weights *= model.heads.scale[of_word]
    return np.asarray(weights, dtype=np.float32)


def evidence(model: Model, found: Occurrences, scores: Scores, route: Ints) -> list[tuple[Shown, ...]]:
    """Per text the stretches that speak most for ``route[text]``, heaviest first."""
    share = np.maximum(word_weights(model, found, scores, route), 0)
    mass = np.bincount(found.word_doc, weights=share, minlength=found.texts).astype(np.float32)
    mass[mass == 0] = 1
    share /= mass[found.word_doc]
    chosen = np.flatnonzero((share >= _SHOWN_SHARE) & (found.word < len(model.words)))
    chosen = chosen[model.shows[found.word[chosen]]]
    shown: list[tuple[Shown, ...]] = [()] * found.texts
    if not len(chosen):
        return shown
    # Neighbouring words make one stretch, as long as it stays short.
    ends = np.append(found.word_at[1:], found.starts[-1])[chosen]
    starts = found.word_at[chosen]
    apart = np.concatenate((_TRUE, np.diff(chosen) > 1))
    from_first = starts - starts[np.maximum.accumulate(np.where(apart, np.arange(len(chosen)), 0))]
    apart[1:] |= from_first[1:] // _LONGEST > from_first[:-1] // _LONGEST
    first = np.flatnonzero(apart)
    last = np.append(first[1:], len(chosen)) - 1
    low, high, weight = starts[first], ends[last], np.add.reduceat(share[chosen], first)
    doc = found.word_doc[chosen[first]]
    order = np.lexsort((low, -weight, doc))
    low, high, weight, doc = low[order], high[order], weight[order], doc[order]
    edges = np.flatnonzero(np.concatenate((_TRUE, doc[1:] != doc[:-1], _TRUE)))
    from_start = found.starts[doc]
    places = list(zip((low - from_start).tolist(), (high - from_start).tolist(), weight.tolist(), strict=True))
    for text, begin, end in zip(doc[edges[:-1]].tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        shown[text] = tuple(places[begin : min(end, begin + _MOST)])
    return shown


_TRUE = np.ones(1, dtype=np.bool_)
