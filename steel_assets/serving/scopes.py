"""Which scope a route needs: each declares the scopes of which one is enough, or that it is public.

The declaration is FastAPI's own: ``dependencies=[Security(admitted, scopes=["read"])]`` or ``dependencies=[PUBLIC]``, on the
route or on its router. Who asks is found out at the door (``middleware``), before any route; what that caller may do, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Security
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security import APIKeyHeader, SecurityScopes
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from steel_assets.core.problem import Problem
from steel_assets.serving.access import Caller
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.keys import SCOPES

NO_KEY = "a valid API key is needed in the header X-API-Key; steel keys create makes one"
api_key = APIKeyHeader(
    name="X-API-Key",
    auto_error=False,
    description="made by `steel keys create`; of the scopes that an operation names, the key needs one",
)


class UndeclaredRoute(Problem):
    """The service does not start: a route does not say who may call it."""


async def admitted(request: Request, needed: SecurityScopes, _: Annotated[str | None, Depends(api_key)]) -> None:
    """Lets a caller through who has one of the scopes that a route declares. Raises RequestRefused (401, 403)."""
    caller: Caller | None = request.scope.get("steel.caller")
    if caller is None:
        raise RequestRefused(401, NO_KEY)
    if set(needed.scopes).isdisjoint(caller.scopes):
        scope = needed.scopes[0]
        raise RequestRefused(403, f"this key may not {scope}; make one with steel keys create --scope {scope}")


async def anybody() -> None:
    """Lets everybody through; who declares it says that nobody needs to be known."""


PUBLIC = Depends(anybody)


class PublicFiles(StaticFiles):
    """A folder whose files everybody may read; any other mounted application is refused."""


@dataclass(frozen=True)
class RouteScopes:
    """What the routes of an application say, by path.

    Attributes:
        public: paths of which every route is public.
        folders: beginnings of the paths of public files, with the slash.
        readers: path → scopes of which one is needed to GET it.
    """

    public: frozenset[str]
    folders: tuple[str, ...]
    readers: Mapping[str, frozenset[str]]

    def is_public(self, path: str) -> bool:
        """Whether nobody needs to be known at ``path``; False for a path that is none."""
        return path in self.public or path.startswith(self.folders)

    def may_get(self, path: str, caller: Caller | None) -> bool:
        """Whether ``caller`` has a scope with which ``path``, of a route that is not public, may be read."""
        return caller is not None and not self.readers.get(path, frozenset()).isdisjoint(caller.scopes)


def declared(routes: Iterable[BaseRoute]) -> RouteScopes:
    """What ``routes`` declare. Raises UndeclaredRoute naming the first that declares nothing, or something that is no scope."""
    public: set[str] = set()
    needed: dict[tuple[str, str], frozenset[str]] = {}
    folders = []
    for route in iter_route_contexts(list(routes)):
        path, original = str(route.path), route.original_route
        if isinstance(original, Mount) and isinstance(original.app, PublicFiles):
            folders.append(f"{path}/")
            continue
        scopes = _scopes(route)
        if scopes:
            needed |= {(method, path): scopes for method in route.methods or ()}
        else:
            public.add(path)
    readers = {path: scopes for (method, path), scopes in needed.items() if method == "GET"}
    return RouteScopes(frozenset(public - {path for _, path in needed}), tuple(folders), readers)


def _scopes(route: RouteContext) -> frozenset[str]:
    """The scopes that a route declares; none where it is public."""
    dependencies = getattr(route, "dependencies", ())
    scopes = [
        scope
        for dependency in dependencies
        if isinstance(dependency, Security) and dependency.dependency is admitted
        for scope in dependency.scopes or ()
    ]
    if (bool(scopes) == (PUBLIC in dependencies)) or not set(scopes) <= set(SCOPES):
        raise UndeclaredRoute(
            f"{'/'.join(sorted(route.methods or ['any method']))} {route.path} does not say who may call it: give the route, or "
            f"its router, dependencies=[Security(admitted, scopes=[…])] with some of {', '.join(SCOPES)}, or "
            "dependencies=[PUBLIC]; both are in steel_assets.serving.scopes"
        )
    return frozenset(scopes)
