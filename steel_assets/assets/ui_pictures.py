"""ASGI middleware that shows pictures of the lake under the address of the Dagster UI, read-only, behind ``ui_guard``.

So a page of the UI asks its own server for a picture, wherever people reach that, and nothing else has to run.
"""

import asyncio
from collections.abc import Callable

from starlette.responses import PlainTextResponse, Response

from steel_assets.adapters.lake.pictures import KEY
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore
from steel_assets.assets.ui_guard import PICTURES, App, Receive, Scope, Send
from steel_assets.core.problem import Problem

HEADERS = {
    "Cache-Control": "no-store",  # a second run of the day writes it anew
    "Content-Security-Policy": "default-src 'none'; sandbox",  # whatever somebody wrote there, nothing of it is run
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Pictures:
    """Answers requests for pictures from the lake, and passes on all others."""

    def __init__(self, app: App, store: Callable[[], ObjectStore]) -> None:
        """Wrap an ASGI application.

        Args:
            store: opens the lake. Called for each picture: without a lake the UI is there all the same.
        """
        self._app = app
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the picture; 404 if there is none, 502 if the lake cannot be read."""
        if scope["type"] == "http" and scope["path"].startswith(PICTURES):
            answer = await asyncio.to_thread(self._answer, scope["path"].removeprefix(PICTURES))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _answer(self, key: str) -> Response:
        if KEY.fullmatch(key) is None:
            return PlainTextResponse("no such picture", 404, HEADERS)
        try:
            return Response(self._store().get(key), 200, HEADERS, "image/svg+xml")
        except ObjectNotFound:
            return PlainTextResponse("this picture was deleted for its age, or is in another lake", 404, HEADERS)
        except Problem as problem:
            return PlainTextResponse(str(problem), 502, HEADERS)
