"""Every error in one shape: ``{error, message, status_code[, retry_after]}``."""

from __future__ import annotations

import json
from http import HTTPStatus

from pydantic import Field
from starlette.responses import Response

from steel_assets.serving.shape import Shape

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "already_running",
    413: "too_large",
    414: "address_too_long",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "rate_limited",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}


class Error(Shape):
    """Every error."""

    error: str = Field(examples=["unauthorized"])
    message: str = Field(examples=["a valid API key is needed in the header X-API-Key"])
    status_code: int = Field(examples=[401])
    retry_after: int | None = Field(
        default=None, description="seconds", examples=[60], exclude_if=lambda seconds: seconds is None
    )


class RequestRefused(Exception):
    """A request is answered with an error; the message is for the caller."""

    def __init__(self, status: int, message: str, *, error: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error or CODES.get(status) or HTTPStatus(status).name.lower()
        self.retry_after = retry_after

    @property
    def body(self) -> bytes:
        """The error as JSON. Its message may quote bytes that are not UTF-8, so pydantic neither checks nor writes it."""
        error = Error.model_construct(error=self.error, message=str(self), status_code=self.status, retry_after=self.retry_after)
        return json.dumps(error.model_dump()).encode()

    def response(self, headers: dict[str, str] | None = None) -> Response:
        """The error as a response."""
        every = dict(headers or {})
        if self.retry_after is not None:
            every["retry-after"] = str(self.retry_after)
        if self.status == 413:
            every["connection"] = "close"
        if self.status == 401:
            every["www-authenticate"] = 'ApiKey realm="steel-assets"'
        return Response(self.body, self.status, every, media_type="application/json")
