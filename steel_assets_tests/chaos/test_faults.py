"""Whatever a provider does: no collection past its bound, no wrong row, no right row lost, and every outcome to be seen."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.catalog import Catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.chaos.faults import FAULTS, HARMLESS, QUICK
from steel_assets_tests.chaos.proxy import Proxy, proxying
from steel_assets_tests.chaos.world import (
    EVE,
    GROUPS,
    LATER,
    MOMENT,
    SECONDS,
    UNHURRIED,
    every_row,
    facts,
    gather,
    platform_at,
    small_catalog,
)

pytestmark = pytest.mark.xdist_group("chaos")

BOUND = SECONDS + 30
"""A provider's silence costs its time once, whatever it was asked; and the work around it on a busy machine."""

CASES = [
    pytest.param(source, name, marks=() if name in QUICK[source] else pytest.mark.chaos, id=f"{source}: {name}")
    for source in GROUPS
    for name in FAULTS
]


@dataclass
class Scene:
    """The sandbox behind a proxy, a lake of the eve, and what an undisturbed lake knows at MOMENT."""

    sandbox: Sandbox
    proxy: Proxy
    catalog: Catalog
    eve: Path
    undisturbed: dict[str, pd.DataFrame]
    truth: dict[str, set[tuple[str, pd.Timestamp, float]]]

    def platform(self, home: Path, seconds: float = UNHURRIED) -> Platform:
        return platform_at(home, self.proxy.url, self.catalog, seconds)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    catalog = small_catalog()
    with Sandbox(catalog) as sandbox, proxying(sandbox.url) as proxy:
        eve, whole = tmp_path_factory.mktemp("eve"), tmp_path_factory.mktemp("whole")
        scene = Scene(sandbox, proxy, catalog, eve, {}, {})
        for source in GROUPS:
            sandbox.set_clock(EVE.to_pydatetime())
            assert gather(platform_at(eve / source, proxy.url, catalog), source, EVE).problems == {}
            shutil.copytree(eve / source, whole / source)
            sandbox.set_clock(MOMENT.to_pydatetime())
            undisturbed = scene.platform(whole / source)
            assert len(gather(undisturbed, source, MOMENT).observations) > 3
            scene.undisturbed[source], scene.truth[source] = facts(undisturbed), every_row(undisturbed)
        yield scene


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= 40
    assert {name for names in QUICK.values() for name in names} | HARMLESS <= set(FAULTS)


@pytest.mark.parametrize(("source", "name"), CASES)
def test_a_fault_is_bounded_falsifies_nothing_loses_nothing_and_is_seen(
    source: str, name: str, scene: Scene, tmp_path: Path
) -> None:
    shutil.copytree(scene.eve / source, tmp_path / "home")
    platform = scene.platform(tmp_path / "home", UNHURRIED if name in HARMLESS else SECONDS)
    with scene.proxy.misbehaving(FAULTS[name]):
        started = time.monotonic()
        done = gather(platform, source, MOMENT)
        took = time.monotonic() - started
        assert scene.proxy.met, "the fault was met"
    assert took < (UNHURRIED if name in HARMLESS else BOUND)
    assert every_row(platform) <= scene.truth[source], "no wrong row is stored"
    assert set(done.observations["source"]) <= {source}
    if name in HARMLESS:
        assert done.problems == {}
        assert done.source_status.state == "FRESH"
        pd.testing.assert_frame_equal(facts(platform), scene.undisturbed[source])
    elif len(facts(platform)) < len(scene.undisturbed[source]):
        assert done.problems or len(done.held) or done.notes, "what is missing is told"
    if done.problems:
        assert done.source_status.state == "LAST_GOOD"
    platform = scene.platform(tmp_path / "home")
    recovered = gather(platform, source, LATER)
    assert recovered.problems == {}
    assert recovered.source_status.state == "FRESH"
    pd.testing.assert_frame_equal(facts(platform), scene.undisturbed[source])
    assert every_row(platform) == scene.truth[source], "no right row is lost, and none is there twice with another value"
