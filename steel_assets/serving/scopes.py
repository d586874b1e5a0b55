"""The scopes of routes: each route declares scopes of which one is required, or that it is public.

The declaration is FastAPI's own: ``dependencies=[Security(admitted, scopes=["read"])]`` or ``dependencies=[PUBLIC]``, on the
route or on its router. The middleware identifies the caller before any route; this module checks the caller's scopes.
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
    """The service does not start, because a route does not declare who may call it."""


async def admitted(request: Request, needed: SecurityScopes, _: Annotated[str | None, Depends(api_key)]) -> None:
    """Admit a caller with one of the scopes that a route declares.

    Raises:
        RequestRefused: (401, 403) the caller is unknown, or has none of them.
    """
    caller: Caller | None = request.scope.get("steel.caller")
    if caller is None:
        raise RequestRefused(401, NO_KEY)
    if set(needed.scopes).isdisjoint(caller.scopes):
        scope = needed.scopes[0]
        raise RequestRefused(403, f"this key does not have the scope {scope}; create one with steel keys create --scope {scope}")


async def anybody() -> None:
    """Admit everybody; declared by public routes."""


PUBLIC = Depends(anybody)


class PublicFiles(StaticFiles):
    """A folder of public files; any other mounted application is refused."""


@dataclass(frozen=True)
class RouteScopes:
    """The declarations of an application's routes, by path.

    Attributes:
        public: paths of which every route is public.
        folders: prefixes of the paths of public files, with the slash.
        readers: path → scopes of which one is required to GET it.
    """

    public: frozenset[str]
    folders: tuple[str, ...]
    readers: Mapping[str, frozenset[str]]

    def is_public(self, path: str) -> bool:
        """Whether ``path`` is public; False for a path that does not exist."""
        return path in self.public or path.startswith(self.folders)

    def may_get(self, path: str, caller: Caller | None) -> bool:
        """Whether ``caller`` has a scope that allows GET of ``path``, which is not public."""
        return caller is not None and not self.readers.get(path, frozenset()).isdisjoint(caller.scopes)


def declared(routes: Iterable[BaseRoute]) -> RouteScopes:
    """The declarations of ``routes``.

    Raises:
        UndeclaredRoute: names the first route that declares nothing, or an unknown scope.
    """
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
    """The scopes that a route declares; empty if it is public."""
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
