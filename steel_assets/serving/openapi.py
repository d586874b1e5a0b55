"""How routes are documented: the example of a response, and the errors that a route may return."""

from __future__ import annotations

from typing import Any

from steel_assets.serving.errors import CODES, Error
from steel_assets.serving.shape import Shape, example

REFUSALS: dict[int, tuple[str, str, int | None]] = {
    400: ("The body cannot be read.", "There was an error parsing the body", None),
    401: ("The key is missing or wrong.", "a valid API key is needed in the header X-API-Key; steel keys create makes one", None),
    403: ("The key may not do this.", "this key may not operate; make one with steel keys create --scope operate", None),
    404: ("There is no such thing.", "there is no such market; there are hrc_us_midwest, rebar_fob_turkey", None),
    406: ("It is answered in no form that is asked for.", "this is answered as application/json or text/csv", None),
    409: ("A run of this job is not finished.", "weekly_retraining is already running (run 82c78490, started)", 60),
    413: ("The request's body is too large.", "a request may carry at most 64 KiB", None),
    415: ("The body is of another type.", "the request comes as application/json", None),
    422: ("A parameter is not valid.", "start: write a day as 2026-11-20", None),
    429: ("The key's requests of this hour are used up.", "more than 100 requests this hour; try again in 1260 s", 1260),
    503: ("There is nothing to answer from yet, or a part is away.", "no forecast was published yet; run make demo", 60),
}
"""Status → its meaning, an example of its message, and of the seconds after which to try again."""


def shown(shape: type[Shape], status: int = 200, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI documentation of an answer of this shape, for FastAPI, with its example."""
    return {status: {"content": {"application/json": {"example": example(shape)}}, **more}}


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route."""
    return {code: _refusal(code, *REFUSALS[code]) for code in codes}


def _refusal(code: int, meaning: str, message: str, retry_after: int | None) -> dict[str, Any]:
    error = Error(error=CODES[code], message=message, status_code=code, retry_after=retry_after)
    content = {"application/json": {"example": error.model_dump()}}
    found: dict[str, Any] = {"model": Error, "description": meaning, "content": content}
    if retry_after is not None:
        found["headers"] = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    return found
