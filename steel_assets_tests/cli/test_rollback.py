"""Rolling back: what was in force is in force again, byte for byte, and the ledger says so."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.problem import Problem
from steel_assets.cli.rollback import roll_back
from steel_assets.core.tables import PROMOTIONS
from steel_assets.settings import Settings
from steel_assets_tests.steel import Steel

MARKET = "rebar_fob_turkey"
MONDAYS = pd.date_range("2026-03-02 09:00", periods=4, freq="7D", tz="UTC")


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Two models promoted at each of two horizons, a week apart, and one at a third."""
    found = platform(Settings(home=tmp_path / ".steel"))
    for horizon, count in ((1, 2), (5, 2), (21, 1)):
        for number in range(count):
            version, family = f"v{number}", ("naive", "ridge")[number]
            content = {"model.json": f"{horizon} {version}".encode()}
            found.models.save_candidate(MARKET, horizon, version, content, {"family": family})
            expected = found.models.production(MARKET, horizon)
            found.models.promote(MARKET, horizon, version, expected, MONDAYS[number].to_pydatetime())
    return found


def test_the_model_before_is_in_force_again_and_the_past_stays_as_it_was(parts: Platform) -> None:
    rows = roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, 5, None, "worse than the last price", MONDAYS[2])
    manifest, files = parts.models.load("production", MARKET, 5)
    assert (manifest["family"], files) == ("naive", {"model.json": b"5 v0"})
    assert parts.models.version_at(MARKET, 5, MONDAYS[1].to_pydatetime()) == "v1"
    assert parts.models.version_at(MARKET, 1, MONDAYS[3].to_pydatetime()) == "v1"
    stored = parts.warehouse.read(PROMOTIONS)
    shown = ["candidate_version", "candidate_family", "champion_version", "champion_family", "decision", "reason"]
    assert stored[shown].to_numpy().tolist() == [["v0", "naive", "v1", "ridge", "rolled_back", "worse than the last price"]]
    assert len(rows) == 1


def test_all_horizons_that_have_an_earlier_model_go_back_and_the_others_stay(parts: Platform) -> None:
    rows = roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, None, None, "by hand", MONDAYS[2])
    assert rows["horizon"].tolist() == [1, 5]
    pointer = parts.models.production(MARKET, 21)
    assert pointer is not None
    assert pointer.version == "v0"


def test_a_rollback_can_be_rolled_back_by_naming_the_version(parts: Platform) -> None:
    roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, 1, None, "by hand", MONDAYS[2])
    roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, 1, "v1", "it was the data", MONDAYS[3])
    assert parts.models.load("production", MARKET, 1)[1] == {"model.json": b"1 v1"}
    assert len(parts.warehouse.read(PROMOTIONS)) == 2


@pytest.mark.parametrize(
    ("market", "horizon", "version", "message"),
    [
        ("gold", None, None, "MARKET: 'gold' is not in the catalogue"),
        (MARKET, 2, None, "--horizon: rebar_fob_turkey is forecast 1, 5, 21, 63 business days ahead"),
        (MARKET, None, "v0", "--version: a version belongs to one horizon"),
        (MARKET, 21, None, "there is no earlier version"),
        (MARKET, 63, None, "no model is in production"),
        (MARKET, 1, "v9", "version v9 was never in production before"),
    ],
)
def test_where_there_is_nothing_to_return_to_nothing_changes(
    parts: Platform, market: str, horizon: int | None, version: str | None, message: str
) -> None:
    with pytest.raises(Problem, match=message):
        roll_back(parts.catalog, parts.models, parts.warehouse, market, horizon, version, "by hand", MONDAYS[2])
    assert parts.warehouse.read(PROMOTIONS).empty
    assert parts.models.version_at(MARKET, 1, MONDAYS[3].to_pydatetime()) == "v1"


def test_a_version_that_was_pruned_is_named_as_such(parts: Platform) -> None:
    for number, moment in enumerate(MONDAYS[2:], start=2):
        parts.models.save_candidate(MARKET, 1, f"v{number}", {"model.json": b"{}"}, {"family": "ridge"})
        parts.models.promote(MARKET, 1, f"v{number}", parts.models.production(MARKET, 1), moment.to_pydatetime())
    assert parts.models.prune(MARKET, 1, 2, 7, MONDAYS[3].to_pydatetime()) == ["v0", "v1"]
    with pytest.raises(Problem, match="version v0 was pruned: only the newest and those of the last months are kept"):
        roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, 1, "v0", "by hand", MONDAYS[3])
    rows = roll_back(parts.catalog, parts.models, parts.warehouse, MARKET, 1, None, "by hand", MONDAYS[3])
    assert rows["candidate_version"].tolist() == ["v2"]


@pytest.mark.slow
def test_the_command_says_what_is_in_force(parts: Platform, tmp_path: Path) -> None:
    steel = Steel(tmp_path)
    found = steel.json("rollback", MARKET, "--horizon", "1")
    assert [row["candidate_version"] for row in found] == ["v0"]
    again = steel("rollback", MARKET, "--horizon", "21")
    assert again.returncode == 2
    assert "there is no earlier version" in again.stderr
