"""One published year per test process, and copies of it for tests that change it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from steel_assets.serving.keys import KEY_FILE, KeyStore
from steel_assets_tests.serving.running import Redis, Running
from steel_assets_tests.serving.sample import publish


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which a year was published; not to be changed."""
    home = tmp_path_factory.mktemp("published") / "home"
    publish(home)
    return home


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Path:
    """A copy of it to do with as one likes, without its keys."""
    return Path(shutil.copytree(published, tmp_path / "home", ignore=shutil.ignore_patterns("serving")))


@pytest.fixture(scope="session")
def keys(published: Path) -> dict[str, str]:
    """Keys of the shared service: a reader, an operator and one with a small limit."""
    store = KeyStore(published / KEY_FILE)
    now = datetime.now(UTC)
    return {
        "read": store.create("reader", ["read"], now, limit_per_hour=10_000_000)[1],
        "operate": store.create("operator", ["read", "operate"], now, limit_per_hour=10_000_000)[1],
        "only_operate": store.create("scheduler", ["operate"], now)[1],
        "small": store.create("small", ["read"], now)[1],
    }


@pytest.fixture(scope="session")
def service(published: Path, keys: dict[str, str]) -> Iterator[Running]:
    """The service over it, with a reader's key."""
    with Running(published, key=keys["read"]) as running:
        yield running.until_read()


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """Start a service of one's own; it is stopped after the test."""
    started: list[Running] = []

    def start(home: Path, *, ready: bool = True, **options: str) -> Running:
        running = Running(home, **options).__enter__()
        started.append(running)
        return running.until_read() if ready else running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A real Redis server."""
    server = Redis()
    yield server
    server.stop()
