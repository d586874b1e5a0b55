"""Kept answers: fewer calls, the same data, and never an answer that was wrong, of yesterday, or with a key in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from steel_assets.adapters.cache.cache import Cache, LocalCache, RedisCache
from steel_assets.adapters.http.cached import CachedHttp
from steel_assets.adapters.http.client import Recorded, Response

URL = "https://api.example/series"
KEY = SecretStr("a-secret-key-1")


@pytest.fixture
def cache(tmp_path: Path) -> LocalCache:
    return LocalCache(tmp_path / "cache")


def ask(http: CachedHttp, **params: str) -> bytes:
    return http.get(URL, params, None, {"api_key": KEY}).content


def collection(cache: Cache | None, provider: Recorded, day: str = "2026-03-04") -> CachedHttp:
    return CachedHttp(provider, cache, 3600.0, day)


def provider(*bodies: bytes | Response) -> Recorded:
    return Recorded({"/series": bodies})


def test_what_was_kept_is_not_asked_again_the_same_day(cache: LocalCache) -> None:
    there = provider(b"one", b"two")
    first = collection(cache, there)
    assert ask(first, id="A") == b"one"
    first.keep(KEY)
    again = collection(cache, there)
    assert ask(again, id="A") == b"one"
    assert again.hits == 1
    assert len(there.asked) == 1


def test_another_question_or_another_day_is_asked(cache: LocalCache) -> None:
    there = provider(b"one", b"two", b"three")
    first = collection(cache, there)
    ask(first, id="A")
    first.keep(KEY)
    assert ask(collection(cache, there), id="B") == b"two"
    assert ask(collection(cache, there, "2026-03-05"), id="A") == b"three"


def test_nothing_is_kept_until_the_whole_collection_went_well(cache: LocalCache) -> None:
    there = provider(b"over your limit", b"data")
    assert ask(collection(cache, there), id="A") == b"over your limit"
    assert ask(collection(cache, there), id="A") == b"data"


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_a_refusal_is_never_kept(cache: LocalCache, status: int) -> None:
    there = provider(Response(status, b"no"), b"data")
    first = collection(cache, there)
    ask(first, id="A")
    first.keep(KEY)
    assert ask(collection(cache, there), id="A") == b"data"


def test_no_key_reaches_the_disk(cache: LocalCache, tmp_path: Path) -> None:
    there = provider(b"welcome, a-secret-key-1", b"data")
    first = collection(cache, there)
    ask(first, id="A")
    ask(first, id="B")
    first.keep(KEY)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(b"a-secret-key-1" not in content for content in files)


def test_a_cache_that_is_down_costs_calls_and_nothing_else() -> None:
    there = provider(b"one", b"two")
    away = RedisCache("redis://127.0.0.1:9/0")
    first = collection(away, there)
    ask(first, id="A")
    first.keep(KEY)
    assert ask(collection(away, there), id="A") == b"two"


def test_a_damaged_cache_is_asked_past(cache: LocalCache, tmp_path: Path) -> None:
    there = provider(b"one", b"two")
    first = collection(cache, there)
    ask(first, id="A")
    first.keep(KEY)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"rubbish" * 100)
    assert ask(collection(LocalCache(tmp_path / "cache"), there), id="A") == b"two"


def test_without_a_cache_every_question_is_asked() -> None:
    there = provider(b"one", b"two")
    passing = CachedHttp(there)
    assert [ask(passing, id="A"), ask(passing, id="A")] == [b"one", b"two"]
    passing.keep(KEY)
