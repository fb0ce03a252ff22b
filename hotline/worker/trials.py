"""A worker's hand for trials: takes one at a time and works it out in steps beside everything else."""

from __future__ import annotations

from typing import Any

import structlog

from hotline.published import Published
from routing.errors import PolicyError
from routing.sealing import Vault
from routing.trials.service import CalledOff, Trial, finish_trial, take_trial, try_policy

log = structlog.get_logger(__name__)

FAILED = "试算出错，请重试；仍不行请通知系统管理员。"


class TrialRunner:
    """One worker's trials."""

    def __init__(self, pool: Any, vault: Vault, published: Published, worker: str) -> None:
        self._pool = pool
        self._vault = vault
        self._published = published
        self._worker = worker

    async def round(self) -> bool:
        """Work out the oldest trial that waits; False when there is none."""
        trial = await take_trial(self._pool, self._vault, self._worker)
        if trial is None:
            return False
        try:
            result = await self._result(trial)
        except CalledOff:
            return True
        except PolicyError as error:
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
        return await try_policy(self._pool, self._vault, trial, self._published.policy, self._published.draft)
