"""A worker's hand for trials: takes one at a time and works it out in steps beside everything else.

Trials read stored calls that a reader has read already, and sentences of a few hundred characters: what ends or stalls
a reader is not among them, so that they are read in a thread of the worker itself.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from config.errors import ConfigError
from hotline.lexicon.store import FOLDER, in_force, written
from hotline.models.store import unpacked
from hotline.published import Published
from nlp.amendments import Amendment, loads
from nlp.reader import load_reader
from nlp.reading import CallReader
from routing.errors import PolicyError
from routing.sealing import Vault
from routing.trials.readings import ReadingComparison
from routing.trials.service import CalledOff, Trial, finish_trial, take_trial, tell_progress, tried_calls, try_policy

log = structlog.get_logger(__name__)

FAILED = "试算出错，请重试；仍不行请通知系统管理员。"
#: Readers kept for the next trial, and for how long: one for what is in force, one for the draft.
_KEPT, _KEPT_S = 2, 120.0


class TrialRunner:
    """One worker's trials."""

    def __init__(self, pool: Any, vault: Vault, published: Published, worker: str, models: Path | None) -> None:
        """``models`` is where promoted models are unpacked; None: the shipped one is read with."""
        self._pool = pool
        self._vault = vault
        self._published = published
        self._worker = worker
        self._models = models
        self._kept: tempfile.TemporaryDirectory[str] | None = None
        self._readers: dict[tuple[Path | None, Path | None], CallReader] = {}
        self._used = 0.0

    async def round(self) -> bool:
        """Work out the oldest trial that waits; False when there is none."""
        if self._readers and time.monotonic() - self._used > _KEPT_S:
            self._readers.clear()
        trial = await take_trial(self._pool, self._vault, self._worker)
        if trial is None:
            return False
        try:
            result = await self._result(trial)
        except CalledOff:
            return True
        except (PolicyError, ConfigError) as error:
            await finish_trial(self._pool, self._vault, trial, None, error=str(error))
        except Exception as error:
            # told to who waits, and to the log; the worker goes on
            await finish_trial(self._pool, self._vault, trial, None, error=FAILED)
            log.error("trial_failed", trial_id=trial.id, kind=trial.kind, error=type(error).__name__)
            raise
        else:
            await finish_trial(self._pool, self._vault, trial, result)
        return True

    async def _result(self, trial: Trial) -> dict[str, Any]:
        await self._published.refresh(self._pool, force=True)
        if trial.kind == "policy":
            return await try_policy(self._pool, self._vault, trial, self._published.policy, self._published.draft)
        if trial.kind == "lexicon":
            return await self._try_lexicon(trial, loads(trial.body))
        asked = json.loads(trial.body)
        before, after = await self._both(loads(asked["amendments"]))
        return await asyncio.to_thread(
            lambda: {name: _examined(reader, asked) for name, reader in (("before", before), ("after", after))}
        )

    async def _try_lexicon(self, trial: Trial, draft: Sequence[Amendment]) -> dict[str, Any]:
        """Read the last calls by the lexicon in force and by the draft, both by the model in force."""
        await tell_progress(self._pool, trial, 0, trial.wanted)
        before, after = await self._both(draft)
        comparison = ReadingComparison()

        def add(calls: Sequence[dict[str, Any]]) -> None:
            items = [(call["transcript"], call["line"]) for call in calls]
            pairs = zip(calls, before.read_batch(items), after.read_batch(items), strict=True)
            for call, one, other in pairs:
                comparison.add(call, one, other)

        async for calls in tried_calls(self._pool, self._vault, trial):
            await asyncio.to_thread(add, calls)
        return comparison.to_dict()

    async def _both(self, draft: Sequence[Amendment]) -> tuple[CallReader, CallReader]:
        async with self._pool.acquire() as connection:
            model = None if self._models is None else await unpacked(connection, self._models)
            now = await in_force(connection)
        return await self._reader(model, now), await self._reader(model, draft)

    @property
    def _folder(self) -> Path:
        """Where lexicons are written out: beside the models, else in a folder that goes with this process."""
        if self._models is not None:
            return self._models.parent / FOLDER
        if self._kept is None:
            self._kept = tempfile.TemporaryDirectory(prefix="hotline-lexicons-")
        return Path(self._kept.name)

    async def _reader(self, model: Path | None, amendments: Sequence[Amendment]) -> CallReader:
        files = self._published.files
        folder = await asyncio.to_thread(written, files, amendments, self._folder)
        key = model, folder
        self._used = time.monotonic()
        if key not in self._readers:
            while len(self._readers) >= _KEPT:
                self._readers.pop(next(iter(self._readers)))
            plain = type(files)(files.overlay, folder)
            self._readers[key] = await asyncio.to_thread(load_reader, model, plain)
        else:
            # the newest stays longest
            self._readers[key] = self._readers.pop(key)
        return self._readers[key]


def _examined(reader: CallReader, asked: dict[str, Any]) -> dict[str, Any]:
    """Words and reading of a sentence."""
    text, line = asked["text"], asked["line"]
    return {"tokens": reader.tokenizer.cut(text), "reading": reader.read(text, line=line).to_row()}
