"""What every connector keeps, whatever its provider: its test class inherits this and says how the provider writes figures."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from steel_assets.adapters.http.client import Http, HttpxHttp, Recorded
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets.sources import Access, Collection, connector
from steel_assets_tests.loopback import Loopback, Reply, Request, serving

KEY = "canary-7f3a91"
MOMENT = pd.Timestamp("2024-01-10 08:00", tz="UTC")
LATER = MOMENT + pd.Timedelta(days=1)
Figures = Mapping[str, Mapping[str, object]]
"""Symbol → period → figure as the provider holds it; None where it has none."""


WORDS = [
    *["chart", "result", "meta", "timestamp", "indicators", "quote", "close", "error", "gmtoffset", "exchangeTimezoneName"],
    *["count", "offset", "observations", "date", "realtime_start", "value", "Time Series (Daily)", "4. close", "data", "Note"],
    *["Symbol", "Date", "Close", "Event", "Reference", "Actual"],
]
"""The words of all providers, so that chance finds its way into their shapes."""

ODD = [
    "2024-01-02",
    "2262-04-11",
    "0001-01-01",
    "31/12/2023",
    "2023-12-01T15:00:00",
    "Nov",
    ".",
    "1e400",
    "x",
    10**30,
    9_223_372_036,
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)


class ConnectorContract:
    """Inherit, and say: the source, two of its series, four periods known at MOMENT, one that is not, and ``wire``."""

    source: ClassVar[str]
    series: ClassVar[tuple[Series, Series]]
    periods: ClassVar[tuple[str, str, str, str]] = ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")
    unpublished: ClassVar[str] = "2024-01-10"

    def wire(self, figures: Figures) -> Callable[[Request], Reply]:
        """A server's behaviour: ``figures`` in the provider's format, its refusal for every other symbol."""
        raise NotImplementedError

    @pytest.fixture
    def provider(self) -> Iterator[Loopback]:
        with serving(self.wire(self.figures())) as server:
            yield server

    def figures(self) -> dict[str, dict[str, object]]:
        first, second = self.series
        return {
            str(first.symbol): {period: 100.5 + place for place, period in enumerate(self.periods)},
            str(second.symbol): {period: 200.25 + place for place, period in enumerate(self.periods)},
        }

    def access(self, url: str, **options: object) -> Access:
        http: Http = HttpxHttp(timeout_seconds=60.0, attempts=2, first_pause_seconds=0.01)
        return Access(**{"http": http, "base_url": url, "api_key": SecretStr(KEY), "simulated": True, **options})  # type: ignore[arg-type]

    def collect(
        self, url: str, known: pd.DataFrame | None = None, moment: pd.Timestamp = MOMENT, **options: object
    ) -> Collection:
        before = OBSERVATIONS.empty() if known is None else known
        collection = connector(self.source).collect(self.series, before, moment, self.access(url, **options))
        OBSERVATIONS.enforce(collection.observations)
        return collection

    def test_the_first_collection_brings_every_figure(self, provider: Loopback) -> None:
        collection = self.collect(provider.url)
        assert collection.problems == {}
        rows = collection.observations
        for declared in self.series:
            mine = rows[rows["series"] == declared.id].sort_values("period")
            assert mine["period"].dt.strftime("%Y-%m-%d").tolist() == list(self.periods)
            assert mine["value"].tolist() == list(self.figures()[str(declared.symbol)].values())
        assert (rows["source"] == self.source).all()
        assert rows["simulated"].all()
        assert (rows["collected_at"] == MOMENT).all()
        assert (rows["published_at"] <= MOMENT).all()
        assert (rows["published_at"] > rows["period"].dt.tz_localize("UTC")).all()

    def test_what_is_real_is_not_marked_simulated(self, provider: Loopback) -> None:
        assert not self.collect(provider.url, simulated=False).observations["simulated"].any()

    def test_a_second_collection_brings_nothing(self, provider: Loopback) -> None:
        known = self.collect(provider.url).observations
        again = self.collect(provider.url, known, LATER)
        assert again.problems == {}
        assert again.observations.empty

    def test_a_figure_that_changed_is_a_revision_of_today(self, provider: Loopback) -> None:
        known = self.collect(provider.url).observations
        figures = self.figures()
        figures[str(self.series[0].symbol)][self.periods[3]] = 99.75
        provider.answer = self.wire(figures)
        rows = self.collect(provider.url, known, LATER).observations
        assert rows[["series", "value"]].to_numpy().tolist() == [[self.series[0].id, 99.75]]
        assert rows["published_at"].tolist() == [LATER]

    def test_only_what_is_missing_is_news(self, provider: Loopback) -> None:
        whole = self.figures()
        provider.answer = self.wire({symbol: dict(list(rows.items())[:3]) for symbol, rows in whole.items()})
        known = self.collect(provider.url).observations
        provider.answer = self.wire(whole)
        rows = self.collect(provider.url, known, LATER).observations
        assert rows["period"].dt.strftime("%Y-%m-%d").tolist() == [self.periods[3]] * 2

    def test_a_figure_not_published_yet_waits(self, provider: Loopback) -> None:
        figures = self.figures()
        figures[str(self.series[0].symbol)][self.unpublished] = 5.0
        provider.answer = self.wire(figures)
        collection = self.collect(provider.url)
        assert collection.problems == {}
        assert self.unpublished not in collection.observations["period"].dt.strftime("%Y-%m-%d").tolist()
        assert collection.notes

    def test_a_missing_figure_is_counted_and_collected_when_it_comes(self, provider: Loopback) -> None:
        figures = self.figures()
        figures[str(self.series[0].symbol)][self.periods[1]] = None
        provider.answer = self.wire(figures)
        first = self.collect(provider.url)
        assert len(first.observations) == 7
        assert first.notes == {"empty values": 1}
        provider.answer = self.wire(self.figures())
        rows = self.collect(provider.url, first.observations, LATER).observations
        assert rows[["series", "value"]].to_numpy().tolist() == [[self.series[0].id, 101.5]]

    def test_figures_in_any_order_and_said_twice_are_stored_once(self, provider: Loopback) -> None:
        straight = self.collect(provider.url).observations
        backwards = {symbol: dict(reversed(rows.items())) for symbol, rows in self.figures().items()}
        provider.answer = self.wire(backwards)
        pd.testing.assert_frame_equal(self.collect(provider.url).observations, straight)

    @pytest.mark.parametrize("value", ["oops", True, [1], "1e999", {}])
    def test_what_is_no_figure_is_left_out_and_counted(self, provider: Loopback, value: object) -> None:
        figures = self.figures()
        figures[str(self.series[0].symbol)][self.periods[1]] = value
        provider.answer = self.wire(figures)
        collection = self.collect(provider.url)
        assert len(collection.observations) == 7
        assert sum(collection.notes.values()) == 1

    def test_one_series_that_fails_does_not_stop_the_other(self, provider: Loopback) -> None:
        figures = self.figures()
        del figures[str(self.series[0].symbol)]
        provider.answer = self.wire(figures)
        collection = self.collect(provider.url)
        assert list(collection.problems) == [self.series[0].id]
        assert str(self.series[0].symbol) in collection.problems[self.series[0].id]
        assert set(collection.observations["series"]) == {self.series[1].id}

    def test_a_provider_that_is_away_is_the_problem_of_every_series(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        collection = self.collect(f"http://127.0.0.1:{port}")
        assert set(collection.problems) == {declared.id for declared in self.series}
        assert "cannot be reached" in next(iter(collection.problems.values()))
        assert collection.observations.empty

    @pytest.mark.parametrize("body", [b"<html>Sorry</html>", b'{"cut": [1, 2', b"", b"[]", b"{}", b"null", b"\xff\xfe"])
    def test_an_answer_that_is_none_is_a_problem_and_never_data(self, provider: Loopback, body: bytes) -> None:
        provider.answer = lambda request: Reply(body)
        collection = self.collect(provider.url)
        assert set(collection.problems) == {declared.id for declared in self.series}
        assert collection.observations.empty

    def test_a_fault_of_the_provider_is_never_data_whatever_it_holds(self, provider: Loopback) -> None:
        whole = provider.answer
        provider.answer = lambda request: replace(whole(request), status=500)
        collection = self.collect(provider.url)
        assert "a fault of its own (500)" in collection.problems[self.series[0].id]
        assert collection.observations.empty

    def test_an_unknown_shape_is_kept_aside_byte_for_byte(self, provider: Loopback) -> None:
        provider.answer = lambda request: Reply(b'{"news": "we moved"')
        rejected = self.collect(provider.url).rejected
        assert rejected
        assert {candidate.content for candidate in rejected} == {b'{"news": "we moved"'}

    @pytest.mark.parametrize("status", [200, 400, 401, 403, 503])
    def test_the_key_is_in_nothing_that_comes_back(self, provider: Loopback, status: int) -> None:
        provider.answer = lambda request: Reply(f"your key {KEY} (url: {request.query}) is over its limit".encode(), status)
        collection = self.collect(provider.url)
        assert collection.problems
        assert KEY not in repr(collection) + repr(self.access(provider.url))
        assert all(KEY.encode() not in rejected.content for rejected in collection.rejected)

    def test_no_series_cost_no_call(self, provider: Loopback) -> None:
        collection = connector(self.source).collect([], OBSERVATIONS.empty(), MOMENT, self.access(provider.url))
        assert collection.observations.empty
        assert not provider.asked

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
    @given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode) | json_values.map(json.dumps).map(str.encode))
    def test_whatever_comes_nothing_is_raised(self, body: bytes) -> None:
        known = OBSERVATIONS.empty()
        collection = connector(self.source).collect(
            self.series, known, MOMENT, self.access("http://x", http=Recorded({"": body}))
        )
        assert {*collection.problems, *collection.observations["series"]} <= {declared.id for declared in self.series}
        assert collection.problems or len(collection.observations)
