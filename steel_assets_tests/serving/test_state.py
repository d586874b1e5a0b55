"""Green, yellow, red: what counts as an incident, how bad it is, and that nothing is said twice."""

from __future__ import annotations

import pytest

from steel_assets.core.price_age import PriceCalendar
from steel_assets.serving.response_bodies import forecasts
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.state import ShownIncident, alerts, incidents, worst_status
from steel_assets_tests.serving.test_snapshot import CATALOGUE, published, row

DURING_ITS_DAY = 1795190000.0  # 2026-11-20 in Mexico City
LIMITS = {"latency_spike": 2.0, "error_rate": 0.05, "cost_daily": 0.2, "mape_increase": 0.02}


@pytest.fixture
def well() -> Snapshot:
    catalogue = CATALOGUE | {"limits": LIMITS, "high_beyond": 1.5, "acceptance": {"quality_score": 0.8}}
    return Snapshot().with_part("catalogue", catalogue, None, 1.0).with_part("latest", published(row()), None, 1.0)


def found(snapshot: Snapshot, moment: float = DURING_ITS_DAY) -> list[tuple[str, str]]:
    return [(incident.kind, incident.severity) for incident in incidents(snapshot, moment)]


def test_a_fresh_forecast_and_a_quiet_service_are_green(well: Snapshot) -> None:
    assert found(well) == []
    assert worst_status([]) == "green"


def test_the_colour_is_that_of_the_worst_incident() -> None:
    assert worst_status([ShownIncident("a", "low", ""), ShownIncident("b", "medium", "")]) == "yellow"
    assert worst_status([ShownIncident("a", "medium", ""), ShownIncident("b", "high", "")]) == "red"


def test_no_forecast_of_the_default_market_is_critical() -> None:
    assert found(Snapshot()) == [("no_forecast", "critical")]


def test_a_forecast_whose_day_has_passed_is_told(well: Snapshot) -> None:
    assert found(well, moment=DURING_ITS_DAY + 2 * 86_400) == [("stale_forecast", "high")]


WEEKDAYS = {
    "calendar": PriceCalendar(frozenset(), frozenset(), 0, "18:30", "Europe/London", "02:00", "America/Mexico_City", 5).stored()
}
DURING_NOON = DURING_ITS_DAY + 43_200
DAY = 86_400


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, []), (1, [("stale_price", "medium")]), (6, [("stale_price", "medium")]), (11, [("price_too_old", "high")])],
)
def test_a_price_that_is_older_than_it_should_be_is_yellow_and_red_where_nothing_new_is_issued(
    well: Snapshot, days: int, expected: list[tuple[str, str]]
) -> None:
    known = well.with_part("price_calendars", {"rebar": WEEKDAYS | {"newest": None, "until": None}}, None, 1.0)
    assert found(known, moment=DURING_NOON + days * DAY) == expected


def test_a_newer_price_from_which_nothing_was_issued_is_named(well: Snapshot) -> None:
    known = well.with_part("price_calendars", {"rebar": WEEKDAYS | {"newest": None, "until": None}}, None, 1.0)
    here = known.with_part("prices", {"rebar": {"dates": ["2026-11-19", "2026-11-30"], "prices": [500.0, 510.0]}}, None, 1.0)
    for days, severity in ((1, "medium"), (11, "high")):
        (told,) = incidents(here, DURING_NOON + days * DAY)
        assert (told.kind, told.severity) == ("unused_price", severity)
        assert "a price of 2026-11-30 is here, but no forecast was issued from it" in told.message


def test_what_the_watch_told_once_gives_way_to_the_age_that_the_price_has_now(well: Snapshot) -> None:
    watched = {"rule": "price_too_old", "title": "Nothing new is issued", "subject": "rebar", "severity": "high"}
    watched |= {"since": "2026-11-29T08:00:00Z", "text": "the last price is 6 sessions old"}
    known = well.with_part("price_calendars", {"rebar": WEEKDAYS | {"newest": None, "until": None}}, None, 1.0)
    both = known.with_part("incidents", [watched], None, 2.0)
    (told,) = incidents(both, DURING_NOON + 18 * DAY)
    assert "12 sessions old" in told.message
    (kept,) = incidents(both, DURING_NOON)
    assert kept.since == "2026-11-29T08:00:00Z", "until the next run passes the check, the watch's word stands"


def test_a_cause_that_covers_a_price_too_old_says_it_for_the_market_and_in_both_languages(well: Snapshot) -> None:
    watched = {"rule": "failed_check", "title": "Yahoo does not answer", "title_es": "Yahoo no responde", "severity": "high"}
    watched |= {
        "subject": "raw/yahoo/futures: collected",
        "since": "2026-11-29T08:00:00Z",
        "text": "x",
        "cause": "provider:yahoo",
    }
    watched |= {"covers": [["failed_check", "raw/yahoo/futures: collected"], ["price_too_old", "rebar"]]}
    known = well.with_part("price_calendars", {"rebar": WEEKDAYS | {"newest": None, "until": None}}, None, 1.0)
    (told,) = incidents(known.with_part("incidents", [watched], None, 2.0), DURING_NOON + 18 * DAY)
    assert (told.message, told.message_es) == ("Yahoo does not answer", "Yahoo no responde")


def test_a_driver_that_died_is_named_with_its_day_and_turns_the_market_yellow(well: Snapshot) -> None:
    leaning = row(as_of="2026-11-21T08:00:00Z") | {"aged_drivers": "scrap=2026-10-02"}
    (told,) = incidents(well.with_part("latest", published(leaning), None, 2.0), DURING_ITS_DAY)
    assert (told.kind, told.severity, told.market) == ("aged_driver", "low", "rebar")
    assert told.message.endswith("its forecast uses scrap, whose newest value is of 2026-10-02")


def test_a_forecast_that_was_issued_from_a_withdrawn_import_is_told_and_one_issued_afterwards_is_not(well: Snapshot) -> None:
    issued = row()["as_of"]
    market = row()["market"]
    withdrawn = {"id": "x", "file": "a.csv", "markets": [market], "text": "import a.csv (x), withdrawn: VAT"}
    during = withdrawn | {"since": "2020-01-01T00:00:00+00:00", "until": "2099-01-01T00:00:00+00:00"}
    before = withdrawn | {"since": "2020-01-01T00:00:00+00:00", "until": issued}
    assert found(well.with_part("withdrawn", [during], None, 1.0)) == [("withdrawn_import", "medium")]
    assert found(well.with_part("withdrawn", [before], None, 1.0)) == []
    assert found(well.with_part("withdrawn", [during | {"markets": ["another"]}], None, 1.0)) == []
    [told] = incidents(well.with_part("withdrawn", [during], None, 1.0), DURING_ITS_DAY)
    assert "a.csv" in told.message
    answer = forecasts(well.with_part("withdrawn", [during], None, 1.0), market, None, DURING_ITS_DAY)
    assert answer.withdrawn_import == withdrawn["text"]
    assert forecasts(well, market, None, DURING_ITS_DAY).withdrawn_import is None


def test_a_figure_beyond_its_limit_is_no_incident_until_the_alert_rules_say_so(well: Snapshot) -> None:
    rolling = [{"date": "2026-11-20", "mape": 0.06, "naive_mape": 0.01, "coverage_90": 0.9}]
    score = {"horizon": 1, "forecasts": 200, "mape": 0.02, "naive_mape": 0.01, "increase": 0.04, "rolling": rolling}
    bad = well.with_part("scorecards", {"rebar": {"horizons": [score], "rows": []}}, None, 2.0)
    bad = bad.with_part("quality", {"rebar": {"date": "2026-11-20", "quality_score": 0.1, "series": []}}, None, 2.0)
    costs = {"days": [{"date": "2026-11-20", "cost_usd": 9.0}], "projection_usd": 270.0, "budget_usd": 5.0}
    assert found(bad.with_part("costs", costs, None, 2.0)) == []


def test_what_the_platforms_watch_told_is_shown_with_its_beginning_and_not_told_again(well: Snapshot) -> None:
    watched = {"rule": "mape_increase", "title": "The forecast error has risen", "subject": "rebar", "severity": "high"}
    watched |= {"since": "2026-11-19T08:00:00Z", "text": "by 4 points"}
    rolling = [{"date": "2026-11-20", "mape": 0.06, "naive_mape": 0.01, "coverage_90": 0.9}]
    score = {"horizon": 1, "forecasts": 200, "mape": 0.02, "naive_mape": 0.01, "rolling": rolling}
    both = well.with_part("incidents", [watched], None, 2.0)
    both = both.with_part("scorecards", {"rebar": {"horizons": [score], "rows": []}}, None, 2.0)
    told = alerts(incidents(both, DURING_ITS_DAY), DURING_ITS_DAY)
    assert told.state == "red"
    assert [(alert.kind, alert.since, alert.market) for alert in told.alerts] == [
        ("mape_increase", "2026-11-19T08:00:00Z", "rebar")
    ]


def test_a_part_that_cannot_be_read_is_told_once(well: Snapshot) -> None:
    assert found(well.with_part("metrics", None, "WarehouseBusy: held", 2.0)) == [("part_away", "medium")]
