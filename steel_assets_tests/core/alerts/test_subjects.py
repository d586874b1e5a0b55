"""What a subject names: every form that observers write, today's and the one with the market first."""

from __future__ import annotations

import pytest

from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.subjects import Place


@pytest.mark.parametrize(
    ("subject", "place"),
    [
        (
            "raw/yahoo_finance/steel_futures: collected",
            {"provider": "yahoo_finance", "group": "steel_futures", "check": "collected"},
        ),
        ("raw/yahoo_finance", {"provider": "yahoo_finance"}),
        ("hrc_us_midwest/forecasts: sane_forecast", {"market": "hrc_us_midwest", "asset": "forecasts", "check": "sane_forecast"}),
        ("hrc_us_midwest/market_daily", {"market": "hrc_us_midwest", "asset": "market_daily"}),
        ("forecasts: recent_price [hrc_us_midwest]", {"market": "hrc_us_midwest", "asset": "forecasts", "check": "recent_price"}),
        ("hrc_us_midwest/forecasts: recent_price [2026-11-20]", {"market": "hrc_us_midwest", "check": "recent_price"}),
        ("forecasts: recent_price [2026-11-20|hrc_us_midwest]", {"market": "hrc_us_midwest"}),
        ("hrc_us_midwest", {"market": "hrc_us_midwest"}),
        ("mape of hrc_us_midwest", {"market": "hrc_us_midwest", "metric": "mape"}),
        ("cpu_usage of this machine", {"market": "", "metric": "cpu_usage"}),
        ("Nucor (share_nucor, alpha_vantage)", {"provider": "alpha_vantage", "group": "steel_stocks", "series": "share_nucor"}),
        ("Gone (was_nucor, alpha_vantage)", {"provider": "alpha_vantage", "series": ""}),
        ("raw/no_such_provider/x: collected", {"provider": "", "market": ""}),
        ("metrics_daily", {"market": "", "asset": "metrics_daily"}),
        ("Dagster daemon", {"market": "", "asset": ""}),
        ("email: b@x", {"market": "", "provider": ""}),
        ("", {"market": "", "provider": ""}),
        ("/" * 2000, {"market": "", "provider": ""}),
    ],
)
def test_a_subject_is_taken_apart(rulebook: Rulebook, subject: str, place: dict[str, str]) -> None:
    found = rulebook.subjects.place(subject)
    assert {name: getattr(found, name) for name in place} == place


def test_the_key_of_a_step_names_its_provider_or_market(rulebook: Rulebook) -> None:
    assert rulebook.subjects.of_step("collect_yahoo_finance").provider == "yahoo_finance"
    assert rulebook.subjects.of_step("hrc_us_midwest__market_daily.make_hrc_us_midwest__market_daily").market == "hrc_us_midwest"
    assert rulebook.subjects.of_step("hrc_us_midwest__forecasts").market == "hrc_us_midwest"


def test_a_market_needs_its_price_and_its_exchange_rate_and_no_driver_to_be_priced(rulebook: Rulebook) -> None:
    assert rulebook.subjects.priced_by(frozenset({"usdcny"})) == ["rebar_shanghai"]
    assert rulebook.subjects.priced_by(frozenset({"lme_rebar_m01"})) == ["rebar_fob_turkey"]
    assert rulebook.subjects.priced_by(frozenset({"share_nucor"})) == []


def test_a_group_is_all_its_series_or_those_that_a_text_names(rulebook: Rulebook) -> None:
    place = Place(provider="alpha_vantage", group="steel_stocks")
    whole = rulebook.subjects.series_at(place)
    assert {"share_nucor", "share_vale"} <= whole
    assert rulebook.subjects.series_at(place, "share_nucor: refused; see: share_vale") == {"share_nucor"}
    assert rulebook.subjects.series_at(place, "nothing is named") == whole
