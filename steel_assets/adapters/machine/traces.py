"""OpenTelemetry spans of runs and steps, requests to providers, storage, and requests to the service.

They are sent in batches as OTLP over HTTP to the collector in ``STEEL_OTLP_ENDPOINT``, in the background. Without it nothing of
OpenTelemetry is imported, and a span costs one comparison. If the collector does not answer, its spans are lost and a warning is
logged. Attributes name places (run, job, step, market, table, key of an object, host, route), never contents, queries or headers.

The trace of a run has the run's id, and its spans have ids derived from run and step. So the spans of a step, wherever it was
executed, are below the span of the step that is recorded when the run has ended; recorded twice, it is the same span.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp; names follow its semantic conventions where they exist.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from steel_assets.adapters.machine.logs import market_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

Value = str | int | float | bool
P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 5.0
"""Seconds that sending a batch may take, with retries; a process waits at most so long at its end."""

EXPORTERS = "opentelemetry"
"""The library's logger, which is silenced, because we warn once ourselves."""

log = logging.getLogger("steel.traces")


@dataclass(frozen=True)
class Where:
    """The step of a run that is being executed; ``run`` is a UUID."""

    run: str
    job: str
    step: str


@dataclass(frozen=True)
class Timed:
    """A finished step: its start and end in Unix seconds, and whether it succeeded."""

    step: str
    began: float
    ended: float
    success: bool


@dataclass(frozen=True)
class _Active:
    provider: TracerProvider
    tracer: Tracer
    ids: threading.local
    where: Callable[[], Where | None]


_active: _Active | None = None


def begin(endpoint: str | None, service: str, where: Callable[[], Where | None] = lambda: None) -> bool:
    """Start sending spans from this process to ``endpoint``; return whether it sends. Later calls change nothing.

    Args:
        service: the name of this process, such as ``steel-service``.
        where: returns the step that the calling code belongs to.
    """
    global _active
    if endpoint is None or _active is not None:
        return _active is not None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ImportError:
        log.warning("no traces are sent to STEEL_OTLP_ENDPOINT, for the library is missing: pip install 'steel-assets[traces]'")
        return False
    logging.getLogger(EXPORTERS).setLevel(logging.CRITICAL)
    inner, ids = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=SECONDS), threading.local()

    class Exporter(SpanExporter):
        """Sends spans, and warns once if it cannot."""

        warned = False

        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            try:
                done = inner.export(spans)
            except Exception as error:  # noqa: BLE001 - whatever a collector does, the platform goes on
                log.debug("%s", type(error).__name__)
                done = SpanExportResult.FAILURE
            if done != SpanExportResult.SUCCESS and not self.warned:
                self.warned = True
                log.warning("traces cannot be sent to STEEL_OTLP_ENDPOINT: is its collector up? Nothing else depends on it")
            return done

        def shutdown(self) -> None:
            inner.shutdown()  # type: ignore[no-untyped-call]

    class Ids(RandomIdGenerator):
        """Random ids, except for spans of runs and steps."""

        def generate_span_id(self) -> int:
            return getattr(ids, "span", None) or super().generate_span_id()

        def generate_trace_id(self) -> int:
            return getattr(ids, "trace", None) or super().generate_trace_id()

    provider = TracerProvider(resource=Resource.create({"service.name": service}), id_generator=Ids())
    provider.add_span_processor(BatchSpanProcessor(Exporter(), schedule_delay_millis=1000))
    _active = _Active(provider, provider.get_tracer("steel_assets"), ids, where)
    return True


def end() -> None:
    """Send what waits, and send nothing more from this process."""
    global _active
    active, _active = _active, None
    if active is not None:
        active.provider.shutdown()


@contextmanager
def span(name: str, attributes: Mapping[str, Value]) -> Iterator[None]:
    """The block as one span below its step; an exception marks the span and is raised on."""
    if _active is None:
        yield
        return
    began = time.time()
    try:
        yield
    except BaseException as error:
        record(name, began, time.time(), attributes, error=type(error).__name__)
        raise
    record(name, began, time.time(), attributes)


def traced(name: str, attribute: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a method as a span called ``name``; ``attribute`` is its first argument, or that one's ``name``."""

    def decorated(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if _active is None:
                return method(*args, **kwargs)
            about = args[1] if len(args) > 1 else ""
            with span(name, {attribute: str(getattr(about, "name", about))}):
                return method(*args, **kwargs)

        return call

    return decorated


def record(name: str, began: float, ended: float, attributes: Mapping[str, Value], *, error: str | None = None) -> None:
    """A finished span from ``began`` to ``ended`` (Unix seconds), below the step being executed."""
    active = _active
    if active is None:
        return
    where = active.where()
    about = dict(attributes)
    if where is not None:
        about = _about(where.run, where.job, where.step) | about
    parent = _context(where.run, _id(where.run, where.step)) if where is not None else None
    _write(active, name, began, ended, about, parent, error)


def record_run(run: str, job: str, began: float, ended: float, steps: Sequence[Timed], *, success: bool) -> None:
    """A finished run with its steps, as one trace."""
    active = _active
    if active is None:
        return
    active.ids.trace, active.ids.span = uuid.UUID(run).int, _id(run)
    try:
        _write(active, f"run {job}", began, ended, _about(run, job), None, None if success else "RunFailed")
        for step in steps:
            active.ids.span = _id(run, step.step)
            error = None if step.success else "StepFailed"
            about, parent = _about(run, job, step.step), _context(run, _id(run))
            _write(active, f"step {step.step}", step.began, step.ended, about, parent, error)
    finally:
        active.ids.trace = active.ids.span = None


def _about(run: str, job: str, step: str = "") -> dict[str, Value]:
    found = {"steel.run": run, "steel.job": job, "steel.step": step, "steel.market": market_of(step) or ""}
    return {name: value for name, value in found.items() if value}


def _write(
    active: _Active,
    name: str,
    began: float,
    ended: float,
    attributes: dict[str, Value],
    parent: Context | None,
    error: str | None,
) -> None:
    from opentelemetry.context import Context
    from opentelemetry.trace import StatusCode

    made = active.tracer.start_span(name, parent or Context(), attributes=attributes, start_time=_nanoseconds(began))
    if error is not None:
        made.set_attribute("error.type", error)
        made.set_status(StatusCode.ERROR)
    made.end(_nanoseconds(ended))


def _context(run: str, span_id: int) -> Context:
    """The context of the span ``span_id`` in the trace of ``run``."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    there = SpanContext(uuid.UUID(run).int, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(there), Context())


def _id(*names: str) -> int:
    """The id of the span of a run, or of one of its steps."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:8], "big") or 1


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)
