"""Forms with a file (``multipart/form-data``), read into memory: what comes up holds callers' data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from hotline.intake.uploads import suffix_of
from hotline.web.limits import MAX_BODY_BYTES
from routing.errors import InvalidRequest

#: A field beside the file, such as the draft of a profile.
_FIELD_BYTES = 400_000
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """One file with the fields beside it."""

    suffix: str
    """Of its name, such as ``.xlsx``; the rest of the name is nobody's business."""
    data: bytes
    fields: Mapping[str, str]


async def read_upload(request: web.Request) -> Upload:
    """The part ``file`` and the other parts as text. Raises InvalidRequest.

    The whole body is limited like every other (``hotline.web.limits``), where its length was not announced too.
    """
    if request.content_type != "multipart/form-data":
        raise InvalidRequest("file：请用表单（multipart/form-data）上传文件。")
    fields: dict[str, str] = {}
    suffix, data = "", b""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            if part.name == "file":
                suffix, data = suffix_of(part.filename or ""), await _limited(part, MAX_BODY_BYTES)
            else:
                fields[part.name] = (await _limited(part, _FIELD_BYTES)).decode("utf-8")
    except (ValueError, AssertionError) as error:
        raise InvalidRequest("file：上传的表单不完整，请重新上传。") from error
    if not data:
        raise InvalidRequest("file：没有文件，或文件是空的。")
    return Upload(suffix, data, fields)


async def _limited(part: BodyPartReader, most_bytes: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        content += chunk
        if len(content) > most_bytes and part.name != "file":
            raise InvalidRequest(f"{part.name}：过长。")
        if len(content) > most_bytes:
            raise web.HTTPRequestEntityTooLarge(max_size=most_bytes, actual_size=len(content))
    return bytes(content)
