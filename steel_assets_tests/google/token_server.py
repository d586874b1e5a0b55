"""Google's token endpoint: gives a token to a service account's signed request, or the refusal a test plans."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response

from steel_assets_tests.google.faults import Faults
from steel_assets_tests.google.serving import Call, application, route


class TokenServer:
    """Attributes:
    url: where it answers, once it runs.
    refusal: what it answers instead of a token, as OAuth 2.0 writes it.
    given: how many tokens it gave.
    """

    def __init__(self) -> None:
        self.url = ""
        self.faults = Faults()
        self.refusal: dict[str, str] | None = None
        self.given = 0

    def app(self) -> Starlette:
        return application([route("/token", "POST", self._token, self.faults)], self.faults)

    def _token(self, call: Call) -> dict[str, Any] | Response:
        if self.refusal is not None:
            return JSONResponse(self.refusal, 400)
        self.given += 1
        return {"access_token": f"token-{self.given}", "expires_in": 3600, "token_type": "Bearer"}
