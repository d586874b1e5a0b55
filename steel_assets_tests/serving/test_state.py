"""Green, yellow, red: what counts as an incident, how bad it is, and that nothing is said twice."""

from __future__ import annotations

from typing import Any

import pytest

from steel_assets.catalog import load_catalog
from steel_assets.core.service_use import Use
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import Incident, alerts, incidents, light
from steel_assets.serving.vocabulary import WATCHED_ES, WORDS
from steel_assets.serving.words import Words, direction, money, signed, signed_share
from steel_assets_tests.serving.test_snapshot import CATALOGUE, published, row

QUIET = Use(0, 0, 0, None, None, None, None, None, None, None)
DURING_ITS_DAY = 1795190000.0  # 2026-11-20 in Mexico City
LIMITS = {"latency_spike": 2.0, "error_rate": 0.05, "cost_daily": 0.2, "mape_increase": 0.02}


@pytest.fixture
def well() -> Snapshot:
    catalogue = CATALOGUE | {"limits": LIMITS, "high_beyond": 1.5, "acceptance": {"quality_score": 0.8}}
    return Snapshot().with_part("catalogue", catalogue, None, 1.0).with_part("latest", published(row()), None, 1.0)


def found(snapshot: Snapshot, use: Use = QUIET, moment: float = DURING_ITS_DAY) -> list[tuple[str, str]]:
    return [(one.kind, one.severity) for one in incidents(snapshot, use, moment)]


def test_a_fresh_forecast_and_a_quiet_service_are_green(well: Snapshot) -> None:
    assert found(well) == []
    assert light([]) == "green"


def test_the_colour_is_that_of_the_worst_incident() -> None:
    assert light([Incident("a", "low", ""), Incident("b", "medium", "")]) == "yellow"
    assert light([Incident("a", "medium", ""), Incident("b", "high", "")]) == "red"


def test_no_forecast_of_the_default_market_is_critical() -> None:
    assert found(Snapshot()) == [("no_forecast", "critical")]


def test_a_forecast_whose_day_has_passed_is_told(well: Snapshot) -> None:
    assert found(well, moment=DURING_ITS_DAY + 2 * 86_400) == [("stale_forecast", "high")]


@pytest.mark.parametrize(("seconds", "expected"), [(1.9, []), (2.5, ["medium"]), (3.1, ["high"])])
def test_latency_is_judged_by_the_catalogue_and_high_beyond_its_factor(
    well: Snapshot, seconds: float, expected: list[str]
) -> None:
    use = Use(100, 90, 0, 1000 * seconds, None, 0.0, 1.0, 1.0, 0.1, 1)
    assert [severity for _, severity in found(well, use)] == expected


def test_a_risen_error_needs_enough_forecasts_to_count(well: Snapshot) -> None:
    def card(forecasts: int) -> dict[str, Any]:
        rolling = [{"date": "2026-11-20", "mape": 0.06, "naive_mape": 0.01, "coverage_90": 0.9}]
        score = {"horizon": 1, "forecasts": forecasts, "mape": 0.02, "naive_mape": 0.01, "rolling": rolling}
        return {"rebar": {"horizons": [score], "rows": []}}

    assert found(well.with_part("scorecards", card(200), None, 2.0)) == [("mape_increase", "high")]
    assert found(well.with_part("scorecards", card(3), None, 2.0)) == []


def test_what_the_platforms_watch_told_is_shown_with_its_beginning_and_not_told_again(well: Snapshot) -> None:
    watched = {"rule": "mape_increase", "title": "The forecast error has risen", "subject": "rebar", "severity": "high"}
    watched |= {"since": "2026-11-19T08:00:00Z", "text": "by 4 points"}
    rolling = [{"date": "2026-11-20", "mape": 0.06, "naive_mape": 0.01, "coverage_90": 0.9}]
    score = {"horizon": 1, "forecasts": 200, "mape": 0.02, "naive_mape": 0.01, "rolling": rolling}
    both = well.with_part("incidents", [watched], None, 2.0)
    both = both.with_part("scorecards", {"rebar": {"horizons": [score], "rows": []}}, None, 2.0)
    told = alerts(incidents(both, QUIET, DURING_ITS_DAY), DURING_ITS_DAY)
    assert told["state"] == "red"
    assert [(one["kind"], one["since"], one["market"]) for one in told["alerts"]] == [
        ("mape_increase", "2026-11-19T08:00:00Z", "rebar")
    ]


def test_a_part_that_cannot_be_read_is_told_once(well: Snapshot) -> None:
    assert found(well.with_part("metrics", None, "WarehouseBusy: held", 2.0)) == [("part_away", "medium")]


def test_every_word_exists_in_both_languages_with_the_same_places() -> None:
    for key, (english, spanish) in WORDS.items():
        assert english, key
        assert spanish, key
        assert english.count("{") == spanish.count("{"), key
    assert Words("es").day("2026-01-05") == "5 ene 2026"
    assert Words("xx").language == "en"
    assert Words("es")("incident_stale_forecast", "2026-01-05", name="Varilla").endswith("para el 5 ene 2026, que ya pasó")


def test_every_shipped_alert_rule_has_a_title_in_spanish_and_keeps_its_detail() -> None:
    assert set(WATCHED_ES) == set(load_catalog().alerts)
    assert Words("es").watched("disk_usage", "The disk is nearly full: 93 %") == "El disco está casi lleno: 93 %"
    assert Words("en").watched("disk_usage", "The disk is nearly full: 93 %") == "The disk is nearly full: 93 %"
    assert Words("es").watched("own_rule", "The furnace is late: by an hour") == "The furnace is late: by an hour"


def test_a_figure_shown_as_zero_has_no_sign_and_no_direction_and_small_costs_are_not_hidden() -> None:
    assert (signed_share(-0.0004), direction(-0.0004, 3)) == ("0.0 %", "")
    assert (signed_share(-0.0006), direction(-0.0006, 3)) == ("−0.1 %", "down")
    assert (signed(-0.004), signed(1234.5), signed(None)) == ("0.00", "+1,234.50", "–")
    assert [money(value) for value in (0.0014, 0.0, 2.071, None)] == ["0.0014", "0.00", "2.07", "–"]
