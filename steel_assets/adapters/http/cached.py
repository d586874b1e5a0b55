"""Answers of a provider kept for its cache time, so that asking again costs no call.

Three rules keep the answers correct. Only answers of a collection without any problem are kept (``keep``), so a limit, an
unreadable body or a doubtful value is requested again at once. An answer is used only on the day of its request, so the daily
collection always gets new data. No key is stored, nor is it part of a cache key. A cache that is down or damaged counts as empty
(``adapters/cache/cache.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from steel_assets.adapters.cache.cache import Cache
from steel_assets.core.responses import Http, Response
from steel_assets.core.secrecy import holds

NAMESPACE = "external_data"
LARGEST_KEPT = 16 * 2**20


@dataclass
class CachedHttp:
    """The HTTP client of one collection.

    Args:
        http: the network.
        cache: where answers are kept; None for replays on the sandbox, whose clock moves; for backfills, which ask again on
            purpose; and for sources without a cache time.
        ttl_seconds: how long an answer is used.
        day: the day of the collection.
    """

    http: Http
    cache: Cache | None = None
    ttl_seconds: float = 0.0
    day: str = ""
    hits: int = 0
    _new: dict[str, bytes] = field(default_factory=dict)

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        secret_params: Mapping[str, SecretStr] | None = None,
    ) -> Response:
        """See ``Http.get``. A cached answer has status 200 and no headers."""
        if self.cache is None:
            return self.http.get(url, params, headers, secret_params)
        key = json.dumps([self.day, url, sorted(params.items()), sorted(secret_params or {})])
        kept = self.cache.get(NAMESPACE, key)
        if kept is not None:
            self.hits += 1
            return Response(200, kept)
        answer = self.http.get(url, params, headers, secret_params)
        if answer.status == 200 and len(answer.content) <= LARGEST_KEPT:
            self._new[key] = answer.content
        return answer

    def keep(self, secret: SecretStr | None) -> None:
        """Store the answers of this collection, without ``secret``, which an answer may repeat."""
        hidden = secret.get_secret_value() if secret else ""
        for key, content in self._new.items():
            if self.cache is not None and not (hidden and holds(content, hidden)):
                self.cache.put(NAMESPACE, key, content, self.ttl_seconds)
        self._new.clear()
