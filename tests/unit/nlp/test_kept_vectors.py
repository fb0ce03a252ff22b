"""Vectors made for training are kept although the run is stopped, and not made twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.deep import vectors
from nlp.deep.embedding import Embedder
from nlp.errors import ModelError
from nlp.features import Floats
from nlp.labels import LabelledRow


class _Counting(Embedder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def vector(self, original: str) -> Floats:
        if original == "停":
            raise KeyboardInterrupt
        self.seen.append(original)
        return np.full(4, len(original) / 7, dtype=np.float32)


def _rows(*texts: str) -> list[LabelledRow]:
    return [
        LabelledRow(str(place), text, None, "dispute", None, (), danger=False, hard=False, source="own")
        for place, text in enumerate(texts)
    ]


def test_a_stopped_run_keeps_what_it_made_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "KEPT_EVERY", 2)
    cache, first, second = tmp_path / "new" / "vectors.npz", _Counting(), _Counting()
    with pytest.raises(KeyboardInterrupt):
        vectors.vectors_of(_rows("漏水", "欠薪了", "楼上吵闹", "停"), cache, embedder=lambda: first)
    places, made = vectors.vectors_of(_rows("漏水", "欠薪了", "楼上吵闹", "路灯坏了吗"), cache, embedder=lambda: second)
    assert (len(first.seen), second.seen, places) == (3, ["路灯坏了吗"], [0, 1, 2, 3])
    np.testing.assert_allclose(made[:, 0], np.array([2, 3, 4, 5]) / 7, rtol=1e-3)
    assert [path.name for path in cache.parent.iterdir()] == ["vectors.npz"]


def test_the_same_vectors_come_out_of_the_file_as_were_made(tmp_path: Path) -> None:
    cache = tmp_path / "vectors.npz"
    _, made = vectors.vectors_of(_rows("漏水", "欠薪了"), cache, embedder=_Counting)
    _, kept = vectors.vectors_of(_rows("漏水", "欠薪了"), cache, embedder=_Counting)
    np.testing.assert_array_equal(made, kept)


def test_no_more_than_wanted_are_made(tmp_path: Path) -> None:
    places, _ = vectors.vectors_of(_rows("一", "二二", "三三三"), tmp_path / "v.npz", most=2, embedder=_Counting)
    assert places == [0, 1]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    cache = tmp_path / "vectors.npz"
    cache.write_bytes(b"PK nothing")
    with pytest.raises(ModelError, match=r"vectors\.npz"):
        vectors.vectors_of(_rows("漏水"), cache, embedder=_Counting)
