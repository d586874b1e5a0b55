"""A collection from the question to storage: what is let in, what is set aside, what stands in, and what a person decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from steel_assets.adapters.lake.quarantine import QuarantineStore
from steel_assets.bootstrap import Platform
from steel_assets.core.asof import asof
from steel_assets.core.quality import assess
from steel_assets.core.source_status import source_status
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.operations.collecting import Collected, collect, decide, group_standing, quarantine, waiting
from steel_assets.providers import Providers
from steel_assets.sources import Collection
from steel_assets_tests.loopback import Reply
from steel_assets_tests.operations.yahoo import GROUP, LATER, MOMENT, World, world

HRC, TIO = "HRC=F", "TIO=F"
TUESDAY, WEDNESDAY = pd.Timestamp("2026-03-03"), pd.Timestamp("2026-03-04")


@pytest.fixture
def market(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as here:
        yield here


def run(market: World, moment: pd.Timestamp = MOMENT, since: pd.Timestamp | None = None) -> Collected:
    return collect(
        market.platform.catalog,
        market.platform.lake,
        market.platform.providers,
        market.platform.home,
        market.source,
        GROUP,
        moment,
        since,
    )


def hrc(market: World) -> pd.DataFrame:
    return market.platform.lake.observations(["hrc_us_midwest"])


def add(market: World, symbol: str, day: pd.Timestamp, factor: float) -> float:
    closes = market.yahoo.closes[symbol]
    closes.loc[day] = round(closes.iloc[-1] * factor, 2)
    return float(closes.loc[day])


def test_an_undisturbed_collection_is_fresh_and_sets_nothing_aside(market: World) -> None:
    done = run(market)
    assert str(done.source_status) == "FRESH"
    assert done.problems == {}
    assert done.held.empty
    assert not done.rejected
    assert len(done.observations) == sum(map(len, market.yahoo.closes.values()))


def test_every_row_is_of_the_assets_own_source(market: World) -> None:
    assert set(run(market).observations["source"]) == {"yahoo_finance"}


def test_an_answer_of_unknown_shape_is_kept_byte_for_byte_with_what_was_expected_and_the_others_flow(market: World) -> None:
    body = b'{"chart": {"result": [{"meta": {}, "bars": []}]}}\xff'
    market.yahoo.bodies[HRC] = Reply(body)
    done = run(market)
    [(key, why)] = done.rejected.items()
    assert key.startswith("raw-data/yahoo-finance/rejected/hrc_us_midwest/2026-03-04T080000Z-")
    assert market.platform.store.get(key) == body
    note = json.loads(market.platform.store.get(key.replace(".bin", ".json")))
    assert note["reason"] == why
    assert "expected chart.result[0]" in why
    assert note["collected_at"] == MOMENT.isoformat()
    assert note["bytes"] == note["bytes_kept"] == len(body)
    assert set(done.observations["series"]) == {
        declared.id for declared in market.platform.catalog.series_of("yahoo_finance", GROUP)
    } - {"hrc_us_midwest"}
    assert QuarantineStore(market.platform.store).rejected("yahoo-finance") == [key]
    assert len(market.platform.lake.observations()) == len(done.observations)


def test_a_price_ten_times_yesterdays_is_held_visible_and_never_an_observation(market: World) -> None:
    run(market)
    wrong = add(market, HRC, WEDNESDAY, 10)
    right = add(market, TIO, WEDNESDAY, 1.01)
    done = run(market, LATER)
    assert done.held[["series", "period", "value"]].to_numpy().tolist() == [["hrc_us_midwest", WEDNESDAY, wrong]]
    assert "10 times" in done.held["reason"].iloc[0]
    assert done.observations[["series", "value"]].to_numpy().tolist() == [["iron_ore_62", right]]
    assert hrc(market)["period"].max() == TUESDAY
    assert waiting(market.platform.catalog, market.platform.lake, hrc(market))["value"].tolist() == [wrong]


def test_a_held_figure_is_held_once_however_often_it_comes(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 10)
    for hours in (24, 30, 36):
        assert len(run(market, MOMENT + pd.Timedelta(hours=hours)).held) == 1
    assert len(QuarantineStore(market.platform.store).held("yahoo-finance")) == 1


def test_a_released_figure_is_known_from_its_release_and_changes_no_past(market: World) -> None:
    run(market)
    wrong = add(market, HRC, WEDNESDAY, 10)
    run(market, LATER)
    release = LATER + pd.Timedelta(hours=3)
    decide(
        market.platform.catalog,
        market.platform.lake,
        waiting(market.platform.catalog, market.platform.lake, hrc(market)),
        "released",
        release,
    )
    before = asof(hrc(market), release - pd.Timedelta(seconds=1))
    after = asof(hrc(market), release)
    assert before["period"].max() == TUESDAY
    assert after.iloc[-1][["period", "value", "source"]].tolist() == [WEDNESDAY, wrong, "yahoo_finance"]
    assert waiting(market.platform.catalog, market.platform.lake, hrc(market)).empty
    again = run(market, release + pd.Timedelta(hours=1))
    assert again.held.empty
    assert again.observations.empty


def test_a_change_of_currency_is_held_counted_and_released_figure_by_figure(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 0.9)
    market.yahoo.currency = "EUR"
    done = run(market, LATER)
    assert done.observations.empty
    assert set(done.held["series"]) == {"hrc_us_midwest"}, "what was known before is no news in whatever currency"
    assert "quotes it in EUR, the catalogue says USD/short_ton" in done.held["reason"].iloc[0]
    waits = waiting(market.platform.catalog, market.platform.lake, hrc(market))
    assert waits["period"].tolist() == [WEDNESDAY]
    assert quality_of(market.platform, waits)["validity_score"] < quality_of(market.platform, None)["validity_score"]
    decide(market.platform.catalog, market.platform.lake, waits, "released", LATER)
    assert hrc(market).sort_values("period").iloc[-1][["period", "value"]].tolist() == waits[["period", "value"]].iloc[0].tolist()
    again = run(market, LATER + pd.Timedelta(hours=1))
    assert again.held.empty
    assert again.observations.empty


def test_after_a_release_the_new_level_is_believed(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 10)
    run(market, LATER)
    decide(
        market.platform.catalog,
        market.platform.lake,
        waiting(market.platform.catalog, market.platform.lake, hrc(market)),
        "released",
        LATER,
    )
    friday = add(market, HRC, pd.Timestamp("2026-03-05"), 1.01)
    done = run(market, LATER + pd.Timedelta(days=1))
    assert done.held.empty
    assert done.observations["value"].tolist() == [friday]


def test_a_figure_released_from_the_first_collection_is_not_known_before_either(market: World) -> None:
    market.yahoo.closes[HRC].iloc[50] *= 100
    run(market)
    release = LATER
    decide(
        market.platform.catalog,
        market.platform.lake,
        waiting(market.platform.catalog, market.platform.lake, hrc(market)),
        "released",
        release,
    )
    period = market.yahoo.closes[HRC].index[50]
    assert period not in set(asof(hrc(market), release - pd.Timedelta(seconds=1))["period"])
    assert period in set(asof(hrc(market), release)["period"])


def test_a_dropped_figure_stays_out_and_is_counted(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 10)
    run(market, LATER)
    decide(
        market.platform.catalog,
        market.platform.lake,
        waiting(market.platform.catalog, market.platform.lake, hrc(market)),
        "dropped",
        LATER,
    )
    done = run(market, LATER + pd.Timedelta(hours=1))
    assert done.held.empty
    assert done.notes["dropped by decision"] == 1
    assert hrc(market)["period"].max() == TUESDAY
    assert quarantine(market.platform.catalog, market.platform.lake, hrc(market))["state"].tolist() == ["dropped"]


def test_a_provider_that_corrects_itself_supersedes_what_is_held(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 10)
    run(market, LATER)
    right = market.yahoo.closes[HRC].loc[TUESDAY]
    market.yahoo.closes[HRC].loc[WEDNESDAY] = right
    done = run(market, LATER + pd.Timedelta(hours=1))
    assert done.observations["value"].tolist() == [right]
    assert quarantine(market.platform.catalog, market.platform.lake, hrc(market))["state"].tolist() == ["superseded"]


def test_a_figure_dated_in_the_future_is_held_and_cannot_be_released_before_its_day(market: World) -> None:
    market.yahoo.closes[HRC].loc[pd.Timestamp("2026-06-01")] = 101.0
    market.yahoo.closes[HRC] = _Everything(market.yahoo.closes[HRC])
    done = run(market)
    assert done.held[["period", "reason"]].to_numpy().tolist() == [[pd.Timestamp("2026-06-01"), "dated in the future"]]
    assert hrc(market)["period"].max() == TUESDAY
    with pytest.raises(ValueError, match="has not come"):
        decide(market.platform.catalog, market.platform.lake, done.held, "released", LATER)
    assert hrc(market)["period"].max() == TUESDAY


class _Everything(pd.Series):
    """Closes of which a provider shows all, whatever it was asked."""

    def __getitem__(self, key: object) -> pd.Series:
        return self


def test_a_provider_that_fails_is_stood_in_for_by_its_own_last_answer_with_its_age(market: World) -> None:
    run(market)
    market.server.answer = lambda request: Reply(b"Bad Gateway", 502, {"retry-after": "99"})
    quick = MOMENT + pd.Timedelta(days=2)
    done = run(market, quick)
    assert str(done.source_status) == "LAST_GOOD (2.0 days old)"
    assert all("its own last good answer stands in, 2.0 days old" in text for text in done.problems.values())
    assert done.observations.empty
    now = MOMENT + pd.Timedelta(days=3)
    assert str(
        group_standing(
            market.platform.catalog, market.platform.lake, market.source, GROUP, market.platform.lake.observations(), now
        )
    ).startswith("LAST_GOOD (3.0 days")


def test_a_series_that_was_never_answered_is_missing_and_the_others_go_on(market: World) -> None:
    market.yahoo.bodies[HRC] = Reply(b'{"chart":{"result":null,"error":{"code":"Not Found"}}}', 404)
    done = run(market)
    assert str(done.source_status) == "MISSING"
    assert done.source_status.missing == ("hrc_us_midwest",)
    assert "nothing stands in" in done.problems["hrc_us_midwest"]
    assert set(done.observations["series"]) >= {"iron_ore_62"}


def test_a_collection_that_was_days_ago_is_not_fresh_however_well_it_went(market: World) -> None:
    run(market)
    observations = market.platform.lake.observations()
    states = {
        hours: group_standing(
            market.platform.catalog, market.platform.lake, market.source, GROUP, observations, MOMENT + pd.Timedelta(hours=hours)
        ).state
        for hours in (1, 30, 50)
    }
    assert states == {1: "FRESH", 30: "FRESH", 50: "LAST_GOOD"}


def test_an_answer_without_news_is_fresh(market: World) -> None:
    run(market)
    done = run(market, MOMENT + pd.Timedelta(hours=6))
    assert done.stored is None
    assert done.source_status.state == "FRESH"


def test_a_damaged_record_is_none_and_the_lake_says_what_stands_in(market: World) -> None:
    run(market)
    for key in market.platform.store.list("state/collections/"):
        market.platform.store.put(key, b'{"attempted_at": 3')
    observations = market.platform.lake.observations()
    assert (
        group_standing(market.platform.catalog, market.platform.lake, market.source, GROUP, observations, LATER).state
        == "LAST_GOOD"
    )
    assert run(market, LATER).source_status.state == "FRESH"


def test_nothing_ever_collected_is_missing() -> None:
    assert source_status(["a"], None, {}, MOMENT).state == "MISSING"


def test_after_a_week_of_outage_one_run_catches_up(market: World) -> None:
    whole = {symbol: closes.copy() for symbol, closes in market.yahoo.closes.items()}
    market.yahoo.closes = {symbol: closes.iloc[:-5] for symbol, closes in whole.items()}
    run(market, MOMENT - pd.Timedelta(days=7))
    market.server.answer, kept = (lambda request: Reply(b"", 503, {"retry-after": "99"})), market.server.answer
    run(market, MOMENT - pd.Timedelta(days=3))
    market.server.answer, market.yahoo.closes = kept, whole
    done = run(market)
    assert done.problems == {}
    assert len(market.platform.lake.observations()) == sum(map(len, whole.values()))


def test_a_backfill_asks_again_from_the_day_named_and_finds_what_was_missed(market: World) -> None:
    whole = market.yahoo.closes[HRC].copy()
    market.yahoo.closes[HRC] = whole.drop(whole.index[10])
    run(market)
    market.yahoo.closes[HRC] = whole
    assert run(market, LATER).observations.empty, "outside the window of revisions"
    assert run(market, LATER, whole.index[5]).observations["period"].tolist() == [whole.index[10]]


def test_asking_again_within_the_cache_time_costs_no_call_and_a_new_day_or_a_backfill_asks(market: World) -> None:
    series = len(market.yahoo.closes)
    run(market)
    later = MOMENT + pd.Timedelta(hours=1)
    run(market, later)
    calls = len(market.server.asked)
    assert run(market, later).source_status.state == "FRESH"
    assert len(market.server.asked) == calls
    run(market, later, since=pd.Timestamp("2026-02-01"))
    assert len(market.server.asked) == calls + series
    run(market, LATER)
    assert len(market.server.asked) == calls + 2 * series


def test_what_went_wrong_is_asked_again_at_once(market: World) -> None:
    market.yahoo.bodies[HRC] = Reply(b'{"chart": 3}')
    assert run(market).rejected
    del market.yahoo.bodies[HRC]
    assert run(market).source_status.state == "FRESH"


def test_an_answer_to_another_question_is_kept_aside_and_nothing_of_it_stored(market: World) -> None:
    market.yahoo.bodies[HRC] = Reply(
        b'{"chart":{"result":[{"meta":{"symbol":"GC=F","currency":"USD","exchangeTimezoneName":"America/New_York"},'
        b'"timestamp":[1772600400],"indicators":{"quote":[{"close":[2000.0]}]}}]}}'
    )
    done = run(market)
    assert "answered about GC=F when asked for HRC=F" in done.problems["hrc_us_midwest"]
    assert len(done.rejected) == 1
    assert hrc(market).empty


def test_a_source_without_its_key_is_skipped_said_to_be_so_and_no_problem(market: World) -> None:
    source = market.platform.catalog.sources["alpha_vantage"]
    done = collect(
        market.platform.catalog,
        market.platform.lake,
        market.platform.providers,
        market.platform.home,
        source,
        "steel_stocks",
        MOMENT,
    )
    assert done.skipped == "not configured: no key; set STEEL_ALPHA_VANTAGE_API_KEY"
    assert done.problems == {}
    assert done.source_status.state == "MISSING"
    assert list(market.platform.store.list("state/")) == []


def test_held_figures_lower_the_quality_of_their_series(market: World) -> None:
    run(market)
    add(market, HRC, WEDNESDAY, 10)
    run(market, LATER)
    parts = market.platform
    before, after = (quality_of(parts, held) for held in (None, waiting(parts.catalog, parts.lake, parts.lake.observations())))
    assert after["validity_score"] < before["validity_score"]
    assert after["quality_score"] < before["quality_score"]


def quality_of(parts: Platform, held: pd.DataFrame | None) -> pd.Series:
    declared = parts.catalog.markets["hrc_us_midwest"]
    rows = assess(parts.lake.observations(), declared, parts.catalog.market_series("hrc_us_midwest"), LATER, quarantined=held)
    return rows.set_index("series").loc["hrc_us_midwest"]


def test_a_provider_found_to_be_down_is_not_asked_for_its_other_groups_until_the_next_collection(market: World) -> None:
    market.server.answer, kept = (lambda request: Reply(b"", 500, {"retry-after": "99"})), market.server.answer
    run(market)
    asked = len(market.server.asked)
    assert asked == 2
    other = collect(
        market.platform.catalog,
        market.platform.lake,
        market.platform.providers,
        market.platform.home,
        market.source,
        "commodity_indices",
        MOMENT,
    )
    assert len(market.server.asked) == asked
    assert all("not asked: the provider failed 2 times in a row" in problem for problem in other.problems.values())
    assert len(other.problems) == len(market.platform.catalog.series_of("yahoo_finance", "commodity_indices"))
    market.server.answer = kept
    assert run(market, LATER).source_status.state == "FRESH"


def test_rows_of_another_source_are_refused_before_anything_is_stored(market: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = OBSERVATIONS.enforce(
        pd.DataFrame(
            {
                "series": ["hrc_us_midwest"],
                "period": TUESDAY,
                "value": 1.0,
                "published_at": MOMENT,
                "collected_at": MOMENT,
                "source": "alpha_vantage",
                "simulated": False,
            }
        )
    )
    monkeypatch.setattr(Providers, "collect", lambda *_: Collection(stranger))
    with pytest.raises(ValueError, match="rows of alpha_vantage"):
        run(market)
    assert list(market.platform.store.list("raw-data/")) == []
