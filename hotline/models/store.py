"""Promotion and roll-back of models, and their files on disk for a reader to load."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

from hotline.audit.store import Actor, record
from hotline.errors import HotlineError
from nlp.model import load_model
from routing.sql import load_queries

queries = load_queries(__file__)

#: The files of a model; the second reader's is not always there.
FILES = ("settings.json", "tables.npz", "second.npz")
#: A model larger than this is none of ours.
MOST_BYTES = 64 * 1024 * 1024
SHIPPED = "shipped"


class PromotionError(HotlineError):
    """The model cannot be promoted or rolled back; the message says why."""


def archive_of(folder: Path) -> bytes:
    """The files of a model as one archive; raises ModelError when the model cannot be read."""
    load_model(folder)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in FILES:
            if (folder / name).is_file():
                # the same files give the same archive
                archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes())
    return packed.getvalue()


async def promote(pool: Any, folder: Path, actor: Actor | None = None) -> str:
    """Put the model of ``folder`` in force; its name. Raises ModelError, PromotionError."""
    files = archive_of(folder)
    if len(files) > MOST_BYTES:
        raise PromotionError(f"The model in {folder} has more than {MOST_BYTES // 2**20} MB; this is no first reader.")
    name = load_model(folder).name
    async with pool.acquire() as connection, connection.transaction():
        await queries.lock_models(connection)
        now = await queries.model_in_force(connection)
        if now is not None and now["name"] == name and not now["shipped"]:
            raise PromotionError(f"{name} is in force already.")
        await _put(connection, name, files, "model_promoted", actor)
    return name


async def roll_back(pool: Any, actor: Actor | None = None) -> str:
    """Put in force what was so before the newest promotion: a model, or the shipped one. Raises PromotionError."""
    async with pool.acquire() as connection, connection.transaction():
        await queries.lock_models(connection)
        now = await queries.model_in_force(connection)
        if now is None or now["shipped"]:
            raise PromotionError("The shipped model is in force; there is nothing to roll back to.")
        before = await queries.model_before(connection)
        if before is not None and not before["shipped"]:
            name, files = str(before["name"]), before["files"]
        else:
            name, files = SHIPPED, None
        await _put(connection, name, files, "model_rolled_back", actor)
    return name


async def _put(connection: Any, name: str, files: bytes | None, action: str, actor: Actor | None) -> None:
    digest = hashlib.sha256(files).hexdigest() if files else None
    await queries.promote_model(connection, name=name, files=files, digest=digest)
    await record(connection, actor=actor, action=action, subject=f"model:{name}", detail={"digest": digest or ""})


async def unpacked(connection: Any, under: Path) -> Path | None:
    """The folder of the model in force, written below ``under`` where it is missing; None: the shipped one.

    Raises PromotionError when the stored archive is damaged.
    """
    now = await queries.model_in_force(connection)
    if now is None or now["shipped"]:
        return None
    folder = under / str(now["digest"])[:16]
    if (folder / FILES[0]).is_file():
        return folder
    files: bytes = await queries.model_files(connection, model_id=now["id"])
    if hashlib.sha256(files).hexdigest() != now["digest"]:
        raise PromotionError(f"The stored model {now['name']} is damaged; roll back with `hotline model rollback`.")
    making = under / f".{folder.name}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        for name in archive.namelist():
            if name in FILES:
                (making / name).write_bytes(archive.read(name))
    try:
        making.rename(folder)
    except OSError:
        # another worker of this machine was quicker
        shutil.rmtree(making, ignore_errors=True)
    return folder
