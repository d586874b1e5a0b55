"""The page behind the link in a message, by which a recipient acknowledges an incident; it needs no login.

Opening it changes nothing, because mail programs open links by themselves; the button does.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from steel_assets.adapters.alerts.acknowledgements import Acknowledging
from steel_assets.adapters.objects.object_store import ObjectStoreError
from steel_assets.core.alerts.message import ACKNOWLEDGE
from steel_assets.core.alerts.tokens import BadToken
from steel_assets.serving.dashboard import FORM_TYPE, language_of
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.rendering import rendered
from steel_assets.serving.scopes import PUBLIC
from steel_assets.serving.service import Service

log = logging.getLogger("steel.serving")

LONGEST_TOKEN = 128


def routes(service: Service) -> APIRouter:
    """The page and its form."""
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    def links() -> Acknowledging:
        if service.acknowledging is None:
            raise RequestRefused(404, "links in messages are not enabled: STEEL_SIGNING_KEY is not set")
        return service.acknowledging

    def shown(request: Request, token: str, problem: str, *, done: bool = False, status: int = 200) -> Response:
        language = language_of(request, None)
        page = rendered("acknowledge.html", language, request.query_params, token=token, problem=problem, done=done)
        return HTMLResponse(page, status)

    @router.get(ACKNOWLEDGE)
    async def asked(request: Request, token: Annotated[str, Query(max_length=LONGEST_TOKEN)] = "") -> Response:
        try:
            links().check(token, _now(service))
        except BadToken as error:
            return shown(request, "", str(error), status=410)
        return shown(request, token, "")

    @router.post(ACKNOWLEDGE)
    async def answered(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
            raise RequestRefused(415, f"send the form as {FORM_TYPE}")
        given = _fields(await request.body())
        try:
            await asyncio.to_thread(links().leave, given.get("token", ""), given.get("name", ""), _now(service))
        except BadToken as error:
            return shown(request, "", str(error), status=410)
        except ObjectStoreError as error:
            log.warning("an acknowledgement could not be kept: %s", error)
            raise RequestRefused(503, "this cannot be noted now; try again, or use steel alerts ack", retry_after=30) from error
        return shown(request, "", "", done=True)

    return router


def _now(service: Service) -> datetime:
    return datetime.fromtimestamp(service.now(), UTC)


def _fields(form: bytes) -> dict[str, str]:
    """The fields of the form.

    Raises:
        RequestRefused: (400) it is not a form.
    """
    try:
        found = parse_qs(form.decode("utf-8", "replace"), max_num_fields=5)
    except ValueError as error:
        raise RequestRefused(400, f"this is not the form of the page: {error}") from error
    return {name: values[0] for name, values in found.items()}
