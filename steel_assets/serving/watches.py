"""Price watches by API key: each caller lists, sets and removes its own; and the page behind a link that removes one.

The page needs only the link. Opening it changes nothing, because mail programs open links by themselves; the button does.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Query, Request, Security
from starlette.responses import HTMLResponse, Response

from steel_assets.adapters.alerts.watches import MOST, TooManyWatches
from steel_assets.adapters.objects.object_store import Conflict, ObjectStoreError
from steel_assets.core.alerts.message import UNSUBSCRIBE
from steel_assets.core.alerts.tokens import BadToken, removal
from steel_assets.core.watches.reading import Published
from steel_assets.core.watches.watch import ID, Watch, WatchError
from steel_assets.serving import schemas
from steel_assets.serving.dashboard import FORM_TYPE, language_of
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.forms import JSON, Wanted, tabled
from steel_assets.serving.openapi import refusals, shown
from steel_assets.serving.rendering import rendered
from steel_assets.serving.scopes import PUBLIC, admitted
from steel_assets.serving.service import Service

log = logging.getLogger("steel.serving")

LONGEST_TOKEN = 64
AWAY_SECONDS = 30
REFUSED = refusals(401, 403, 422, 429, 503)
WatchId = Annotated[str, Path(description="id of the watch", pattern=f"^{ID}$", examples=["0123456789ab"])]


def routes(service: Service) -> APIRouter:
    """The API, and the page."""
    reading = APIRouter(tags=["watches"], dependencies=[Security(admitted, scopes=["read"])])

    @reading.get("/v1/watches", response_model=schemas.Watches, responses=REFUSED | tabled(schemas.Watches))
    async def watches(request: Request, form: Wanted) -> Response:
        """The watches of this key, and their present state."""
        published = _published(service)
        found = await _kept(service.watches.of, _owner(request))
        seen = await asyncio.to_thread(lambda: [_shape(watch, published) for watch in found])  # odds are counted in paths
        answer = schemas.Watches(simulated=published.simulated, most=MOST, watches=seen)
        body = await form.made(lambda: form.body(answer, simulated=published.simulated))
        return form.response(body, simulated=published.simulated)

    @reading.post(
        "/v1/watches",
        status_code=201,
        response_model=schemas.Watch,
        responses=REFUSED
        | refusals(400, 413, 415)
        | shown(schemas.Watch, 201, description="The watch, which may have been set before."),
    )
    async def added(request: Request, asked: schemas.NewWatch) -> Response:
        """Set a watch: a message is sent over the channels of alerts each time it becomes true from now on."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise RequestRefused(415, f"send the watch as {JSON}")  # a page of another server can send everything else
        published = _published(service)
        if not published.units:
            raise RequestRefused(503, "the catalogue was not read yet; try again in a moment", retry_after=5)
        watch = await _kept(service.watches.add, _owner(request), asked.model_dump(), published, _now(service))
        return Response(_shape(watch, published).to_json(), 201, media_type=JSON)

    @reading.delete(
        "/v1/watches/{watch}",
        status_code=204,
        response_class=Response,
        responses=REFUSED | refusals(404) | {204: {"description": "It is gone, and what waited to be sent of it."}},
    )
    async def removed(request: Request, watch: WatchId) -> Response:
        """Remove a watch of this key."""
        if not await _kept(service.watches.remove, _owner(request), watch):
            raise RequestRefused(404, f"this key has no watch {watch}; GET /v1/watches lists its own")
        return Response(status_code=204)

    every = APIRouter()
    every.include_router(reading)
    every.include_router(_page(service))
    return every


def _page(service: Service) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

    def page(request: Request, token: str, problem: str, *, done: bool = False, status: int = 200) -> Response:
        content = rendered(
            "unsubscribe.html", language_of(request, None), request.query_params, token=token, problem=problem, done=done
        )
        return HTMLResponse(content, status)

    @router.get(UNSUBSCRIBE)
    async def asked(request: Request, token: Annotated[str, Query(max_length=LONGEST_TOKEN)] = "") -> Response:
        try:
            removal(_key(service), token)
        except BadToken as error:
            return page(request, "", str(error), status=410)
        return page(request, token, "")

    @router.post(UNSUBSCRIBE)
    async def answered(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
            raise RequestRefused(415, f"send the form as {FORM_TYPE}")
        try:
            token = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5).get("token", [""])[0]
            await _kept(service.watches.remove_by_link, _key(service), token)
        except BadToken as error:
            return page(request, "", str(error), status=410)
        except ValueError as error:
            raise RequestRefused(400, f"this is not the form of the page: {error}") from error
        return page(request, "", "", done=True)

    return router


async def _kept(ask: Any, *arguments: Any) -> Any:
    """The store's answer.

    Raises:
        RequestRefused: the store cannot be reached, or the watch is not valid.
    """
    try:
        return await asyncio.to_thread(ask, *arguments)
    except BadToken:
        raise
    except TooManyWatches as error:
        raise RequestRefused(403, str(error), error="too_many_watches") from error
    except WatchError as error:
        raise RequestRefused(422, str(error)) from error
    except (Conflict, ObjectStoreError) as error:
        log.warning("price watches cannot be read or kept: %s", error)
        raise RequestRefused(503, "watches cannot be read or kept now; try again", retry_after=AWAY_SECONDS) from error


def _shape(watch: Watch, published: Published) -> schemas.Watch:
    look = published.read(watch)
    return schemas.Watch.of(
        watch.model_dump(mode="json"),
        holds=look.holds,
        value=look.value,
        problem=look.problem or None,
        simulated=published.simulated,
    )


def _published(service: Service) -> Published:
    snapshot = service.snapshot
    return Published({name: part.content for name, part in snapshot.parts.items()})


def _owner(request: Request) -> str:
    return str(request.scope["steel.caller"].id)


def _key(service: Service) -> bytes:
    if service.signing_key is None:
        raise RequestRefused(404, "links in messages are not enabled: STEEL_SIGNING_KEY is not set")
    return service.signing_key


def _now(service: Service) -> datetime:
    return datetime.fromtimestamp(service.now(), UTC)
