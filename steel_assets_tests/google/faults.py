"""Failures that a server shows when told to: an error instead of the work, after the work, or inside a job."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """An error answer as Google's services give it."""

    def __init__(self, status: int, message: str, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason

    def told(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "domain": "global"}

    def response(self) -> Response:
        error = {"code": self.status, "message": self.message, "errors": [self.told()]}
        return JSONResponse({"error": error}, self.status)


class NotServed(Refusal):
    """The test server was not built for this. 501, because the clients try a 500 again for minutes."""

    def __init__(self, what: str) -> None:
        super().__init__(501, f"this test server does not serve {what}", "notImplemented")


@dataclass
class Fault:
    """One planned failure.

    Attributes:
        method, path: regular expressions of the requests it strikes.
        job: strikes jobs of this kind (``load`` or ``query``) from inside instead: accepted, run, failed.
        times: how often, before the service is well again.
        skip: how many that fit it lets pass first.
        after: the work is done, and only its answer is lost.
    """

    status: int
    reason: str
    message: str = "planned by the test"
    method: str = ".*"
    path: str = ".*"
    job: str | None = None
    times: int = 1
    skip: int = 0
    after: bool = False

    @property
    def refusal(self) -> Refusal:
        return Refusal(self.status, self.message, self.reason)


@dataclass
class Faults:
    """What is planned, and what was asked."""

    planned: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def plan(self, *faults: Fault) -> None:
        self.planned.extend(faults)

    def forget(self) -> None:
        self.planned.clear()
        self.asked.clear()

    def strikes(self, request: Request) -> Fault | None:
        """The fault this request meets, counted; None when it may go on."""
        place = request.url.path
        self.asked.append(f"{request.method} {place}")
        return self._due(lambda fault: fault.job is None and _fits(fault.method, request.method) and _fits(fault.path, place))

    def strikes_job(self, kind: str) -> Fault | None:
        return self._due(lambda fault: fault.job == kind)

    def _due(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for fault in self.planned:
            if fault.times > 0 and fits(fault):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None
