"""The trained model as stored: numpy tables and a JSON card of settings, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.classification import ROUTES
from nlp.danger_kinds import KindTable
from nlp.errors import ModelError
from nlp.features import FeatureSpace, Floats

#: Changes whenever code could no longer read, or would read differently, a model stored earlier.
FORMAT = 2
DEFAULT_FOLDER = Path(__file__).resolve().parent / "model"
_TABLES = "tables.npz"
_STEPS = 127
_COLUMNS = 8
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
    """idf times weight, in steps of the column's scale; columns filled up with zeros to a multiple of eight."""
    scale: Floats

    @classmethod
    def of(cls, weights: Floats, idf: Floats) -> Table:
        """The table of ``weights`` (rows x columns) for features of ``idf``."""
        weighted = weights * idf[:, None]
        scale = np.maximum(np.abs(weighted).max(axis=0), 1e-9) / _STEPS
        return cls.padded(np.rint(weighted / scale).astype(np.int8), scale.astype(np.float32))

    @classmethod
    def padded(cls, steps: NDArray[np.int8], scale: Floats) -> Table:
        """The table of ``steps``; rows of whole eights are gathered fastest."""
        more = -steps.shape[1] % _COLUMNS
        return cls(np.ascontiguousarray(np.pad(steps, ((0, 0), (0, more)))), np.pad(scale, (0, more)))


@dataclass(frozen=True, slots=True)
class Model:
    """Everything inference needs."""

    name: str
    words: tuple[str, ...]
    space: FeatureSpace
    """What the rows of the tables are."""
    squares: Floats
    """Squared idf of each row: what the feature adds to the squared length of its block."""
    heads: Table
    """All rows x (five routes, danger)."""
    intercepts: Floats
    """Five routes, danger."""
    topics: tuple[str, ...]
    topic_table: Table
    """Rows without those of pairs of words x topics; see nlp.scoring.topic_rows."""
    topic_intercepts: Floats
    shows: NDArray[np.bool_]
    """Per word of the vocabulary: may be shown as evidence (no greeting, place, name or mere grammar)."""
    calibration: Calibration
    danger: DangerWeights
    probe: tuple[tuple[str, tuple[str, ...]], ...]
    """Texts and jieba's words for them, which an accelerator must give as well."""
    kinds: KindTable | None = None
    """The guess of the kind of a danger; models made before there was one have none."""


def feature_space(words: Sequence[str], bits: int) -> FeatureSpace:
    """The space of a vocabulary."""
    return FeatureSpace({word: index for index, word in enumerate(words)}, bits)


def save_model(model: Model, folder: Path) -> None:
    """Write the model to ``folder``; the same model gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        "words": np.frombuffer("\n".join(model.words).encode("utf-8"), dtype=np.uint8),
        "shows": np.packbits(model.shows),
        "idf": np.sqrt(model.squares).astype(np.float16),
    }
    for name, table in (("heads", model.heads), ("topic", model.topic_table)):
        arrays[f"{name}_steps"] = table.steps
        arrays[f"{name}_scale"] = table.scale
    if model.kinds is not None:
        arrays |= _kind_arrays(model.kinds)
    np.savez_compressed(folder / _TABLES, **arrays)
    settings = {
        "format": FORMAT,
        "name": model.name,
        "bits": model.space.bits,
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


def _kind_arrays(table: KindTable) -> dict[str, Any]:
    return {
        **{
            name: np.frombuffer("\n".join(words).encode("utf-8"), dtype=np.uint8)
            for name, words in (("kind_names", table.kinds), ("kind_grams", table.grams), ("kind_senses", table.senses))
        },
        "kind_idf": table.idf.astype(np.float16),
        "kind_weights": table.weights.astype(np.float16),
        "kind_intercepts": table.intercepts,
    }


def _stored_kinds(stored: Any) -> KindTable:
    kinds, grams, senses = (
        tuple(stored[name].tobytes().decode("utf-8").split("\n"))
        for name in ("kind_names", "kind_grams", "kind_senses")
    )
    idf, weights = (stored[name].astype(np.float32) for name in ("kind_idf", "kind_weights"))
    return KindTable(kinds, grams, idf, senses, weights, stored["kind_intercepts"])


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
            heads, topic = (Table(stored[f"{name}_steps"], stored[f"{name}_scale"]) for name in ("heads", "topic"))
            idf = stored["idf"].astype(np.float32)
            shows = np.unpackbits(stored["shows"], count=len(words)).astype(np.bool_)
            kinds = _stored_kinds(stored) if "kind_names" in stored else None
        return Model(
            name=settings["name"],
            words=words,
            space=feature_space(words, int(settings["bits"])),
            squares=idf * idf,
            heads=heads,
            intercepts=np.array(settings["intercepts"], dtype=np.float32),
            topics=tuple(settings["topics"]),
            topic_table=topic,
            topic_intercepts=np.array(settings["topic_intercepts"], dtype=np.float32),
            shows=shows,
            calibration=Calibration(**settings["calibration"]),
            danger=DangerWeights(**{**settings["danger"], "phrases": tuple(settings["danger"]["phrases"])}),
            probe=tuple((text, tuple(cut)) for text, cut in settings["probe"]),
            kinds=kinds,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The model in {folder} cannot be read ({error}); make it with `hotline train --out {folder} GOLD...`."
        ) from error
