"""What asking a provider gives: an answer, or an error that says why there is none.

The words that connectors (``sources/``) and the network (``adapters/http/client.py``) share, so that they can stay strangers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import SecretStr

from steel_assets.core.problem import Problem

Kind = Literal["address", "timeout", "refused", "tls", "broken", "limited", "status", "too_large", "redirect", "budget"]


@dataclass(frozen=True)
class Response:
    """What a provider sent, with any status below 500 except 429. ``headers`` have lower-case names."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpError(Problem):
    """A provider gave no usable answer. The message names host and path only: a query may hold a key.

    Attributes:
        kind: address (not an http or https one), timeout (not complete in time), refused (not reachable), tls (certificate not
            trusted), broken (cut off or garbled), limited (429), status (5xx), too_large, redirect (to
            elsewhere), budget (no call is left today).
        where: host and path that were asked.
        status: HTTP status, for limited, status and redirect.
        retry_after: seconds that the provider asks to wait, where it says so.
    """

    def __init__(self, kind: Kind, where: str, why: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(f"{where}: {why}")
        self.kind = kind
        self.where = where
        self.status = status
        self.retry_after = retry_after


class Http(Protocol):
    """The interface through which connectors reach providers."""

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, SecretStr] | None = None,
    ) -> Response:
        """The complete answer to ``GET url?params&secret_params``, within a bounded time.

        Raises:
            HttpError: there is no answer, or only 429 or 5xx after every retry.
        """
