"""One sandbox for all of these tests, its clock put back before each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import httpx
import pandas as pd
import pytest

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.sandbox import Sandbox
from steel_assets.sandbox.market import SimulatedMarket

MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
"""A Wednesday, 02:00 in Mexico City: Shanghai has closed, London and New York have not opened."""

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"}


class Get(Protocol):
    """Ask the sandbox for a path, as a browser would."""

    def __call__(self, path: str, **params: str) -> httpx.Response: ...


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def market(catalog: Catalog) -> SimulatedMarket:
    return SimulatedMarket(catalog)


@pytest.fixture(scope="session")
def running(catalog: Catalog) -> Iterator[Sandbox]:
    with Sandbox(catalog) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def client(running: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers=BROWSER, timeout=60) as client:
        yield client


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.set_clock(MOMENT)
    return running


@pytest.fixture
def get(sandbox: Sandbox, client: httpx.Client) -> Get:
    def ask(path: str, **params: str) -> httpx.Response:
        return client.get(path, params=params or None)

    return ask
