"""An object store that counts what is asked of it, as a bucket would bill it: a listing is a request per thousand keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from steel_assets.adapters.objects.object_store import ObjectStore

PAGE = 1000
COUNTED = frozenset({"get", "put", "put_if", "version", "delete", "checksum"})


class CountedStore:
    """``inner``, with ``requests`` by operation and first folder, and ``keys`` that were got."""

    def __init__(self, inner: ObjectStore) -> None:
        self._inner = inner
        self.requests: Counter[str] = Counter()
        self.keys: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._counting(name, found) if name in COUNTED else found

    def list(self, prefix: str) -> Iterator[str]:
        yield from self._pages("list", prefix, self._inner.list(prefix))

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        yield from self._pages("list", prefix, self._inner.stamped(prefix))

    def _pages(self, name: str, prefix: str, found: Iterator[Any]) -> Iterator[Any]:
        self._count(name, prefix)
        for number, entry in enumerate(found):
            if number and number % PAGE == 0:
                self._count(name, prefix)
            yield entry

    def _counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(key: str, *arguments: Any) -> Any:
            self._count(name, key)
            if name == "get":
                self.keys.append(key)
            return call(key, *arguments)

        return counted

    def _count(self, name: str, key: str) -> None:
        self.requests[f"{name} {key.split('/')[0]}"] += 1
