"""The reading of a call as a spaCy pipeline, for work that wants documents: spans, categories, more components.

    nlp = build_pipeline(reader)
    doc = nlp("...")           # doc.cats, doc.spans["danger"], doc.spans["entities"], doc.spans["cues"]
    doc._.classification       # the same Classification as reader.read gives

Bulk work and the live path use :class:`nlp.reading.CallReader` itself, which
builds no documents and is several times faster; a test holds the two equal.
The document's text is the normal text; offsets of a Classification are those
of the original.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from spacy.vocab import Vocab

from nlp.classification import ROUTES, Classification
from nlp.cues import CUE_LEXICON
from nlp.danger import LEXICON as DANGER_LEXICON
from nlp.engine import BEST_ROUTE
from nlp.entities import find_entities
from nlp.errors import NlpError
from nlp.normalise import normalise
from nlp.reading import CallReader, Parts

_READER = "hotline_reader"
TOKENIZER = "hotline.CallTokenizer.v1"
COMPONENTS = ("hotline_phrases", "hotline_entities", "hotline_classifier")

for _name in ("original", "line", "normal", "found", "named", "classification"):
    if not Doc.has_extension(_name):
        Doc.set_extension(_name, default=None)


class CallTokenizer:
    """spaCy's tokenizer for calls: normalises, then cuts by our jieba."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab
        self.reader: CallReader | None = None

    def __call__(self, text: str) -> Doc:
        """A document of the normal text, the original kept in ``doc._.original``."""
        if self.reader is None:
            raise NlpError("The call tokenizer has no reader yet; make the pipeline with nlp.pipeline.build_pipeline.")
        normal = normalise(text)
        words = self.reader.tokenizer.cut(normal.text)
        doc = Doc(self.vocab, words=words, spaces=[False] * len(words))
        doc._.original = text
        doc._.normal = normal
        doc._.found = self.reader.engine.find([normal.text], BEST_ROUTE)[0]
        return doc

    def to_disk(self, *_: Any, **__: Any) -> None:
        """Nothing of its own to store: the reader is given anew."""

    from_disk = to_disk


def create_tokenizer() -> Callable[[Language], CallTokenizer]:
    """Factory of the registered tokenizer."""
    return lambda nlp: CallTokenizer(nlp.vocab)


registry.tokenizers.register(TOKENIZER, func=create_tokenizer)


class _Component:
    """A component that works by the pipeline's reader."""

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp

    @property
    def reader(self) -> CallReader:
        reader = getattr(self._nlp.tokenizer, "reader", None)
        if not isinstance(reader, CallReader):
            raise NlpError("The pipeline has no reader; make it with nlp.pipeline.build_pipeline.")
        return reader


class PhraseMatcher(_Component):
    """Danger signals and cues: ``doc.spans["danger"]``, ``doc.spans["cues"]``."""

    def __call__(self, doc: Doc) -> Doc:
        """Find the lexicon's phrases."""
        hits = doc._.found.hits
        for key, source in (("danger", DANGER_LEXICON), ("cues", CUE_LEXICON)):
            found = [(hit.phrase.kind, hit.start, hit.end) for hit in hits if hit.phrase.source == source]
            doc.spans[key] = _spans(doc, found)
        return doc


class EntityMatcher(_Component):
    """Entities: ``doc.spans["entities"]``."""

    def __call__(self, doc: Doc) -> Doc:
        """Find money, people, dates, numbers, bodies and addresses."""
        named = find_entities(doc._.normal.text, doc._.found.hits)
        doc._.named = named
        doc.spans["entities"] = _spans(doc, [(n.kind, n.start, n.end) for n in named])
        return doc


class RouteClassifier(_Component):
    """The classifier: ``doc.cats`` (five calibrated probabilities) and ``doc._.classification``."""

    def __call__(self, doc: Doc) -> Doc:
        """Score the document and join all parts."""
        found = doc._.found
        doc.cats = dict(zip(ROUTES, found.routes, strict=True))
        parts = Parts(doc._.normal, doc._.line, found, doc._.named)
        doc._.classification = self.reader.classification(doc._.original, parts)
        return doc


@Language.factory("hotline_phrases")
def create_phrase_matcher(nlp: Language, name: str) -> PhraseMatcher:
    """Factory for ``nlp.add_pipe("hotline_phrases")``."""
    return PhraseMatcher(nlp)


@Language.factory("hotline_entities")
def create_entity_matcher(nlp: Language, name: str) -> EntityMatcher:
    """Factory for ``nlp.add_pipe("hotline_entities")``."""
    return EntityMatcher(nlp)


@Language.factory("hotline_classifier", default_score_weights={"cats_macro_f": 1.0})
def create_route_classifier(nlp: Language, name: str) -> RouteClassifier:
    """Factory for ``nlp.add_pipe("hotline_classifier")``; it wants the two matchers before it."""
    return RouteClassifier(nlp)


def build_pipeline(reader: CallReader) -> Language:
    """A spaCy pipeline that reads calls as ``reader`` does."""
    config = {"nlp": {"lang": "zh", "tokenizer": {"@tokenizers": TOKENIZER}}}
    nlp = spacy.blank("zh", config=config)
    tokenizer = nlp.tokenizer
    if not isinstance(tokenizer, CallTokenizer):
        raise NlpError("spaCy did not take the registered tokenizer; check the installed spaCy version.")
    tokenizer.reader = reader
    for component in COMPONENTS:
        nlp.add_pipe(component)
    return nlp


class PipelineReader:
    """A Reader that goes through spaCy documents."""

    def __init__(self, reader: CallReader) -> None:
        self._reader = reader
        self._nlp = build_pipeline(reader)

    @property
    def model(self) -> str:
        """Name and version of the model."""
        return self._reader.model

    def read(self, text: str, *, line: str | None = None) -> Classification:
        """Read one transcript."""
        return self.read_batch([(text, line)])[0]

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        """Read many; strings met on the way are dropped afterwards, so that memory does not grow."""
        answers = []
        with self._nlp.memory_zone():
            for text, line in items:
                doc = self._nlp.make_doc(text)
                doc._.line = line
                answers.append(self._nlp(doc)._.classification)
        return answers


def _spans(doc: Doc, found: Sequence[tuple[str, int, int]]) -> list[Span]:
    """Spans of whole words that cover what was found."""
    spans = (doc.char_span(start, end, label=kind, alignment_mode="expand") for kind, start, end in found)
    return [span for span in spans if span is not None]
