"""A feed that stands still: nothing of one series from a day on, at every provider, everything else as ever, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pandas as pd
import pytest

from steel_assets.catalog import Catalog
from steel_assets.sandbox import Sandbox
from steel_assets_tests.sandbox.conftest import MOMENT, Get
from steel_assets_tests.sandbox.test_yahoo_finance import chart, days

SINCE = "2026-02-23"


@pytest.fixture(autouse=True)
def running_again(sandbox: Sandbox) -> Iterator[None]:
    yield
    for series in sandbox.market.halts:
        sandbox.halt(series, None)


def test_one_feed_stands_still_and_comes_back_whole(get: Get, sandbox: Sandbox, client: httpx.Client) -> None:
    for symbol in ("HRC=F", "CL=F"):  # drawn before anybody waits for an answer
        series = sandbox.market.find("yahoo_finance", symbol)
        assert series is not None
        sandbox.market.bars(series, MOMENT)
    ask = ("HRC%3DF", "2026-02-01", "2026-03-05")
    before, other = days(chart(get, *ask)), days(chart(get, "CL%3DF", "2026-02-01", "2026-03-05"))
    answer = client.put("/halts", json={"series": "hrc_us_midwest", "since": SINCE})
    assert answer.json() == {"halts": {"hrc_us_midwest": SINCE}, "simulated": True}
    sandbox.set_clock((MOMENT + pd.Timedelta(hours=10)).to_pydatetime())  # in the middle of a session
    assert days(chart(get, *ask)) == [day for day in before if day < SINCE]
    assert days(chart(get, "CL%3DF", "2026-02-01", "2026-03-05"))[: len(other) - 1] == other[:-1]
    sandbox.set_clock(MOMENT.to_pydatetime())
    assert client.put("/halts", json={"series": "hrc_us_midwest", "since": None}).json()["halts"] == {}
    assert days(chart(get, *ask)) == before


def test_every_series_of_every_provider_can_stand_still(catalog: Catalog, sandbox: Sandbox) -> None:
    market, day = sandbox.market, pd.Timestamp("2025-06-02")
    for source in ("yahoo_finance", "alpha_vantage", "fred_api", "trading_economics"):
        series = next(iter(catalog.series_of(source)))
        before = market.versions(series, MOMENT)
        sandbox.halt(series.id, day.date())
        after = market.versions(series, MOMENT)
        assert after["period"].max() < day < before["period"].max()
        pd.testing.assert_frame_equal(after, before[before["period"] < day])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"series": "no_such_series", "since": "2026-01-05"}',
        b'{"series": "hrc_us_midwest", "since": "soon"}',
        b"null",
    ],
)
def test_what_names_no_series_and_day_is_refused_with_what_to_send(client: httpx.Client, sandbox: Sandbox, body: bytes) -> None:
    answer = client.put("/halts", content=body)
    assert answer.status_code == 422
    assert "lme_rebar_m01" in answer.json()["error"]
    assert sandbox.market.halts == {}
