"""``steel forecast`` says nothing that publishing would refuse: what a stored model says is held against what the market did."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steel_assets.bootstrap import Platform
from steel_assets.catalog import load_catalog
from steel_assets.core.calibration import Track
from steel_assets.core.features import build_features
from steel_assets.core.forecast import Bundle, bundle_to_files
from steel_assets.core.models.drift import RandomWalkWithDrift
from steel_assets.core.samples import build_samples
from steel_assets.core.training import baseline
from steel_assets.operations import histories
from steel_assets.settings import Settings
from steel_assets_tests.cli.test_import_and_backtest import MARKET, SERIES, prices
from steel_assets_tests.steel import Steel

AS_OF = pd.Timestamp("2023-09-08T21:00Z")
DAY = "2023-09-08"
HORIZON = 5

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    """A user with one market of their own, nothing in production."""
    steel = Steel(tmp_path_factory.mktemp("user"), {"STEEL_CATALOG_DIR": "mine", "STEEL_SOURCES": "files"})
    market = MARKET.replace("drivers: [billet]\n", "").replace("[1, 5, 21]", f"[{HORIZON}]")
    for name, declared in (("series", SERIES), ("markets", market)):
        (steel.folder / "mine" / name).mkdir(parents=True)
        (steel.folder / "mine" / name / "mine.yaml").write_text(declared)
    prices(1).to_csv(steel.folder / "wire_rod.csv", index=False)
    steel.json("import", "wire_rod.csv", "--series", "wire_rod")
    return steel


@pytest.fixture
def user(imported: Steel, tmp_path: Path) -> Steel:
    """The same, to do with as one likes."""
    shutil.copytree(imported.folder, tmp_path / "user")
    return Steel(tmp_path / "user", imported.settings)


def here(user: Steel) -> Platform:
    return Platform(Settings(home=user.folder / ".steel", sources="files"), load_catalog(user.folder / "mine"))


def promoted(user: Steel, change: Callable[[Bundle], Bundle]) -> None:
    """Put what ``change`` makes of an honest champion into production."""
    parts = here(user)
    history = histories.build(parts.catalog, parts.lake, "wire_rod", AS_OF)
    features = build_features(history)
    honest = RandomWalkWithDrift()
    honest.fit(build_samples(history, features, HORIZON))
    bundle = change(replace(baseline(history, features, HORIZON), model=honest))
    parts.models.save_candidate("wire_rod", HORIZON, "v1", bundle_to_files(bundle), {"family": bundle.family})
    parts.models.promote("wire_rod", HORIZON, "v1", None, datetime(2023, 9, 1, tzinfo=UTC))


def away(bundle: Bundle) -> Bundle:
    """Three times the last price."""
    model = RandomWalkWithDrift.from_bytes(bundle.model.to_bytes())
    model.drift = np.log(3.0)
    return replace(bundle, model=model)


def unsure(bundle: Bundle) -> Bundle:
    """A past of forecasts that were wrong by a factor of five, either way."""
    wrong = np.where(np.arange(len(bundle.track.points)) % 2, 5.0, 0.2)
    return replace(bundle, track=Track(bundle.track.origins, bundle.track.points * wrong))


def test_an_honest_model_in_production_is_believed(user: Steel) -> None:
    promoted(user, lambda bundle: bundle)
    [row] = user.json("forecast", "wire_rod", "--as-of", DAY)
    assert (row["model_version"], row["model_family"]) == ("v1", "drift")


@pytest.mark.parametrize(
    ("change", "asked", "says"),
    [
        (away, ["wire_rod", "--json"], "from the last price; the largest move ever was"),
        (unsure, [], "its band spans"),
    ],
)
def test_a_stored_model_whose_forecast_is_absurd_is_refused(
    user: Steel, change: Callable[[Bundle], Bundle], asked: list[str], says: str
) -> None:
    promoted(user, change)
    before = user.files()
    done = user("forecast", *asked, "--as-of", DAY)
    assert done.returncode == 2
    assert f"no forecast: wire_rod: absurd, and would not be published: h = {HORIZON}: " in done.stderr
    assert says in done.stderr
    assert done.stdout == ""
    assert user.files() == before
