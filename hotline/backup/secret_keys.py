"""Which of the service's keys a backup needs. The keys themselves are never in it."""

from __future__ import annotations

from config.settings import Settings
from hotline.sealing.key_file import read_key_file
from hotline.sealing.suites import keyed_hash


def secret_key_ids(settings: Settings) -> tuple[str, ...]:
    """The keys in the service's key file, each as its number and eight hex digits that reveal nothing of it.

    Empty where there is no key file. Raises SecretKeyError where it cannot be read.
    """
    ring = read_key_file(settings.secret_key_file)
    if ring is None:
        return ()
    found = [f"lookup:{_check(ring.lookup_suite, ring.lookup_secret)}"]
    found += [f"data {key.id}:{_check(key.suite, key.secret)}" for key in ring.data.values()]
    return tuple(found)


def _check(suite: str, secret: bytes) -> str:
    return keyed_hash("sm" if suite == "sm" else "intl", secret)(b"hotline backup key check v1").hex()[:8]
