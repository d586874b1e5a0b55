"""What every test may ask for."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as examples

from steel_assets.cli.main import MOST_NEW_OBJECTS
from steel_assets.settings import settings
from steel_assets_tests.isolation import workplace

ROOT = Path(__file__).parents[1]

examples.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
examples.load_profile("untimed")


def pytest_configure() -> None:
    """What every process of a run is told.

    Where a shell started it in the background, Ctrl-C is ignored; Dagster would then ignore SIGTERM too, and its children. Python
    looks for objects that refer to each other only as seldom as in ``steel``.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(MOST_NEW_OBJECTS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that the last minutes of a run are not one file on one of two cores."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def project_root() -> str:
    """The project's root folder."""
    return str(ROOT)


@pytest.fixture(scope="session")
def real_prices() -> Path:
    """The folder of real price history; the test skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "lme_sr_curve.csv").exists():
        pytest.skip("the real price history in ../shared/data is not on this machine")
    return folder


@pytest.fixture(autouse=True, scope="session")
def nothing_in_the_checkout() -> Iterator[None]:
    """A relative path that a test forgot to choose is in a folder that is thrown away."""
    before = Path.cwd()
    os.chdir(workplace())
    yield
    os.chdir(before)


@pytest.fixture(autouse=True)
def nothing_from_the_neighbours() -> Iterator[None]:
    """One test's settings and folder never reach the next. (The machine's reach none: see ``isolation``.)"""
    before, folder = dict(os.environ), Path.cwd()
    settings.cache_clear()
    yield
    settings.cache_clear()
    os.chdir(folder)
    os.environ.clear()
    os.environ |= before
