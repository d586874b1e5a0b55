"""A collection in the making: what fails costs little, and nothing of it is lost on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import pandas as pd
import pytest
from pydantic import SecretStr

from steel_assets.adapters.http.client import HttpError, Recorded
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series
from steel_assets.sources import Access, SourceError
from steel_assets.sources._connector import Exhausted
from steel_assets.sources._gather import Ask, Gathering, windows

MOMENT = pd.Timestamp("2024-01-10 08:00", tz="UTC")
SERIES = [Series(id=f"s{n}", name="x", unit="index", symbol=f"S{n}") for n in range(5)]


class Provider:
    """Answers each series with one figure, or with the error it was given for it."""

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.asked: list[list[str]] = []

    def __call__(self, series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
        self.asked.append([declared.id for declared in series])
        for declared_series in series:
            if declared_series.id in self.errors:
                raise self.errors[declared_series.id]
        return pd.DataFrame({"series": [declared.id for declared in series], "period": pd.Timestamp("2024-01-05"), "value": 1.0})


def gather(provider: Provider, *batches: list[Series]) -> tuple[dict[str, str], list[str]]:
    gathering = Gathering("x", Access(Recorded({}), "http://x"))
    for batch in batches or [[declared] for declared in SERIES]:
        gathering.ask(batch, provider)
    collection = gathering.collection(SERIES, OBSERVATIONS.empty(), MOMENT)
    return collection.problems, collection.observations["series"].tolist()


def silence() -> HttpError:
    return HttpError("timeout", "x/y", "no complete answer within 30 s")


def test_a_provider_that_fails_twice_in_a_row_is_not_asked_further() -> None:
    provider = Provider(s1=silence(), s2=silence())
    problems, stored = gather(provider)
    assert provider.asked == [["s0"], ["s1"], ["s2"]]
    assert stored == ["s0"]
    assert problems["s4"] == (
        "S4: not asked: the provider failed 2 times in a row, at last with: x/y: no complete answer within 30 s"
    )


def test_failures_apart_from_each_other_cost_only_their_own_series() -> None:
    provider = Provider(s0=silence(), s2=silence(), s4=silence())
    problems, stored = gather(provider)
    assert len(provider.asked) == 5
    assert list(problems) == ["s0", "s2", "s4"]
    assert stored == ["s1", "s3"]


def test_refusals_are_answers_and_never_stop_a_collection() -> None:
    problems, stored = gather(Provider(s0=SourceError("no"), s1=SourceError("no"), s2=SourceError("no")))
    assert list(problems) == ["s0", "s1", "s2"]
    assert stored == ["s3", "s4"]


def test_a_refusal_of_the_caller_stops_it() -> None:
    provider = Provider(s1=Exhausted("over quota"))
    problems, _ = gather(provider)
    assert len(provider.asked) == 2
    assert problems["s1"] == "S1: over quota"
    assert problems["s4"] == "S4: not asked: over quota"


def test_several_refused_together_are_asked_for_one_by_one() -> None:
    provider = Provider(s1=SourceError("no such symbol"))
    problems, stored = gather(provider, SERIES)
    assert provider.asked[0] == ["s0", "s1", "s2", "s3", "s4"]
    assert problems == {"s1": "S1: no such symbol"}
    assert stored == ["s0", "s2", "s3", "s4"]


def gather_side_by_side(provider: Ask) -> tuple[dict[str, str], list[str]]:
    gathering = Gathering("x", Access(Recorded({}), "http://x"))
    gathering.ask_all([[declared] for declared in SERIES], provider)
    collection = gathering.collection(SERIES, OBSERVATIONS.empty(), MOMENT)
    return collection.problems, sorted(collection.observations["series"])


def test_a_call_that_is_never_answered_keeps_no_other_waiting() -> None:
    others = threading.Barrier(2)
    provider = Provider()

    def ask(series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
        if series[0].id == "s0":
            others.wait(timeout=120)
            raise silence()
        figures = provider(series, notes)
        if len(provider.asked) == 4:
            others.wait(timeout=120)
        return figures

    problems, stored = gather_side_by_side(ask)
    assert list(problems) == ["s0"]
    assert stored == ["s1", "s2", "s3", "s4"]


def test_a_provider_that_is_down_gets_no_call_more_for_being_asked_side_by_side() -> None:
    for _ in range(20):
        provider = Provider(**{declared.id: silence() for declared in SERIES})
        problems, _stored = gather_side_by_side(provider)
        assert len(provider.asked) == 2
        assert list(problems) == [declared.id for declared in SERIES]


def test_oddities_counted_side_by_side_are_all_counted() -> None:
    def ask(series: Sequence[Series], notes: Counter[str]) -> pd.DataFrame:
        notes["odd"] += 1
        return Provider()(series, notes)

    gathering = Gathering("x", Access(Recorded({}), "http://x"))
    gathering.ask_all([[declared] for declared in SERIES], ask)
    assert gathering.collection(SERIES, OBSERVATIONS.empty(), MOMENT).notes == {"odd": 5}


def test_a_defect_of_our_own_is_not_taken_for_a_problem_of_the_provider() -> None:
    with pytest.raises(ZeroDivisionError):
        gather(Provider(s1=ZeroDivisionError()))


def test_windows_cover_every_day_once() -> None:
    start, end = pd.Timestamp("2014-02-28"), pd.Timestamp("2024-01-10")
    parts = list(windows(start, end, 2))
    days = [day for first, last in parts for day in pd.date_range(first, last)]
    assert days == list(pd.date_range(start, end))
    assert all((last - first).days <= 731 for first, last in parts)


def test_a_key_is_blotted_out_as_it_is_and_as_a_url_writes_it_but_a_public_one_never() -> None:
    access = Access(Recorded({}), "http://x", SecretStr("abc:defgh"))
    assert access.without_key(b"c=abc%3Adefgh, abc:defgh") == b"c=***, ***"
    assert Access(Recorded({}), "http://x", SecretStr("1")).without_key(b"11.1") == b"11.1"
