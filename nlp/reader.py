"""Builds the shipped reader from model, lexicon and taxonomy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.cues import CueRules
from nlp.danger import DangerLexicon
from nlp.danger_kinds import Senses
from nlp.entities import name_phrases
from nlp.model import Model, load_model
from nlp.reading import CallReader
from nlp.taxonomy import load_taxonomy
from nlp.tokens import make_tokenizer

#: Stands between the name of a model and that of an edited lexicon.
EDITED = "~"


def load_reader(
    model_dir: Path | None = None,
    files: ConfigFiles | None = None,
    *,
    accelerate: bool = True,
    with_evidence: bool = True,
    with_entities: bool = True,
) -> CallReader:
    """The reader of the model in ``model_dir`` (default: the shipped one).

    ``files`` overlays taxonomy and lexicon. ``accelerate=False`` cuts by jieba
    itself; ``with_evidence=False`` and ``with_entities=False`` leave these out, which is faster.

    Raises ModelError when the model cannot be read, ConfigError when taxonomy
    or lexicon cannot be used or lack a topic the model knows.
    """
    return build_reader(
        load_model(model_dir),
        files,
        accelerate=accelerate,
        with_evidence=with_evidence,
        with_entities=with_entities,
    )


def build_reader(
    model: Model,
    files: ConfigFiles | None = None,
    *,
    accelerate: bool = True,
    with_evidence: bool = True,
    with_entities: bool = True,
) -> CallReader:
    """The reader of a model at hand; raises ConfigError as load_reader does."""
    files = files or ConfigFiles()
    taxonomy = load_taxonomy(files)
    if files.edited is not None:
        # readings name the lexicon they were made with
        model = replace(model, name=f"{model.name}{EDITED}{files.edited.name[:8]}")
    unknown = [topic for topic in model.topics if topic not in taxonomy.topics]
    if unknown:
        raise ConfigError(f"{files.path('taxonomy.toml')} lacks the topics {', '.join(unknown)} that the model knows.")
    return CallReader(
        model,
        make_tokenizer(files, model.probe, accelerate=accelerate),
        taxonomy,
        DangerLexicon(files, taxonomy),
        cues=CueRules(files, taxonomy),
        names=name_phrases(files, taxonomy),
        senses=Senses(files),
        with_evidence=with_evidence,
        with_entities=with_entities,
    )
