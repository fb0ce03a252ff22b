"""The second reader's model as stored: a kernel machine on sentence vectors, and how it joins the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.classification import ROUTES
from nlp.errors import ModelError
from nlp.features import Floats
from nlp.scoring import softmax

FORMAT = 1
FILE = "second.npz"
_STEPS = 127
_FLOOR = 1e-6
#: Place of the bar among the stored numbers.
_ASK_BELOW = 3


@dataclass(frozen=True, slots=True)
class SecondModel:
    """Radial basis functions around the training vectors, joined with the first reader's."""

    name: str
    first: str
    """Name of the first reader's model it was joined with."""
    mean: Floats
    centres: NDArray[np.int8]
    """Training vectors without the mean, of length one, in steps of 1 / 127."""
    weights: Floats
    """centres x routes."""
    gamma: float
    first_scale: float
    """What the first reader's log probabilities count."""
    second_scale: float
    ask_below: float
    """First confidence below which the second reader is asked."""
    review_below: float
    """Joint confidence below which a person decides."""

    def margins(self, vectors: Floats) -> Floats:
        """vectors x routes."""
        return np.asarray(self.kernel(centred(vectors, self.mean)) @ self.weights, dtype=np.float32)

    def kernel(self, points: Floats) -> Floats:
        """Similarity of centred points to the centres."""
        near = (points @ self.centres.T.astype(np.float32)) / _STEPS
        return np.asarray(np.exp(-2 * self.gamma * (1 - near)), dtype=np.float32)

    def joint(self, first: Floats, margins: Floats) -> Floats:
        """Probabilities of both readers together; ``first`` are the first reader's, rows x routes."""
        logs = np.log(np.maximum(first, _FLOOR)).astype(np.float32)
        return softmax(self.first_scale * logs + self.second_scale * margins)


def centred(vectors: Floats, mean: Floats) -> Floats:
    """Without the mean, of length one."""
    moved = np.atleast_2d(vectors) - mean
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), _FLOOR), dtype=np.float32)


def in_steps(points: Floats) -> NDArray[np.int8]:
    """Points of length one as small whole numbers."""
    return np.rint(points * _STEPS).astype(np.int8)


def save_second(model: SecondModel, folder: Path) -> None:
    """Write the model beside the first reader's in ``folder``."""
    numbers = [model.gamma, model.first_scale, model.second_scale, model.ask_below, model.review_below]
    arrays: dict[str, Any] = {
        "format": np.array([FORMAT]),
        "names": np.frombuffer("\n".join((model.name, model.first, *ROUTES)).encode(), dtype=np.uint8),
        "mean": model.mean.astype(np.float16),
        "centres": model.centres,
        "weights": model.weights.astype(np.float16),
        "numbers": np.array(numbers, dtype=np.float64),
    }
    np.savez_compressed(folder / FILE, **arrays)


def ask_below(folder: Path) -> float:
    """First confidence below which the second reader of the model in ``folder`` is asked, without loading the rest.

    Raises ModelError as load_second does.
    """
    try:
        with np.load(folder / FILE, allow_pickle=False) as stored:
            return float(stored["numbers"][_ASK_BELOW])
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise _unreadable(folder, error) from error


def load_second(folder: Path) -> SecondModel:
    """Read the model; raises ModelError when it is missing, damaged or of another format."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as stored:
            name, first, *routes = stored["names"].tobytes().decode().split("\n")
            if int(stored["format"][0]) != FORMAT or tuple(routes) != ROUTES:
                raise ModelError(f"The second model in {folder} is of another format; make a new one.")
            gamma, first_scale, second_scale, ask_below, review_below = stored["numbers"].tolist()
            return SecondModel(
                name=name,
                first=first,
                mean=stored["mean"].astype(np.float32),
                centres=stored["centres"],
                weights=stored["weights"].astype(np.float32),
                gamma=gamma,
                first_scale=first_scale,
                second_scale=second_scale,
                ask_below=ask_below,
                review_below=review_below,
            )
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> ModelError:
    return ModelError(f"The second model in {folder} cannot be read ({error}); make it with `hotline train`.")
