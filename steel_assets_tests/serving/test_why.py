"""What moved a forecast: told only of the very forecast that is served, complete, and in a buyer's words."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from steel_assets.bootstrap import Platform, platform
from steel_assets.core.features import build_features, driver_of
from steel_assets.core.models._calibrated import CAUTION, FORWARD_CURVE, LONG_RUN, OTHER
from steel_assets.core.tables import DRIFT, EXPLANATIONS
from steel_assets.operations.publication import drift
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.serving.explanation import CAUSES, driver_name, drivers, explanation
from steel_assets.serving.snapshot import Snapshot
from steel_assets.settings import Settings
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.serving.running import Running
from steel_assets_tests.serving.test_api import MARKET, latest
from steel_assets_tests.serving.test_snapshot import CATALOGUE, MORNING, published, row

FORECAST = row() | {"predicted_price": 502.0}


def told(**amounts: float) -> list[dict[str, Any]]:
    issue = {"as_of": FORECAST["as_of"], "horizon": 1, "model_version": "v1"}
    return [issue | {"driver": driver, "contribution": amount} for driver, amount in amounts.items()]


def snapshot(explained: object) -> Snapshot:
    series = {"scrap": {"name": "Scrap", "name_es": "Chatarra", "source": "x"}}
    known = Snapshot().with_part("catalogue", CATALOGUE | {"series": series}, None, 1.0)
    return known.with_part("latest", published(FORECAST), None, 1.0).with_part("explanations", explained, None, 1.0)


def test_drivers_come_largest_first_with_their_direction_and_add_up() -> None:
    found = drivers(snapshot({"rebar": told(calendar=-0.5, scrap=2.75, own_price=-0.25, volatility=0.0)}), FORECAST)
    assert found is not None
    assert [(driver.driver, driver.direction) for driver in found] == [
        ("scrap", "up"),
        ("calendar", "down"),
        ("own_price", "down"),
    ]
    assert sum(driver.contribution for driver in found) == FORECAST["predicted_price"] - FORECAST["last_price"]


@pytest.mark.parametrize(
    "explained",
    [
        {},
        {"rebar": []},
        {"rebar": told(scrap=1.9)},
        {"rebar": [one | {"as_of": "2026-11-19T08:00:00Z"} for one in told(scrap=2.0)]},
        {"rebar": [one | {"model_version": "v0"} for one in told(scrap=2.0)]},
        {"rebar": [one | {"horizon": 5} for one in told(scrap=2.0)]},
        {"scrap": told(scrap=2.0)},
    ],
)
def test_what_does_not_explain_this_very_forecast_is_not_told(explained: object) -> None:
    assert drivers(snapshot(explained), FORECAST) is None


def test_a_forecast_that_is_the_last_price_has_no_drivers_and_needs_no_explanation() -> None:
    assert drivers(snapshot({}), row()) == []


def test_drivers_have_plain_names_in_both_languages_and_a_stranger_keeps_its_own() -> None:
    here = snapshot({})
    assert [driver_name(here, "scrap", language) for language in ("en", "es")] == ["Scrap", "Chatarra"]
    assert [driver_name(here, "forward_curve", language) for language in ("en", "es")] == ["Forward curve", "Curva de futuros"]
    assert driver_name(here, "blast_furnaces", "es") == "blast furnaces"


def test_every_cause_that_a_model_or_a_feature_names_has_words() -> None:
    known = synthetic(count=120, lived=0)
    causes = {driver_of(column) for column in build_features(known.history()).columns} | {FORWARD_CURVE, LONG_RUN, CAUTION, OTHER}
    assert {"own_price", "forward_curve"} < causes
    assert {cause for cause in causes if cause not in CAUSES} <= set(known.series)


def test_a_lake_of_before_explanations_still_says_which_models_speak() -> None:
    declared = {"price_level": "", "target_series": "scrap", "target_version": 1, "calendar": "weekdays", "drivers": []}
    market = CATALOGUE["markets"][0] | declared
    older = snapshot({}).with_part("catalogue", CATALOGUE | {"markets": [market]}, None, 2.0)
    assert explanation(older, "rebar", MORNING).horizons[0].drivers is None


def test_the_api_says_what_was_published(service: Running) -> None:
    body = service.client.get(f"/v1/markets/{MARKET}/explanation").json()
    key = max((service.home / "lake" / "predictions" / "explanations").glob(f"*/{MARKET}-*.parquet"))
    table = EXPLANATIONS.enforce(pd.read_parquet(key))
    forecasts = latest(service).set_index("horizon")
    assert [score["horizon"] for score in body["horizons"]] == [1, 5, 21, 63]
    for one in body["horizons"]:
        moved = forecasts["predicted_price"][one["horizon"]] - forecasts["last_price"][one["horizon"]]
        if one["horizon"] == 21:  # the sample does not explain it
            assert one["drivers"] is None
            continue
        mine = table[table["horizon"] == one["horizon"]].set_index("driver")["contribution"]
        assert {driver["driver"]: driver["contribution"] for driver in one["drivers"]} == mine.to_dict()
        assert sum(driver["contribution"] for driver in one["drivers"]) == pytest.approx(moved)


@pytest.fixture
def parts(tmp_path) -> Platform:
    return platform(Settings(home=tmp_path / ".steel"))


def measure(parts: Platform, said: dict[str, list[bool]]) -> None:
    rows = [
        {
            "date": pd.Timestamp("2026-10-01") + pd.Timedelta(days=7 * week),
            "market": MARKET,
            "subject": subject,
            "wasserstein": 0.4,
            "psi": None,
            "score": 0.999 if drifted else None,
            "drifted": drifted,
            "simulated": True,
            "created_at": pd.Timestamp("2026-11-20", tz="UTC"),
        }
        for subject, weeks in said.items()
        for week, drifted in enumerate(weeks)
    ]
    parts.warehouse.upsert(DRIFT, pd.DataFrame(rows))


def test_drift_is_dated_from_the_first_day_of_its_newest_run(parts: Platform) -> None:
    measure(parts, {"all": [True, False, True, True], "errors": [True, True, False, False], "returns": [True] * 4})
    found = drift.read(parts, Tables(parts.warehouse))[MARKET]
    assert [(one["subject"], one["since"]) for one in found["subjects"]] == [
        ("all", "2026-10-15"),
        ("errors", None),
        ("returns", "2026-10-01"),
    ]
    assert len(found["rows"]) == 12


def test_a_warehouse_without_drift_has_none(parts: Platform) -> None:
    assert drift.read(parts, Tables(parts.warehouse)) == {}
