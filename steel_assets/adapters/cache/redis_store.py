"""Cache entries in a Redis server. Limits are enforced by scripts, which Redis executes atomically.

Per namespace, ``{steel:<namespace>}:data:<name>`` holds an entry and ``{steel:<namespace>}:index`` its time of expiry. Sizes are
read from the entries themselves, so entries that the server evicts are not counted. A server shared with other programs needs the
policy volatile-ttl: if they cause the index to be evicted, the entries it listed are not counted until they expire.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, cast

from steel_assets.adapters.cache.store import CacheStoreError, Usage

T = TypeVar("T")

SHARED = """
local index, data = KEYS[1], ARGV[1]
local function forget(name)
  redis.call('ZREM', index, name)
  redis.call('DEL', data .. name)
end
local function held()
  local entries, bytes = 0, 0
  for _, name in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    local length = redis.call('STRLEN', data .. name)
    if length > 0 then entries, bytes = entries + 1, bytes + length end
  end
  return bytes, entries
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
"""

WRITE = (
    SHARED
    + """
local name, stored, ttl, limit = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZADD', index, now + ttl, name) -- first, for Redis refuses only a script's first write when it is out of memory
redis.call('DEL', data .. name)
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
local room = limit - #stored - held()
while room < 0 do
  local soonest = redis.call('ZRANGE', index, 0, 0)[1]
  if soonest == name then soonest = redis.call('ZRANGE', index, 1, 1)[1] end
  room = room + redis.call('STRLEN', data .. soonest)
  forget(soonest)
end
redis.call('SET', data .. name, stored, 'PX', ttl)
"""
)

DELETE = SHARED + "forget(ARGV[2])"

USAGE = SHARED + "return {held()}"


class RedisCacheStore:
    """Entries in a Redis server, which is not used for a while after it fails."""

    def __init__(self, url: str, *, timeout_seconds: float, pause_seconds: float) -> None:
        """A cache store in the Redis server at ``url``.

        Raises:
            ValueError: the URL is not valid; the message does not contain it, since it may hold a password.
        """
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            self._redis = Redis.from_url(
                url,
                socket_timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
            about = self._redis.connection_pool.connection_kwargs
            about["decode_responses"] = False
            self._redis.connection_pool.make_connection()
        except (TypeError, ValueError):
            raise ValueError(
                "the Redis URL cannot be read: write redis://[user:password@]host[:port][/database], rediss:// for TLS or "
                "unix:///path, with no options but those of redis-py"
            ) from None
        self.where = f"redis at {about.get('path') or '{}:{}'.format(about.get('host', 'localhost'), about.get('port', 6379))}"
        self._pause_seconds = pause_seconds
        self._paused_until = 0.0
        self._paused_by = ""
        self._write, self._delete, self._usage = (self._redis.register_script(text) for text in (WRITE, DELETE, USAGE))

    def read(self, namespace: str, name: str) -> bytes | None:
        return self._use(lambda: cast("bytes | None", self._redis.get(_data(namespace) + name)))

    def write(self, namespace: str, name: str, stored: bytes, ttl_seconds: float, limit_bytes: int) -> None:
        ttl = max(1, round(1000 * ttl_seconds))
        self._use(lambda: self._write([_index(namespace)], [_data(namespace), name, stored, ttl, limit_bytes]))

    def delete(self, namespace: str, name: str) -> None:
        self._use(lambda: self._delete([_index(namespace)], [_data(namespace), name]))

    def usage(self, namespace: str) -> Usage:
        size, entries = self._use(lambda: cast("list[int]", self._usage([_index(namespace)], [_data(namespace)])))
        return Usage(int(entries), int(size))

    def _use(self, work: Callable[[], T]) -> T:
        from redis.exceptions import RedisError, ResponseError

        if time.monotonic() < self._paused_until:
            raise CacheStoreError(f"{self.where} is left alone for a moment, after {self._paused_by}")
        try:
            return work()
        except (RedisError, OSError) as error:
            reason = f"{type(error).__name__}: {error}"
            if not isinstance(error, ResponseError):  # the server answers: only this one thing was refused
                self._paused_by, self._paused_until = reason, time.monotonic() + self._pause_seconds
            raise CacheStoreError(f"{self.where}: {reason}") from error


def _data(namespace: str) -> str:
    return f"{{steel:{namespace}}}:data:"


def _index(namespace: str) -> str:
    return f"{{steel:{namespace}}}:index"
