"""The trained model as stored: numpy tables and a JSON card of settings, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.classification import ROUTES
from nlp.errors import ModelError
from nlp.features import FeatureSpace, Floats

#: Changes whenever code could no longer read, or would read differently, a model stored earlier.
FORMAT = 1
DEFAULT_FOLDER = Path(__file__).resolve().parent / "model"
_TABLES = "tables.npz"
_STEPS = 127
_SETTINGS = "settings.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns margins into probabilities, and says when the model abstains."""

    route_scale: float
    """Inverse temperature of the softmax over route margins."""
    topic_scale: float
    review_below: float
    """Confidence below which a person decides."""


@dataclass(frozen=True, slots=True)
class DangerWeights:
    """Joins the learnt danger margin with the phrases heard into one probability."""

    margin: float
    phrases: tuple[float, ...]
    """One weight per count of nlp.danger.phrase_counts."""
    kinds: Mapping[str, float]
    """Weight of each danger kind heard at level 2."""
    bias: float
    level_one: float
    """Probability from which the call is dangerous."""
    level_two: float
    """Probability from which words of now mean level 2."""


@dataclass(frozen=True, slots=True)
class Table:
    """Weights of features (rows) for heads (columns) in small whole steps, so that the table stays in cache."""

    steps: NDArray[np.int8]
    """idf times weight, in steps of the column's scale."""
    scale: Floats
    squares: Floats
    """idf squared of each row: what the feature adds to the squared length of its block."""

    @classmethod
    def of(cls, weights: Floats, idf: Floats) -> Table:
        """The table of ``weights`` (rows x columns) for features of ``idf``."""
        weighted = weights * idf[:, None]
        scale = np.maximum(np.abs(weighted).max(axis=0), 1e-9) / _STEPS
        steps = np.rint(weighted / scale).astype(np.int8)
        return cls(np.ascontiguousarray(steps), scale.astype(np.float32), (idf * idf).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Model:
    """Everything inference needs."""

    name: str
    words: tuple[str, ...]
    bits: int
    word_table: Table
    """(vocabulary + buckets) x (five routes, danger)."""
    char_table: Table
    """buckets x (five routes, danger, topics)."""
    intercepts: Floats
    """Five routes, danger."""
    topics: tuple[str, ...]
    topic_table: Table
    """vocabulary x topics."""
    topic_intercepts: Floats
    shows: NDArray[np.bool_]
    """Per word of the vocabulary: may be shown as evidence (no greeting, place, name or mere grammar)."""
    calibration: Calibration
    danger: DangerWeights
    probe: tuple[tuple[str, tuple[str, ...]], ...]
    """Texts and jieba's words for them, which an accelerator must give as well."""

    @property
    def space(self) -> FeatureSpace:
        """The feature space the tables are made for."""
        return FeatureSpace({word: index for index, word in enumerate(self.words)}, self.bits)


def save_model(model: Model, folder: Path) -> None:
    """Write the model to ``folder``; the same model gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        "words": np.frombuffer("\n".join(model.words).encode("utf-8"), dtype=np.uint8),
        "shows": np.packbits(model.shows),
    }
    for name, table in (("word", model.word_table), ("char", model.char_table), ("topic", model.topic_table)):
        arrays[f"{name}_steps"] = table.steps
        arrays[f"{name}_scale"] = table.scale
        arrays[f"{name}_idf"] = np.sqrt(table.squares).astype(np.float16)
    np.savez_compressed(folder / _TABLES, **arrays)
    settings = {
        "format": FORMAT,
        "name": model.name,
        "bits": model.bits,
        "routes": list(ROUTES),
        "topics": list(model.topics),
        "intercepts": model.intercepts.tolist(),
        "topic_intercepts": model.topic_intercepts.tolist(),
        "calibration": {
            "route_scale": model.calibration.route_scale,
            "topic_scale": model.calibration.topic_scale,
            "review_below": model.calibration.review_below,
        },
        "danger": {
            "margin": model.danger.margin,
            "phrases": list(model.danger.phrases),
            "kinds": dict(model.danger.kinds),
            "bias": model.danger.bias,
            "level_one": model.danger.level_one,
            "level_two": model.danger.level_two,
        },
        "probe": [[text, list(words)] for text, words in model.probe],
    }
    text = json.dumps(settings, ensure_ascii=False, indent=1) + "\n"
    (folder / _SETTINGS).write_text(text, encoding="utf-8")


def load_model(folder: Path | None = None) -> Model:
    """Read the model in ``folder`` (default: the shipped one).

    Raises ModelError when files are missing, damaged or of another format.
    """
    folder = folder or DEFAULT_FOLDER
    try:
        settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        if settings.get("format") != FORMAT or tuple(settings["routes"]) != ROUTES:
            raise ModelError(f"The model in {folder} is of another format; make a new one with `hotline train`.")
        with np.load(folder / _TABLES, allow_pickle=False) as stored:
            words = tuple(stored["words"].tobytes().decode("utf-8").split("\n"))
            tables = {name: _table(stored, name) for name in ("word", "char", "topic")}
            shows = np.unpackbits(stored["shows"], count=len(words)).astype(np.bool_)
        return Model(
            name=settings["name"],
            words=words,
            bits=int(settings["bits"]),
            word_table=tables["word"],
            char_table=tables["char"],
            intercepts=np.array(settings["intercepts"], dtype=np.float32),
            topics=tuple(settings["topics"]),
            topic_table=tables["topic"],
            topic_intercepts=np.array(settings["topic_intercepts"], dtype=np.float32),
            shows=shows,
            calibration=Calibration(**settings["calibration"]),
            danger=DangerWeights(**{**settings["danger"], "phrases": tuple(settings["danger"]["phrases"])}),
            probe=tuple((text, tuple(cut)) for text, cut in settings["probe"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The model in {folder} cannot be read ({error}); make it with `hotline train --out {folder} GOLD...`."
        ) from error


def _table(stored: Any, name: str) -> Table:
    idf = stored[f"{name}_idf"].astype(np.float32)
    return Table(stored[f"{name}_steps"], stored[f"{name}_scale"], idf * idf)
