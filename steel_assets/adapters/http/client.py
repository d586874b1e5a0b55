"""The HTTP client for providers: one GET, answered completely within limits of time and size, or one typed error.

The interface is ``Http`` (declared in ``core.responses`` with ``Response`` and ``HttpError``, because connectors use those too).
``HttpxHttp`` uses the real network; ``Recorded`` is a fake.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property

import httpx
from pydantic import SecretStr

from steel_assets.adapters.http.pace import Pace
from steel_assets.adapters.http.quota import BudgetSpent, Quota
from steel_assets.adapters.machine import traces
from steel_assets.core.responses import Http, HttpError, Kind, Response

__all__ = ["Http", "HttpError", "HttpxHttp", "Recorded", "Response"]

MIB = 2**20
LEAST_SECONDS = 0.05
"""With less time left no call is made: it would fail, and cost the provider a connection."""

SENT = "http11.send_request_headers.complete"
"""The httpcore trace event after a request was sent; the connection is then open."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
WORTH_ANOTHER_TRY: frozenset[Kind] = frozenset({"refused", "broken", "limited", "status"})
DEFAULT_HEADERS = {"accept": "*/*", "accept-encoding": "gzip", "user-agent": "steel-assets", "connection": "close"}


@dataclass(frozen=True)
class _Failure:
    """One failed attempt, passed as a value, so that no traceback contains a URL with a key in it."""

    kind: Kind
    why: str
    status: int | None = None
    retry_after: float | None = None


class _Silence:
    """The time since which a provider has not answered anything; shared by parallel calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None

    def asked(self, now: float) -> float:
        """Note that a call is about to be made; return the time since which there was no answer."""
        with self._lock:
            self._since = now if self._since is None else self._since
            return self._since

    def waited(self, seconds: float) -> None:
        """Do not count ``seconds`` that we waited ourselves."""
        with self._lock:
            self._since = None if self._since is None else self._since + seconds

    def broken(self) -> None:
        """Note that the provider answered."""
        with self._lock:
            self._since = None


class HttpxHttp:
    """The network, through httpx. Several threads may use it at once.

    Args:
        timeout_seconds: total for one answer, including every retry and pause; only waiting for ``calls_per_minute`` is extra. It
            also limits the time that an unresponsive provider can cost over several calls: one that did not answer anything for
            so long is not asked again (see ``afresh``).
        largest_body: bytes, after decompression, beyond which an answer is refused.
        attempts: how often a temporary failure (connection, 429, 5xx) is tried in all.
        first_pause_seconds: pause before the second attempt; doubled for each further one, with jitter. A provider's
            ``Retry-After`` replaces it; one that exceeds the total ends the attempts at once.
        calls_per_minute: what the provider allows; then use one ``HttpxHttp`` per provider.
        seconds_between_calls: least time between two calls, counted from when they are sent.
        quota: a quota shared with other processes, in place of ``calls_per_minute``.
        sleep: how a pause before another attempt is waited.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = 30.0,
        largest_body: int = 32 * MIB,
        attempts: int = 4,
        first_pause_seconds: float = 0.5,
        calls_per_minute: int | None = None,
        seconds_between_calls: float | None = None,
        quota: Quota | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._timeout = timeout_seconds
        self._largest = largest_body
        self._attempts = attempts
        self._first_pause = first_pause_seconds
        paced = calls_per_minute or seconds_between_calls
        self._pace: Quota | Pace | None = quota or (
            Pace(calls_per_minute, seconds_between_calls=seconds_between_calls, reported=True) if paced else None
        )
        self._sleep = sleep
        self._silence = _Silence()
        self._jitter = random.SystemRandom()
        logging.getLogger("httpcore").setLevel(logging.INFO)  # below, it logs headers: a redirect's can hold the key

    def afresh(self) -> HttpxHttp:
        """The same client, with the same pace, for a new collection: an unresponsive provider is asked again."""
        other = copy.copy(self)
        other._silence = _Silence()
        return other

    def once(self) -> HttpxHttp:
        """The same client, with the same pace, without retries."""
        other = self.afresh()
        other._attempts = 1
        return other

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, SecretStr] | None = None,
    ) -> Response:
        """See ``Http.get``. Not for use inside a running event loop."""
        where = _where(url)
        deadline = self._silence.asked(time.monotonic()) + self._timeout
        if deadline - time.monotonic() < LEAST_SECONDS:
            raise HttpError("timeout", where, f"not asked, because it has not answered for {self._timeout:g} s")
        for attempt in range(1, self._attempts + 1):
            deadline += self._waited(where)
            began = time.time()
            outcome = self._once(url, params, headers or {}, secret_params or {}, deadline - time.monotonic())
            _trace(where, began, outcome)
            if isinstance(outcome, Response):
                self._silence.broken()
                return outcome
            failure = outcome
            pause = self._pause(attempt, failure)
            if failure.kind not in WORTH_ANOTHER_TRY or time.monotonic() + pause >= deadline:
                break
            if attempt < self._attempts:
                self._sleep(pause)
        raise HttpError(failure.kind, where, failure.why, status=failure.status, retry_after=failure.retry_after)

    def _waited(self, where: str) -> float:
        """Wait until one more call may be made; return the seconds waited."""
        try:
            seconds = self._pace.wait() if self._pace else 0.0
        except BudgetSpent as spent:
            raise HttpError("budget", where, str(spent)) from None
        self._silence.waited(seconds)
        return seconds

    def _pause(self, attempt: int, failure: _Failure) -> float:
        if failure.retry_after is not None:
            return failure.retry_after
        return self._first_pause * 2 ** (attempt - 1) * self._jitter.uniform(0.5, 1.5)

    def _once(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        secret_params: Mapping[str, SecretStr],
        seconds: float,
    ) -> Response | _Failure:
        secrets = {name: secret.get_secret_value() for name, secret in secret_params.items()}
        try:
            request = httpx.Request(
                "GET",
                url,
                params={**params, **secrets},
                headers={**DEFAULT_HEADERS, **headers},
                extensions={"trace": self._trace},
            )
            return asyncio.run(self._within(request, seconds))
        except TimeoutError:
            return self._too_slow()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError, ExceptionGroup) as error:
            return self._failure(error)
        finally:
            self._sent()

    def _sent(self) -> None:
        if self._pace:
            self._pace.sent()

    async def _trace(self, event: str, _: object) -> None:
        if event == SENT:
            self._sent()

    async def _within(self, request: httpx.Request, seconds: float) -> Response | _Failure:
        async with asyncio.timeout(seconds), httpx.AsyncHTTPTransport(verify=self._trusted, trust_env=False) as transport:
            for _ in range(MOST_REDIRECTS + 1):
                response = await transport.handle_async_request(request)
                if response.status_code not in REDIRECTS:
                    return await self._read(response)
                await response.aclose()
                target = request.url.join(response.headers.get("location", ""))
                if not _same_place(request.url, target):
                    return _Failure("redirect", f"redirects to {target.host}, which is not followed", response.status_code)
                request = httpx.Request("GET", target, headers={**request.headers, "host": target.netloc.decode()})
        return _Failure("redirect", f"redirects more than {MOST_REDIRECTS} times", response.status_code)

    async def _read(self, response: httpx.Response) -> Response | _Failure:
        status = response.status_code
        if status == 429:
            wait = _retry_after(response.headers)
            said = f"; it asks to wait {wait:.0f} s" if wait is not None else ""
            return _Failure("limited", f"too many requests (429){said}; it is asked again at the next collection", 429, wait)
        if status >= 500:
            return _Failure("status", f"the provider has a fault of its own ({status})", status, _retry_after(response.headers))
        body = bytearray()
        async for chunk in response.aiter_bytes(chunk_size=64 * 1024):
            body += chunk
            if len(body) > self._largest:
                return _Failure("too_large", f"the answer is larger than {self._largest / MIB:g} MiB; it was cut off")
        await response.aclose()
        return Response(status, bytes(body), {name.lower(): value for name, value in response.headers.items()})

    def _too_slow(self) -> _Failure:
        return _Failure("timeout", f"no complete answer within {self._timeout:g} s (STEEL_HTTP_TIMEOUT_SECONDS)")

    def _failure(self, error: Exception) -> _Failure:
        if isinstance(error, httpx.TimeoutException):
            return self._too_slow()
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return _Failure("address", "is not an http or https address; check the provider's base URL")
        if _caused_by(error, ssl.SSLError):
            return _Failure("tls", "its TLS certificate or handshake cannot be trusted; nothing was sent. Check the base URL")
        if isinstance(error, httpx.ConnectError | ExceptionGroup):  # a group: what no address of the host let us do
            return _Failure("refused", "cannot be reached; check the network and the provider's base URL")
        return _Failure("broken", f"the answer was cut off or garbled ({type(error).__name__})")

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()


def _trace(where: str, began: float, outcome: Response | _Failure) -> None:
    """Record one request as a span: the host and outcome, without the query."""
    host = where.partition("/")[0]
    about: dict[str, str | int] = {"server.address": host, "http.request.method": "GET"}
    if outcome.status is not None:
        about["http.response.status_code"] = outcome.status
    traces.record(f"GET {host}", began, time.time(), about, error=outcome.kind if isinstance(outcome, _Failure) else None)


def _where(url: str) -> str:
    """Host and path of an address, without user, password and query, which may be secret."""
    place = url.partition("?")[0]
    host, slash, path = (place.partition("//")[2] or place).partition("/")
    return host.rpartition("@")[2] + slash + path


def _same_place(url: httpx.URL, target: httpx.URL) -> bool:
    """Whether host and port are the same; http may become https, not the reverse."""
    if (url.scheme, url.host, url.port) == (target.scheme, target.host, target.port):
        return True
    return (url.scheme, target.scheme) == ("http", "https") and url.host == target.host and url.port is target.port is None


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that a provider asks to wait: a number, or a date compared with the answer's own date."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - parsedate_to_datetime(headers.get("date", ""))).total_seconds())
    except (TypeError, ValueError):
        return None


Reply = Response | HttpError | bytes | Callable[[Mapping[str, str]], "Response | HttpError | bytes"]


@dataclass
class Recorded:
    """A fake client: returns given answers by the end of the URL, and records requests.

    Args:
        replies: end of a URL (for example ``/query``) → an answer, a body sent with status 200, an error to raise, a function of
            the parameters, or a sequence of these, one for each call, the last one repeated.
    """

    replies: Mapping[str, Reply | Sequence[Reply]]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, SecretStr] | None = None,
    ) -> Response:
        """See ``Http.get``; a URL without a given answer is refused."""
        ending = next((end for end in self.replies if url.endswith(end)), None)
        if ending is None:
            raise HttpError("refused", _where(url), f"not recorded; recorded are {', '.join(self.replies)}")
        before = sum(address.endswith(ending) for address, _ in self.asked)
        self.asked.append((url, dict(params)))
        recorded = self.replies[ending]
        if isinstance(recorded, Sequence) and not isinstance(recorded, bytes):
            recorded = recorded[min(before, len(recorded) - 1)]
        reply = recorded(params) if callable(recorded) else recorded
        if isinstance(reply, HttpError):
            raise reply
        return reply if isinstance(reply, Response) else Response(200, reply)
