"""A check of one's own that cannot be one is refused when the definitions load, with its file and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from steel_assets.assets.checks import checks_of
from steel_assets.bootstrap import catalog
from steel_assets.core.open_sets import PluginError, open_to
from steel_assets.definitions import assets, installation
from steel_assets_tests.own_folder import own_folder

HEAD = "from steel_assets.assets.checking import Verdict\n"
SOUND = HEAD + 'ASSET = "forecasts"\nDESCRIPTION = "Always."\n\n\ndef check(market, lake):\n    return Verdict(True, "as ever")\n'
Load = Callable[[str], list[dg.AssetChecksDefinition]]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Writes a check of one's own and returns the checks of a market."""
    market = next(iter(catalog().markets.values()))

    def loaded(text: str) -> list[dg.AssetChecksDefinition]:
        (folder / "checks").mkdir()
        (folder / "checks" / "mine_alone.py").write_text(text)
        open_to(folder)
        return checks_of(
            installation(), market, [dg.AssetKey([market.id, "forecasts"]), dg.AssetKey([market.id, "metrics_daily"])]
        )

    with own_folder(tmp_path) as folder:
        yield loaded


def test_a_check_gets_the_parts_that_its_parameters_name_and_no_other(load: Load) -> None:
    [mine] = [found for found in load(SOUND) if {key.name for key in found.check_keys} == {"mine_alone"}]
    assert mine.required_resource_keys == {"io_manager", "lake"}


def test_a_check_that_asks_for_what_there_is_not_is_refused_with_what_there_is(load: Load) -> None:
    with pytest.raises(
        PluginError, match=r"mine_alone\.py: check\(\) has unknown parameters platform; use market, catalog, lake, "
    ):
        load(SOUND.replace("lake", "platform"))


@pytest.mark.parametrize("part", ["ASSET", "DESCRIPTION", "check"])
def test_a_check_without_one_of_its_parts_is_refused(load: Load, part: str) -> None:
    with pytest.raises(PluginError, match=rf"mine_alone\.py: a check must define {part}"):
        load(re.sub(rf"\b{part}\b", "other", SOUND))


def test_a_check_of_an_asset_that_no_market_has_is_refused_with_those_that_there_are(load: Load) -> None:
    with pytest.raises(PluginError, match=r"ASSET is 'forecast', which no market has; use one of forecasts, metrics_daily"):
        load(SOUND.replace('"forecasts"', '"forecast"'))


def test_a_check_with_the_name_of_one_that_an_asset_brings_is_refused(tmp_path: Path) -> None:
    with own_folder(tmp_path) as folder:
        (folder / "checks").mkdir()
        (folder / "checks" / "quality_score.py").write_text(SOUND)
        open_to(folder)
        with pytest.raises(PluginError, match=r"checks/quality_score.py: an asset has a check of that name already"):
            assets(installation())
