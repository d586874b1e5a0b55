"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as examples

from steel_assets.settings import settings

ROOT = Path(__file__).parents[1]

examples.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
examples.load_profile("untimed")


def pytest_configure() -> None:
    """Where a shell started us in the background, Ctrl-C is ignored; Dagster would then ignore SIGTERM too, and its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of the machine never reach a test, nor one test's settings the next."""
    for name in list(os.environ):
        if name.startswith(("STEEL_", "DAGSTER_")):
            monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    settings.cache_clear()
