"""A market whose price comes once a month, or once a week: imported, trained, forecast, nowcast, scored, and told everywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from steel_assets.adapters.mail import page as mail
from steel_assets.assets.declare import key_of
from steel_assets.bootstrap import Platform, catalog
from steel_assets.core.paths import PathsError
from steel_assets.core.problem import Problem
from steel_assets.core.tables import FORECASTS, METRICS_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets.core.types import MarketFrequency
from steel_assets.operations import analysis, histories, outlooks
from steel_assets.operations.report import report
from steel_assets.settings import Settings
from steel_assets_tests.aging_world import Surfaces
from steel_assets_tests.assets.measured_world import installation, made_of
from steel_assets_tests.core.slow_world import slow_world
from steel_assets_tests.core.synthetic import Synthetic

pytestmark = pytest.mark.slow

MARKET = "rebar_mexico"
DAILY = ("market_daily", "market_features", "forecasts", "predictions_vs_reality", "metrics_daily")
TRAINING = ("market_daily", "market_features", "data_quality", "candidate_models", "validation_scores", "promotions")


@dataclass
class Life:
    """A platform in which a market's figures become known as time goes by."""

    parts: Platform
    made: Synthetic
    until: pd.Timestamp

    def live(self, moment: str, *names: str) -> pd.Timestamp:
        """Everything published by ``moment`` comes, and the stages run, each green."""
        at, rows = pd.Timestamp(moment, tz="UTC"), self.made.observations
        new = rows[(rows["published_at"] > self.until) & (rows["published_at"] <= at)]
        self.parts.lake.append_observations(new, "file-import", "files")
        self.until = at
        with dg.DagsterInstance.ephemeral() as instance:
            done = made_of(self.parts, *names, instance=instance, moment=at, market=MARKET)
            failed = [
                found for found in done.get_asset_check_evaluations() if not found.passed and found.severity.value == "ERROR"
            ]
            assert done.success
        assert not failed
        return at

    def issued(self, moment: pd.Timestamp) -> pd.DataFrame:
        rows = self.parts.warehouse.read(FORECASTS, {"market": MARKET})
        return rows[rows["as_of"] == moment].set_index("horizon").sort_index()


def begun(folder: Path, frequency: MarketFrequency) -> Life:
    made, shipped = slow_world(frequency), catalog()
    known = shipped.model_copy(
        update={"markets": {**shipped.markets, MARKET: made.market}, "series": {**shipped.series, **made.series}}
    )
    return Life(Platform(Settings(home=folder / "home", sources="files"), known), made, pd.Timestamp("2000-01-01", tz="UTC"))


@pytest.fixture(scope="module")
def monthly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Life, list[pd.Timestamp]]:
    """Trained in mid-August on July's price; issued that day, on 5 September and, with August's price, on 13 September."""
    life = begun(tmp_path_factory.mktemp("monthly"), "monthly")
    life.live("2026-08-13 08:00", *TRAINING)
    return life, [life.live(moment, *DAILY) for moment in ("2026-08-13 08:00", "2026-09-05 08:00", "2026-09-13 08:00")]


def test_a_month_is_trained_forecast_nowcast_and_scored(monthly: tuple[Life, list[pd.Timestamp]]) -> None:
    life, (first, between, after) = monthly
    decided = life.parts.warehouse.read(PROMOTIONS, {"market": MARKET}).set_index("horizon")
    assert decided.loc[1, "candidate_family"] == "ridge"
    assert decided.loc[1, "decision"] == "promoted"
    assert decided.loc[1, "candidate_mae"] < 0.8 * decided.loc[1, "naive_mae"]

    rows = life.issued(first)
    assert list(rows.index) == [1, 2, 3]
    assert list(rows["target_date"]) == list(pd.to_datetime(["2026-08-01", "2026-09-01", "2026-10-01"]))
    assert set(rows["data_as_of"]) == {pd.Timestamp("2026-07-01")}
    nowcast = life.issued(between)
    assert set(nowcast["data_as_of"]) == {pd.Timestamp("2026-07-01")}, "August is published on the twelfth"
    assert list(nowcast["target_date"]) == list(rows["target_date"])
    assert nowcast.loc[1, "predicted_price"] != rows.loc[1, "predicted_price"], "the drivers went on"
    assert set(life.issued(after)["data_as_of"]) == {pd.Timestamp("2026-08-01")}

    scored = life.parts.warehouse.read(PREDICTIONS_VS_REALITY, {"market": MARKET})
    rows = life.made.observations
    [real] = rows.loc[(rows["series"] == "rebar_mx") & (rows["period"] == pd.Timestamp("2026-08-01")), "value"]
    assert set(zip(scored["horizon"], scored["prediction_date"], strict=True)) == {(1, pd.Timestamp("2026-08-01"))}
    assert sorted(scored["issued_date"]) == [pd.Timestamp("2026-08-13"), pd.Timestamp("2026-09-05")]
    assert scored["actual_price"].tolist() == pytest.approx([real, real])
    measured = life.parts.warehouse.read(METRICS_DAILY, {"market": MARKET, "date": pd.Timestamp("2026-09-13")})
    assert measured.set_index("horizon")["origins"].to_dict() == {1: 1, 2: 0, 3: 0}, "a month counts once, by its last forecast"


def test_every_surface_says_the_month(monthly: tuple[Life, list[pd.Timestamp]], monkeypatch: pytest.MonkeyPatch) -> None:
    life, (*_, after) = monthly
    at = f"/v1/markets/{MARKET}/"
    dashboard = f"/dashboard?market={MARKET}"
    surfaces = Surfaces(life.parts, after, monkeypatch)
    said = surfaces.service("/v1/markets", f"{at}forecasts", f"{at}averages", f"{at}analysis", f"{at}explanation", dashboard)
    markets = {market["id"]: market for market in said["/v1/markets"].json()["markets"]}
    assert (markets[MARKET]["frequency"], markets["rebar_fob_turkey"]["frequency"]) == ("monthly", "daily")
    forecast = said[f"{at}forecasts"].json()
    assert (forecast["frequency"], forecast["price_period"], forecast["stale"]) == ("monthly", "2026-08", False)
    assert [horizon["target_period"] for horizon in forecast["forecasts"]] == ["2026-09", "2026-10", "2026-11"]
    assert said[f"{at}explanation"].status_code == 200
    for path, why in ((f"{at}averages", "averages, odds, plans and what-if do not apply"), (f"{at}analysis", "does not apply")):
        assert said[path].status_code == 404
        assert why in said[path].json()["message"]
    html = said[dashboard].text
    for text in ("Next price to come, <time", ">Sep 2026</time>", '<th scope="row">3 months</th><td>Nov 2026</td>'):
        assert text in html
    assert "h-change" not in html, "drift is measured in trading days"
    spanish = surfaces.service(dashboard, language="es")[dashboard].text
    assert '<th scope="row">3 meses</th><td>nov 2026</td>' in spanish

    code, table, _ = surfaces.command("forecast", MARKET)
    assert code == 0
    for text in ("MXN/t of 2026-08, 0 months old", "3 m", "2026-11"):
        assert text in table
    letter = mail.text(report(life.parts.catalog, life.parts.lake, life.parts.warehouse, [], after), "en")
    for text in ("for Aug 2026", "from that for Jul 2026", "3 months: ", "price for Aug 2026, 0 months overdue"):
        assert text in letter
    assert "1 of 1 inside" in letter or "0 of 1 inside" in letter, "the price that came this week is scored, whatever its month"


def test_an_overdue_month_is_told_and_from_the_third_on_nothing_is_issued(
    monthly: tuple[Life, list[pd.Timestamp]], monkeypatch: pytest.MonkeyPatch
) -> None:
    life, _ = monthly
    for day, months in (("2026-10-20", 1), ("2026-12-20", 3)):
        code, rows, errors = Surfaces(life.parts, pd.Timestamp(f"{day} 08:00", tz="UTC"), monkeypatch).command(
            "forecast", MARKET, "--as-of", day, "--json"
        )
        if months == 3:
            assert "the last price of rebar_mx is of 2026-08, 3 months old; nothing new is issued beyond 2" in errors
            continue
        told = json.loads(rows)[0]
        assert (code, told["price_age_sessions"]) == (0, months)
        assert told["stale_reason"] == "price of 2026-08, 1 month old; a newer one should be here"


def test_what_counts_in_trading_days_says_that_it_does_not_apply(monthly: tuple[Life, list[pd.Timestamp]]) -> None:
    life, (*_, after) = monthly
    history = histories.load(life.parts.catalog, life.parts.lake, MARKET)
    pd.testing.assert_frame_equal(history.within, histories.build(life.parts.catalog, life.parts.lake, MARKET, after).within)
    life.parts.store.put(f"processed-data/daily/history/{MARKET}/within.parquet", b"damaged")
    pd.testing.assert_frame_equal(histories.load(life.parts.catalog, life.parts.lake, MARKET).within, history.within)
    rows = life.issued(after).reset_index()
    with pytest.raises(PathsError, match="monthly price"):
        outlooks.drawn({MARKET: rows}, {MARKET: history})
    with pytest.raises(Problem, match="tested on trading days"):
        analysis.analysis(life.parts.catalog, history)
    from steel_assets.definitions import assets

    keys = {key for asset in assets(installation(life.parts)) for key in asset.keys}
    assert key_of(MARKET, "forecasts") in keys
    assert not {key_of(MARKET, name) for name in ("market_weekly", "market_monthly", "market_analysis", "drift")} & keys


def test_a_week_goes_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = begun(tmp_path, "weekly")
    life.live("2026-10-05 08:00", *TRAINING)
    first, after = (life.live(moment, *DAILY) for moment in ("2026-10-09 08:00", "2026-10-12 08:00"))
    assert list(life.issued(first)["target_date"]) == list(
        pd.to_datetime(["2026-10-05", "2026-10-12", "2026-10-26", "2026-12-21"])
    )
    scored = life.parts.warehouse.read(PREDICTIONS_VS_REALITY, {"market": MARKET})
    assert set(zip(scored["horizon"], scored["prediction_date"], strict=True)) == {(1, pd.Timestamp("2026-10-05"))}
    surfaces = Surfaces(life.parts, after, monkeypatch)
    path, dashboard = f"/v1/markets/{MARKET}/forecasts", f"/dashboard?market={MARKET}"
    said = surfaces.service(path, dashboard)
    assert [horizon["target_period"] for horizon in said[path].json()["forecasts"]] == [
        "2026-W42",
        "2026-W43",
        "2026-W45",
        "2026-W53",
    ]
    assert '<th scope="row">4 weeks</th><td>week 45 of 2026</td>' in said[dashboard].text
