"""What took how long, as OpenTelemetry spans: runs and their steps, requests to providers, storage, requests to the service.

They are sent as OTLP over HTTP to the collector that ``STEEL_OTLP_ENDPOINT`` names, in the background, some at a time. Without
it nothing of OpenTelemetry is imported, and a span costs the test of one name. A collector that does not answer costs its spans
and a warning. Attributes name places (run, job, step, market, table, key of an object, host, route), never contents, questions or
headers.

The trace of a run has the run's id, and its spans have ids made of run and step, so that what a step did, wherever it was
executed, is below the step that is written down when the run has ended; written down twice, it is the same span.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp; names after its semantic conventions where it has one.
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
"""How long a batch may take to be sent, its repetitions included; so long a process may wait for it at its end."""

EXPORTERS = "opentelemetry"
"""The logger of the library: what it says of a collector that is away, we say once."""

log = logging.getLogger("steel.traces")


@dataclass(frozen=True)
class Where:
    """The step of a run that is at work here; ``run`` is a UUID."""

    run: str
    job: str
    step: str


@dataclass(frozen=True)
class Timed:
    """A step that ended: when it began and ended, in Unix seconds, and whether it succeeded."""

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
    """From now on this process sends spans to ``endpoint``; whether it does. Once it does, it goes on as it began.

    Args:
        service: what this process is, as ``steel-service``.
        where: the step that the calling code works for.
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
        """Sends, and says once that it cannot."""

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
        """Random ones, but for spans of runs and steps."""

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
    """What is done inside as one span, below the step that it is done for; an exception marks it and goes on its way."""
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
    """A method as a span called ``name``; its first argument, or that one's ``name``, is ``attribute`` of it."""

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
    """A span that is over, from ``began`` to ``ended`` (Unix seconds), below the step that is at work here."""
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
    """A run that ended, and its steps, as one trace."""
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
    """Below the span ``span_id`` of the trace of ``run``."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    there = SpanContext(uuid.UUID(run).int, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(there), Context())


def _id(*names: str) -> int:
    """The id of the span of a run, or of a step of it."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:8], "big") or 1


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)
