"""``steel collect`` and ``steel quarantine`` as a person runs them, on Yahoo Finance on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from steel_assets_tests.loopback import Reply
from steel_assets_tests.operations.yahoo import Yahoo, world
from steel_assets_tests.steel import Steel

pytestmark = pytest.mark.slow


@pytest.fixture
def steel(tmp_path: Path) -> Iterator[tuple[Steel, Yahoo]]:
    """A user's folder whose Yahoo Finance has prices up to yesterday; no other provider is reachable."""
    with world(tmp_path / "elsewhere") as market:
        today = pd.Timestamp.now().normalize()
        for symbol, closes in market.yahoo.closes.items():
            days = pd.bdate_range(end=today - pd.Timedelta(days=2), periods=len(closes))
            market.yahoo.closes[symbol] = pd.Series(closes.to_numpy(), index=days)
        for declared in market.platform.catalog.series_of("yahoo_finance", "commodity_indices"):
            market.yahoo.bodies[str(declared.symbol)] = Reply(b'{"no": "chart"}')
        settings = {"STEEL_SOURCES": "live", "STEEL_YAHOO_FINANCE_BASE_URL": market.server.url, "STEEL_HISTORY_YEARS": "1"}
        yield Steel(tmp_path / "folder", settings), market.yahoo


def test_a_held_price_is_told_listed_and_released(steel: tuple[Steel, Yahoo]) -> None:
    run, yahoo = steel
    yahoo.closes["HRC=F"].iloc[-1] *= 10
    wrong = float(yahoo.closes["HRC=F"].iloc[-1])
    done = run("collect", "--source", "yahoo_finance", "--json")
    assert done.returncode == 1, "one group answered in another shape"
    assert "expected chart.result[0]" in done.stderr
    assert '"state": "FRESH"' in done.stdout
    assert '"state": "MISSING"' in done.stdout
    assert '"quarantined": 1' in done.stdout
    assert "fred" not in done.stdout
    [held] = run.json("quarantine", "list")
    assert held["value"] == pytest.approx(wrong)
    assert held["state"] == "waiting"
    [source] = json.loads(run("status", "--json").stdout)["sources"]
    assert source["quarantined"] == 1
    assert source["rejected"] > 0
    assert source["state"]["steel_futures"] == "FRESH"
    assert run("quarantine", "release", "nonsense").returncode == 2
    assert run("quarantine", "release", held["id"]).returncode == 0
    assert run.json("quarantine", "list") == []
    assert [entry["state"] for entry in run.json("quarantine", "list", "--all")] == ["released"]
    assert run("collect", "--since", "soon").returncode == 2
    refused = run("collect", "--source", "bloomberg")
    assert "is not one of alpha_vantage" in refused.stderr


def test_a_provider_that_never_answered_anything_is_told_by_the_status(steel: tuple[Steel, Yahoo]) -> None:
    run, yahoo = steel
    for symbol in [*yahoo.closes, *yahoo.bodies]:
        yahoo.bodies[symbol] = Reply(b"Too Many Requests", 429, {"retry-after": "600"})
    assert run("collect", "--source", "yahoo_finance").returncode == 1
    status = run("status", "--json")
    assert status.returncode == 2, "nothing was ever published: red"
    told = {source["source"]: source for source in json.loads(status.stdout)["sources"]}
    assert told["yahoo_finance"]["state"] == {"steel_futures": "MISSING", "commodity_indices": "MISSING"}
    assert told["yahoo_finance"]["rows"] == 0
