"""The whole pipeline, as a newcomer runs it: two days of the simulated market, then everything that must hold afterwards.

It begins with three years of prices, not ten: every market, horizon and model family is there, and a training learns from less.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.core.calendars import sessions
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets_tests.steel import Steel

pytestmark = pytest.mark.slow

FORECAST_FACTS = ["horizon", "origin", "target_date", "last_price", "predicted_price", *QUANTILE_COLUMNS, "model_version"]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    """A folder in which the demo has lived for two days."""
    settings = {"STEEL_HISTORY_YEARS": "3", "STEEL_HTTP_TIMEOUT_SECONDS": "300"}  # on a busy machine
    steel = Steel(tmp_path_factory.mktemp("pipeline"), settings)
    done = steel("demo", "--days", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    steel.settings["SUMMARY"] = done.stdout
    return steel


@pytest.fixture
def copy(pipeline: Steel, tmp_path: Path) -> Steel:
    """The same folder, to change at will."""
    shutil.copytree(pipeline.folder, tmp_path / "copy")
    return Steel(tmp_path / "copy", pipeline.settings)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def table(steel: Steel, name: str) -> pd.DataFrame:
    with duckdb.connect(str(steel.folder / ".steel" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.table(f"steel_rebar_predictor.{name}").df()


def published(steel: Steel) -> pd.DataFrame:
    """Everything in predictions/daily, oldest first."""
    keys = sorted((steel.lake / "predictions" / "daily").rglob("*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in keys]).sort_values(["as_of", "market", "horizon"], ignore_index=True)


def test_every_asset_is_materialised_and_no_check_failed(pipeline: Steel, monkeypatch: pytest.MonkeyPatch) -> None:
    from steel_assets.definitions import defs

    monkeypatch.chdir(pipeline.folder)
    with dg.DagsterInstance.from_config(str(pipeline.folder)) as instance:
        materialised = {key for key in instance.all_asset_keys() if instance.get_latest_materialization_event(key)}
        runs = {run.job_name: run.status for run in instance.get_runs()}
        events = [
            entry.dagster_event.asset_check_evaluation_data
            for run in instance.get_runs()
            for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
            if entry.dagster_event
        ]
    assert {spec.key for spec in defs().resolve_all_asset_specs()} <= materialised
    assert set(runs) == {"weekly_retraining", "daily_data_update", "wrap_up"}
    assert {status.value for status in runs.values()} == {"SUCCESS"}
    assert events
    assert [f"{event.asset_key}: {event.check_name}" for event in events if not event.passed] == []


def test_the_summary_says_that_prices_are_simulated_and_names_every_market(pipeline: Steel, catalog: Catalog) -> None:
    summary = pipeline.settings["SUMMARY"]
    assert "SIMULATED" in summary
    for market in catalog.markets.values():
        assert market.name in summary


def test_every_market_has_a_forecast_at_every_horizon_on_its_own_trading_days(pipeline: Steel, catalog: Catalog) -> None:
    rows = published(pipeline)
    newest = rows[rows["as_of"] == rows["as_of"].max()]
    assert set(zip(newest["market"], newest["horizon"], strict=True)) == {
        (market.id, h) for market in catalog.markets.values() for h in market.horizons
    }
    for row in newest.itertuples():
        days = sessions(catalog.markets[row.market].calendar, row.origin + pd.Timedelta(days=1), row.target_date)
        assert len(days) == row.horizon
        assert days[-1] == row.target_date
    quantiles = newest[list(QUANTILE_COLUMNS)].to_numpy()
    assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
    assert (quantiles > 0).all()
    assert newest["simulated"].all()


def test_the_missions_tables_have_the_missions_columns_first(pipeline: Steel) -> None:
    mission = {
        "metrics_daily": "date model_version mape r2_score rmse prediction_count avg_latency_ms cost_usd created_at",
        "predictions_vs_reality": "prediction_date predicted_price actual_price error_absolute error_percentage model_version "
        "created_at",
    }
    for name, columns in mission.items():
        wanted = columns.split()
        frame = table(pipeline, name)
        assert list(frame.columns[: len(wanted)]) == wanted
        assert {"market", "horizon"} <= set(frame.columns[len(wanted) :])
    assert len(table(pipeline, "metrics_daily")) == 2 * 20
    assert len(table(pipeline, "promotions")) >= 20


def test_a_forecast_whose_day_has_come_stands_beside_what_happened(pipeline: Steel) -> None:
    rows = table(pipeline, "predictions_vs_reality")
    if rows.empty:
        pytest.skip("no trading day lies between the two issues (a weekend)")
    assert (abs(rows["predicted_price"] - rows["actual_price"]) - rows["error_absolute"]).abs().max() < 1e-9


def test_raw_data_is_marked_simulated_and_only_the_first_collection_is_large(pipeline: Steel) -> None:
    sizes: dict[str, list[int]] = {}
    for key in pipeline.files("raw-data"):
        frame = pd.read_parquet(pipeline.lake / key)
        assert frame["simulated"].all()
        sizes.setdefault(str(frame["collected_at"].iloc[0]), []).append(len(frame))
    first, *later = [sum(counts) for _, counts in sorted(sizes.items())]
    assert first > 10_000
    assert all(rows < 200 for rows in later)


def test_a_second_demo_on_the_same_day_changes_no_data_no_forecast_and_no_decision(copy: Steel) -> None:
    kept = ("raw-data", "predictions/daily", "models")
    before = {place: copy.files(place) for place in kept}
    promotions, forecasts = table(copy, "promotions"), table(copy, "forecasts")
    assert copy("demo").returncode == 0
    assert {place: copy.files(place) for place in kept} == before
    pd.testing.assert_frame_equal(table(copy, "promotions"), promotions)
    pd.testing.assert_frame_equal(table(copy, "forecasts"), forecasts)


def test_forecasting_as_of_an_earlier_day_without_the_newest_data_gives_exactly_what_was_published(copy: Steel) -> None:
    rows = published(copy)
    earlier = rows["as_of"].min()
    day = rows.loc[rows["as_of"] == earlier, "issued_date"].iloc[0]
    removed = [
        path for path in (copy.lake / "raw-data").rglob("*.parquet") if pd.read_parquet(path)["collected_at"].iloc[0] > earlier
    ]
    for path in removed:
        path.unlink()
    again = pd.DataFrame(copy.json("forecast", "--as-of", f"{day:%Y-%m-%d}"))
    for market, expected in rows[rows["as_of"] == earlier].groupby("market"):
        mine = again[again["market"] == market].reset_index(drop=True)
        for name in ("origin", "target_date"):
            mine[name] = pd.to_datetime(mine[name]).dt.tz_localize(None)
        pd.testing.assert_frame_equal(
            mine[FORECAST_FACTS], expected[FORECAST_FACTS].reset_index(drop=True), check_dtype=False, rtol=1e-12, atol=0
        )


def test_the_latest_issue_is_shown_as_it_was_published_and_that_is_what_would_be_computed(copy: Steel) -> None:
    rows = published(copy)
    newest = rows[rows["as_of"] == rows["as_of"].max()]
    shown = copy.json("forecast")
    assert len(shown) == len(newest)
    assert shown == copy.json("forecast", "--as-of", f"{newest['issued_date'].iloc[0]:%Y-%m-%d}")


def test_one_provider_that_is_down_is_named_and_the_forecasts_go_out(copy: Steel) -> None:
    shutil.rmtree(copy.lake / "predictions" / "daily")
    done = copy("demo", STEEL_FRED_API_BASE_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "raw/fred_api/inflation_data" in done.stdout
    assert "raw/yahoo_finance" not in done.stdout.split("✗", 1)[1]
    assert len(published(copy)) == 20


def test_collecting_again_writes_nothing(copy: Steel) -> None:
    first = copy("collect")
    assert first.returncode == 0, first.stdout
    before = copy.files("raw-data")
    assert copy("collect").returncode == 0
    new = [pd.read_parquet(copy.lake / key) for key in copy.files("raw-data").keys() - before.keys()]
    assert sum(map(len, new)) <= 60  # a bar or two may close while the test runs


def test_status_and_doctor_speak_of_what_is_there(pipeline: Steel, catalog: Catalog) -> None:
    done = pipeline("status", "--json")
    assert done.returncode == 1, "yellow: no daemon was ever started here"
    status = json.loads(done.stdout)
    late = ["markets"] if any(market["stale"] for market in status["markets"]) else []  # a provider may show a close a day late
    assert [area["area"] for area in status["areas"] if area["state"] != "green"] == [*late, "automation"]
    assert status["simulated"] is True
    assert {market["market"] for market in status["markets"]} == set(catalog.markets)
    assert all(market["last_forecast"] for market in status["markets"])
    assert all(finding["ok"] for finding in pipeline.json("doctor"))


def test_real_rows_do_not_get_into_the_simulated_lake(copy: Steel) -> None:
    (copy.folder / "mine.csv").write_text("date,close\n2020-01-02,500\n2020-01-03,501\n")
    before = copy.files()
    refused = copy("import", "mine.csv", "--series", "lme_rebar_m01")
    assert refused.returncode == 2
    assert "STEEL_HOME" in refused.stderr
    assert copy.files() == before


def test_what_drivers_contributed_adds_up_to_the_forecast_in_the_warehouse_and_in_the_lake(pipeline: Steel) -> None:
    key = ["as_of", "market", "horizon", "model_version"]
    issued, rows = table(pipeline, "forecasts").set_index(key), table(pipeline, "explanations")
    moved = rows.groupby(key)["contribution"].sum().reindex(issued.index, fill_value=0.0)
    assert (moved - (issued["predicted_price"] - issued["last_price"])).abs().max() < 1e-9
    files = sorted((pipeline.lake / "predictions" / "explanations").rglob("*.parquet"))
    assert len(files) == len(sorted((pipeline.lake / "predictions" / "daily").rglob("*.parquet")))
    assert sum(len(pd.read_parquet(path)) for path in files) == len(rows) > 0
