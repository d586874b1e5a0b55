"""Errors of Google's services as one of ten kinds, with a remedy: for Cloud Storage, BigQuery and Secret Manager.

The services answer with a status, a reason and a sentence; the client libraries raise some twenty classes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any


class Trouble(StrEnum):
    """The kind of error, for programs."""

    PERMISSION = "permission"
    CREDENTIALS = "credentials"
    CLOCK = "clock"
    MISSING = "missing"
    QUOTA = "quota"
    COST = "cost"
    LOCATION = "location"
    DAMAGED = "damaged"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


@dataclass(frozen=True)
class Diagnosis:
    """The kind of error, and a sentence for people: what the service said, then the remedy."""

    trouble: Trouble
    sentence: str


REMEDIES: dict[Trouble, str] = {
    Trouble.PERMISSION: "give the account that runs this the role that docs/google-cloud.md names for it",
    Trouble.CREDENTIALS: "on a laptop run `gcloud auth application-default login`; on Google Cloud attach a service account "
    "(workload identity)",
    Trouble.CLOCK: "this machine's clock is wrong: let it be set by NTP, then try again",
    Trouble.MISSING: "create it, or correct its name in the settings",
    Trouble.QUOTA: "a quota is used up: wait until it refills (a daily one at midnight Pacific time) or have it raised",
    Trouble.COST: "raise STEEL_BIGQUERY_MAX_GIB_BILLED if the query is worth it",
    Trouble.LOCATION: "set STEEL_BIGQUERY_LOCATION to where the dataset is, or name another dataset",
    Trouble.DAMAGED: "what arrived is not what was sent: try again, and look at the network in between",
    Trouble.UNAVAILABLE: "nothing is lost; try again later",
    Trouble.REFUSED: "nothing was written; if the settings are right, this is a fault of the platform: report what it says",
}

CHECKSUM_DIFFERS = re.compile(r"provided (crc32c|md5 hash|md5hash) .*doesn't match calculated")
QUOTA_REASONS = frozenset({"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})


@contextmanager
def explained(raised: Callable[[Diagnosis], Exception]) -> Iterator[None]:
    """Convert any error of a Google client inside the block into what ``raised`` makes of its diagnosis."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
    from requests.exceptions import RequestException

    try:
        yield
    except (
        *(GoogleAPIError, GoogleAuthError, DataCorruption, InvalidResponse),
        *(RequestException, ConnectionError, TimeoutError),
    ) as error:
        raise raised(diagnose(error)) from error


def diagnose(error: BaseException) -> Diagnosis:
    """The diagnosis of ``error``, raised by one of Google's clients."""
    from google.api_core.exceptions import RetryError

    cause = error.cause if isinstance(error, RetryError) and error.cause else error
    trouble = _trouble(cause)
    sentence = _sentence_of(cause).rstrip(". ")
    return Diagnosis(trouble, f"{sentence}. Remedy: {REMEDIES[trouble]}")


def _trouble(error: BaseException) -> Trouble:
    from google.auth.exceptions import GoogleAuthError, TransportError
    from google.cloud.storage.exceptions import DataCorruption

    if isinstance(error, DataCorruption):
        return Trouble.DAMAGED
    if isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        return Trouble.CLOCK if "timeframe" in str(error) or "Token used too early" in str(error) else Trouble.CREDENTIALS
    return _by_answer(_status(error), _reasons(error), _sentence_of(error).lower())


def _by_answer(status: int | None, reasons: frozenset[str], message: str) -> Trouble:
    if reasons & QUOTA_REASONS or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Trouble.QUOTA
    if "bytesBilledLimitExceeded" in reasons:
        return Trouble.COST
    if status == HTTPStatus.BAD_REQUEST and CHECKSUM_DIFFERS.search(message):
        return Trouble.DAMAGED
    if status == HTTPStatus.UNAUTHORIZED:
        return Trouble.CREDENTIALS
    if status == HTTPStatus.FORBIDDEN:
        return Trouble.PERMISSION
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST) and "location" in message:
        return Trouble.LOCATION
    if status == HTTPStatus.NOT_FOUND:
        return Trouble.MISSING
    if status is None or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED):
        return Trouble.UNAVAILABLE
    return Trouble.REFUSED


def _status(error: BaseException) -> int | None:
    """The HTTP status of the answer; None when there was no answer."""
    response = getattr(error, "response", None)
    code = getattr(error, "code", None) or getattr(response, "status_code", None)
    return int(code) if code is not None else None


def _reasons(error: BaseException) -> frozenset[str]:
    """The machine-readable reasons in the answer, wherever the client library put them."""
    listed = list(getattr(error, "errors", None) or []) + list(_body(error).get("errors") or [])
    return frozenset(str(problem["reason"]) for problem in listed if isinstance(problem, dict) and "reason" in problem)


def _sentence_of(error: BaseException) -> str:
    """The service's own sentence, on one line, without the address of the request."""
    text = _body(error).get("message") or getattr(error, "message", None) or str(error) or type(error).__name__
    first = str(text).strip().splitlines()[0]
    return first if len(first) <= 400 else f"{first[:400]}…"


def _body(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None)
    try:
        found = json.loads(response.text)["error"] if response is not None else {}
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError):  # RuntimeError: a streamed answer, already read
        return {}
    return found if isinstance(found, dict) else {}
