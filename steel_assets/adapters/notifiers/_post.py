"""One POST to a channel's address within a time limit, with two kinds of failure: temporary (``NotSent``) or permanent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from steel_assets.core.responses import Response

if TYPE_CHECKING:
    import httpx

TOTAL_SECONDS = 15.0
LARGEST_ANSWER = 256 * 1024
NEVER = frozenset({400, 413, 422})
"""Answers that mean the notification itself; 401, 403, 404 and 410 mean the address or its password, which people can mend."""


class NotSent(RuntimeError):
    """The channel cannot be used at present; the notification is to be sent again later.

    Attributes:
        perhaps_sent: whether the attempt ended without knowing if the notification was accepted.
    """

    def __init__(self, why: str, *, perhaps_sent: bool = False) -> None:
        super().__init__(why)
        self.perhaps_sent = perhaps_sent


class NotificationRefused(RuntimeError):
    """The channel works and will never accept this notification."""


def post(url: str, content: bytes, headers: Mapping[str, str]) -> Response:
    """The channel's answer with a status below 300.

    Raises:
        NotSent: it could not be reached, gave no complete answer in time, asked to wait, failed, or refused our credentials.
        NotificationRefused: it refuses this content.
    """
    return _request("POST", url, content, headers)


def get(url: str, headers: Mapping[str, str]) -> Response:
    """As ``post``, for a GET request.

    Raises:
        NotSent: there is no answer with a status below 300.
    """
    return _request("GET", url, b"", headers)


def _request(method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Response:
    import httpx  # takes a tenth of a second, and commands that send nothing read the channels' settings too

    try:
        request = httpx.Request(method, url, content=content, headers={"user-agent": "steel-assets", **headers})
        host = request.url.host
    except (httpx.InvalidURL, UnicodeError):
        raise NotSent("its address is not a URL; check the setting") from None
    problem = ""
    perhaps = False
    try:
        answer = asyncio.run(_within(request))
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
        problem, perhaps = f"{host}: no whole answer within {TOTAL_SECONDS:g} s", True
    except httpx.ConnectError as error:
        trusted = not _caused_by(error, ssl.SSLError)
        problem = f"{host}: cannot be reached" if trusted else f"{host}: its TLS certificate cannot be trusted; nothing was sent"
    except (httpx.ConnectTimeout, httpx.UnsupportedProtocol):
        problem = f"{host}: cannot be reached"
    except (httpx.HTTPError, OSError) as error:
        problem, perhaps = f"{host}: the answer was cut off ({type(error).__name__})", True
    if problem:
        raise NotSent(problem, perhaps_sent=perhaps)
    return _sorted(answer, host)


def _sorted(response: Response, host: str) -> Response:
    if response.status < 300:
        return response
    if response.status in NEVER:
        raise NotificationRefused(f"{host} refuses the message ({response.status})")
    remedy = "; check its address and password" if response.status in (401, 403, 404, 410) else ""
    raise NotSent(f"{host} answered {response.status}{remedy}", perhaps_sent=response.status in (502, 504))


async def _within(request: httpx.Request) -> Response:
    import httpx

    async with (
        asyncio.timeout(TOTAL_SECONDS),
        httpx.AsyncHTTPTransport(verify=httpx.create_ssl_context(), trust_env=False) as way,
    ):
        response = await way.handle_async_request(request)
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                break
        await response.aclose()
        return Response(response.status_code, bytes(body), {name.lower(): value for name, value in response.headers.items()})


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
