"""Structured logs of every process: JSON lines; ids only, never what was said."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog

from config.errors import ConfigError
from hotline.errors import HotlineError

_CAUSES_TOLD, _FRAMES_TOLD = 5, 8


def configure_logs(process: str, level: int = logging.INFO) -> None:
    """JSON lines on stderr for this process from ``level`` on; the standard library's loggers included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                first_line_of_asyncio,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                errors_without_values,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def errors_without_values(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An error with its causes by type and place: messages may quote what somebody said.

    A database error's message names the values of the row it failed on. The
    messages of our own errors are sentences without such values.
    """
    found = event.pop("exc_info", None)
    if found:
        error = found if isinstance(found, BaseException) else sys.exc_info()[1] if found is True else found[1]
        event["exception"] = _told(error)
    return event


def _told(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None and len(lines) < _CAUSES_TOLD:
        places = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
        said = f": {error}" if isinstance(error, HotlineError | ConfigError) else ""
        frames = " < ".join(f"{Path(place.filename).name}:{place.lineno} {place.name}" for place in reversed(places))
        state = getattr(error, "sqlstate", None)
        said += f" ({state})" if state else ""
        lines.append(f"{type(error).__name__}{said} at {frames or 'an unknown place'}")
        error = error.__cause__ or error.__context__
    return lines


def first_line_of_asyncio(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """asyncio's own complaints go on with the error's text in their further lines."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and record.name == "asyncio":
        event["event"] = str(event["event"]).partition("\n")[0]
    return event
