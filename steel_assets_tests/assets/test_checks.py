"""Every check, with the thing it watches broken: it fails, as bad as the catalogue says, and what must not go on does not."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.assets import experiments
from steel_assets.assets.checking import every_check_has_a_rule
from steel_assets.assets.forecast import COMPLETE, SANE
from steel_assets.assets.sensors import failed_checks
from steel_assets.bootstrap import Platform, catalog
from steel_assets.catalog import CatalogError
from steel_assets.core.tables import FORECASTS, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets.definitions import defs
from steel_assets.operations import forecasting, issuing
from steel_assets.operations.candidates import validation_key
from steel_assets_tests.assets.measured_world import AS_OF, MARKET, checks, lived, made_of
from steel_assets_tests.core.alerts.test_figures import realised
from steel_assets_tests.core.synthetic import synthetic

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    return lived(tmp_path)


def failed(done: dg.ExecuteInProcessResult, check: str) -> dg.AssetCheckEvaluation:
    """The evaluation called ``check``, which must have failed."""
    found = checks(done)[check]
    assert not found.passed, found.description
    return found


def issued(change: Callable[[pd.DataFrame], pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stage issue what ``change`` makes of an honest forecast."""
    honest = issuing.issue_from

    def changed(*arguments: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows, explanations = honest(*arguments)
        return change(rows), explanations

    monkeypatch.setattr(forecasting, "issue_from", changed)


def test_an_honest_forecast_passes_and_is_published(parts: Platform) -> None:
    done = made_of(parts, "forecasts")
    assert done.success
    assert [name for name, check in checks(done).items() if not check.passed] == []
    assert len(parts.warehouse.read(FORECASTS)) == 2


PRICES = ["predicted_price", "q05", "q10", "q25", "q50", "q75", "q90", "q95"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows.assign(**{name: 3 * rows[name] for name in PRICES}), "from the last price"),
        (lambda rows: rows.assign(q05=0.01 * rows["q05"]), "its band spans"),
        (lambda rows: rows.assign(**{name: 0.9 * rows[name] for name in [*PRICES, "last_price"]}), "it starts from"),
    ],
)
def test_an_absurd_forecast_is_not_published_and_the_one_before_stays_in_force(
    parts: Platform, monkeypatch: pytest.MonkeyPatch, change: Callable[[pd.DataFrame], pd.DataFrame], told: str
) -> None:
    made_of(parts, "forecasts")
    lake, table = list(parts.store.list("predictions/")), parts.warehouse.read(FORECASTS)
    issued(lambda rows: change(rows.assign(as_of=rows["as_of"] + pd.Timedelta(days=1))), monkeypatch)
    done = made_of(parts, "forecasts")
    assert done.success, "a gate acts on its market, not on the run"
    found = failed(done, "forecasts: sane_forecast")
    assert found.severity == ERROR
    assert told in str(found.description)
    failed(done, "forecasts: published_completely")
    assert list(parts.store.list("predictions/")) == lake
    pd.testing.assert_frame_equal(parts.warehouse.read(FORECASTS), table)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows.assign(q05=0.01 * rows["q05"]), SANE),
        (lambda rows: rows[rows["horizon"] == 1], COMPLETE),
    ],
)
def test_one_cause_is_one_alert_and_a_market_that_is_missing_for_any_reason_is_told(
    parts: Platform, monkeypatch: pytest.MonkeyPatch, change: Callable[[pd.DataFrame], pd.DataFrame], told: str
) -> None:
    issued(change, monkeypatch)
    with dg.DagsterInstance.ephemeral() as instance:
        made_of(parts, "forecasts", instance=instance)
        failed_checks.evaluate(instance, parts.catalog, parts.outbox, datetime.now(UTC))
        monkeypatch.undo()
        queue = parts.outbox.alert_state().queue
        assert [waiting.event.subject for waiting in queue] == [f"{MARKET}/forecasts: {told}"]
        made_of(parts, "forecasts", instance=instance)
        failed_checks.evaluate(instance, parts.catalog, parts.outbox, datetime.now(UTC))
    assert [waiting.event.kind for waiting in parts.outbox.alert_state().queue] == ["opened", "recovered"]


def test_a_horizon_that_is_missing_is_named(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    issued(lambda rows: rows[rows["horizon"] == 1], monkeypatch)
    found = failed(made_of(parts, "forecasts"), "forecasts: published_completely")
    assert "5 days ahead" in str(found.description)
    assert found.severity == ERROR


@pytest.mark.parametrize("broken", [{"predicted_price": np.nan}, {"q05": -1.0}, {"q05": 9e9}])
def test_a_forecast_that_is_none_reaches_neither_table_nor_lake(
    parts: Platform, monkeypatch: pytest.MonkeyPatch, broken: dict[str, float]
) -> None:
    issued(lambda rows: rows.assign(**broken), monkeypatch)
    done = made_of(parts, "forecasts")
    assert not done.success, "not one market got through"
    assert parts.warehouse.read(FORECASTS).empty
    assert list(parts.store.list("predictions/")) == []


def quality_of(parts: Platform, observations: pd.DataFrame) -> dg.ExecuteInProcessResult:
    for collected, rows in observations.assign(simulated=True).groupby("collected_at"):
        assert collected
        parts.lake.append_observations(rows, "file-import", "files")
    return made_of(parts, "data_quality")


def test_data_below_the_mark_fails_the_check_and_nothing_is_trained_on_it(parts: Platform) -> None:
    made = synthetic(lived=0).observations
    target = made["series"] == "rebar_m01"
    rows = made[~(target & (np.arange(len(made)) % 2 == 0))]
    found = failed(quality_of(parts, rows), "data_quality: quality_score")
    assert found.severity == ERROR
    assert "at least 0.8 is required" in str(found.description)
    done = made_of(parts, "candidate_models")
    assert not done.success
    with pytest.raises(ObjectNotFound):
        parts.lake.read(validation_key(MARKET))


@pytest.mark.slow
def test_a_candidate_that_is_not_good_enough_fails_its_criteria_and_is_not_promoted(parts: Platform) -> None:
    quality_of(parts, synthetic(lived=0).observations)
    assert made_of(parts, "candidate_models").success
    rows = parts.lake.read(validation_key(MARKET))
    quantiles = {name: 1.2 * rows[name] for name in PRICES if name in rows} | {"p": 1.2 * rows["p"]}
    parts.lake.write(validation_key(MARKET), rows.assign(**quantiles).where(rows["model"] != "naive", rows))
    done = made_of(parts, "validation_scores")
    for name in ("mape", "r2", "rmse"):
        assert failed(done, f"validation_scores: acceptance_{name}").severity == ERROR
    made_of(parts, "promotions")
    assert set(parts.warehouse.read(PROMOTIONS)["decision"]) == {"rejected"}
    assert parts.models.production(MARKET, 1) is None


def measured(parts: Platform, errors: np.ndarray, **news: object) -> dg.ExecuteInProcessResult:
    made_of(parts, "forecasts")
    rows = realised(errors).assign(market=MARKET, **news)
    parts.warehouse.upsert(PREDICTIONS_VS_REALITY, rows)
    return made_of(parts, "metrics_daily", moment=AS_OF)


def test_intervals_that_do_not_hold_are_a_warning(parts: Platform) -> None:
    far = np.arange(100) % 4 == 0
    done = measured(parts, np.full(100, 1.0), actual_price=np.where(far, 480.0, 500.0))
    found = failed(done, "metrics_daily: interval_coverage")
    assert found.severity == WARN
    assert "1 d: 75% of 100 prices inside" in str(found.description)
    honest = measured(parts, np.full(100, 1.0), actual_price=np.where(np.arange(100) % 10 == 0, 480.0, 500.0))
    assert checks(honest)["metrics_daily: interval_coverage"].passed


def test_an_error_that_rose_by_more_than_two_points_is_a_warning(parts: Platform) -> None:
    done = measured(parts, np.r_[np.full(100, 1.0), np.full(20, 3.5)])
    found = failed(done, "metrics_daily: mape_increase")
    assert found.severity == WARN
    assert "2 points more are allowed" in str(found.description)
    calm = measured(parts, np.r_[np.full(100, 1.0), np.full(20, 2.5)])
    assert checks(calm)["metrics_daily: mape_increase"].passed


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE steel_rebar_predictor.forecasts SET model_version = NULL", "model_version has empty values"),
        ("ALTER TABLE steel_rebar_predictor.forecasts ALTER horizon TYPE VARCHAR USING 'tomorrow'", "tomorrow"),
    ],
)
def test_a_table_that_other_hands_changed_breaks_its_schema(parts: Platform, statement: str, told: str) -> None:
    made_of(parts, "forecasts")
    day = parts.warehouse.read(FORECASTS)["as_of"].iloc[0]

    def look() -> dg.ExecuteInProcessResult:
        return made_of(parts, "system_metrics", moment=day)

    assert checks(look())["system_metrics: table_schemas"].passed
    with duckdb.connect(str(parts.warehouse.path)) as connection:
        connection.execute("ALTER TABLE steel_rebar_predictor.forecasts ALTER model_version DROP NOT NULL")
        connection.execute(statement)
    found = failed(look(), "system_metrics: table_schemas")
    assert found.severity == ERROR
    assert "forecasts" in str(found.description)
    assert told in str(found.description)


def test_a_damaged_price_table_of_the_lake_breaks_its_schema(parts: Platform) -> None:
    key = f"processed-data/daily/{MARKET}.parquet"
    parts.lake.write(key, parts.lake.read(key).drop(columns="unit"))
    done = made_of(parts, "system_metrics")
    assert "unit" in str(failed(done, "system_metrics: table_schemas").description)


def test_every_check_has_a_rule_and_every_rule_a_check_and_every_gate_is_severe() -> None:
    declared = catalog().rules.checks
    names = {key.name for key in defs().resolve_asset_graph().asset_check_keys} | {experiments.CHECK}  # none is shipped
    assert set(declared) == names
    warnings = {"drift", "interval_coverage", "mape_increase", experiments.CHECK}
    assert {name for name, rule in declared.items() if rule.severity == "warn"} == warnings
    for name, rule in declared.items():
        assert rule.notify or any(name == alert.id for alert in catalog().alerts.values()), name
    with pytest.raises(CatalogError, match="new_check has no severity"):
        every_check_has_a_rule(catalog().rules, [*names, "new_check"])
    with pytest.raises(CatalogError, match="there is no asset check drift"):
        every_check_has_a_rule(catalog().rules, names - {"drift"})
