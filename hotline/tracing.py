"""OpenTelemetry: the steps of one call as one trace, whichever process did them and whenever.

The trace's id is derived from the call's id with a key of the installation, so nothing has to be carried from
the web over the database to the workers and back, and hours later a completed call still lands in its own
trace. Every step is noted after it was done, with the time it began. Attributes are ids and codes only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from hotline import __version__
from routing.sealing import Vault

#: Spans are sent so often; a collector that is away costs memory for 2,048 spans and then loses the newest.
SEND_EVERY_MS = 2_000
SEND_LIMIT_S = 5

log = structlog.get_logger(__name__)


class _Ids(RandomIdGenerator):
    """Random ids, but for the first span of a call, whose ids the others know without being told."""

    def __init__(self) -> None:
        self.next: tuple[int, int] | None = None

    def generate_trace_id(self) -> int:
        return self.next[0] if self.next else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.next[1] if self.next else super().generate_span_id()


class CallTraces:
    """Sends the steps of calls to an OTLP/HTTP collector; implements :class:`routing.journey.Journey`."""

    def __init__(self, endpoint: str, vault: Vault, *, process: str, percent: int) -> None:
        """``endpoint`` is the collector's base address; ``percent`` of all calls are traced, the same everywhere."""
        self._vault = vault
        self._percent = percent
        self._ids = _Ids()
        resource = Resource({"service.name": f"hotline-{process}", "service.version": __version__})
        # every call is either traced in all processes or in none: we have chosen before a span is begun
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, sampler=ALWAYS_ON)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=SEND_LIMIT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=SEND_EVERY_MS))
        self._tracer = self._provider.get_tracer("hotline", __version__)

    def arrived(self, call_ids: Iterable[int], name: str, started_ns: int, **facts: str | int) -> None:
        """The first step of new calls: the span all others hang on."""
        ended_ns = time.time_ns()
        for call_id in call_ids:
            ids = self._of(call_id)
            if ids is None:
                continue
            self._ids.next = ids
            span = self._tracer.start_span(name, start_time=started_ns, attributes={"call.id": call_id, **facts})
            self._ids.next = None
            span.end(ended_ns)

    def step(
        self, call_ids: Iterable[int], name: str, started_ns: int, *, until_ns: int | None = None, **facts: str | int
    ) -> None:
        """See the port."""
        ended_ns = until_ns or time.time_ns()
        for call_id in call_ids:
            ids = self._of(call_id)
            if ids is None:
                continue
            first = SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            span = self._tracer.start_span(
                name,
                context=set_span_in_context(NonRecordingSpan(first)),
                start_time=started_ns,
                attributes={"call.id": call_id, **facts},
            )
            span.end(ended_ns)

    def traced(self, call_id: int) -> bool:
        """Whether this call is among those traced."""
        return self._of(call_id) is not None

    def close(self) -> None:
        """Send what waits and stop; blocks for at most a few seconds."""
        self._provider.shutdown()

    def _of(self, call_id: int) -> tuple[int, int] | None:
        """Trace id and first span id of a call; None where it is not among those traced."""
        digest = self._vault.content_hash(f"trace of call {call_id}".encode())
        if digest[24] * 256 + digest[25] >= self._percent * 65536 // 100:
            return None
        return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1
