"""An OpenTelemetry collector on loopback: takes OTLP over HTTP, as protobuf, and keeps the spans."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """What came of one span."""

    name: str
    trace: str
    span: str
    parent: str
    seconds: float
    failed: bool
    service: str
    attributes: dict[str, Any]


@dataclass
class Collector:
    """What was sent; ``status`` is answered."""

    url: str = ""
    status: int = 200
    spans: list[Span] = field(default_factory=list)
    received: bytes = b""
    paths: list[str] = field(default_factory=list)

    def named(self, name: str) -> Span:
        """The span of that name, of which there must be one."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    def until(self, check: Callable[[Collector], bool], seconds: float = 300.0) -> None:
        """Wait until what has come is enough."""
        deadline = time.monotonic() + seconds
        while not check(self):
            assert time.monotonic() < deadline, [span.name for span in self.spans]
            time.sleep(0.05)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A running collector."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            collector.paths.append(self.path)
            collector.received += body
            collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_port}"
        yield collector
        server.shutdown()
        thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        [service] = [
            attribute.value.string_value for attribute in resource.resource.attributes if attribute.key == "service.name"
        ]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            about = {
                attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in span.attributes
            }
            seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
            ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
            yield Span(span.name, *ids, seconds, span.status.code == span.status.STATUS_CODE_ERROR, service, about)
