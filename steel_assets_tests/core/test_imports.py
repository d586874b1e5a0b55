"""What was never true was never known: imports worked out again without one that was withdrawn or corrected."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from steel_assets.core.asof import asof
from steel_assets.core.imports import Claim, Import, ImportedSeries, Rewriting, claims, in_effect, replayed, tainted
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.core.types import Series

SERIES = Series(id="rebar", name="Rebar", unit="USD/t")
NOTHING = OBSERVATIONS.empty()
DAYS = pd.bdate_range("2024-01-02", periods=5)


def at(day: int) -> pd.Timestamp:
    return pd.Timestamp(f"2024-06-{day:02d}T10:00:00Z")


def claim(name: str, day: int, values: list[float], *, corrects: bool = False) -> Claim:
    figures = pd.DataFrame({"period": DAYS[: len(values)], "value": values})
    return Claim(name, at(day), claims(figures, SERIES, at(day)), corrects=corrects)


def values_on(rows: pd.DataFrame, moment: pd.Timestamp) -> list[float]:
    return asof(rows, moment)["value"].tolist()


def test_a_revision_is_known_from_its_own_moment_on() -> None:
    rows = pd.concat(replayed([claim("a", 1, [1, 2, 3]), claim("b", 9, [1, 2, 4])], NOTHING).values())
    assert values_on(rows, at(2)) == [1, 2, 3]
    assert values_on(rows, at(10)) == [1, 2, 4]


def test_without_the_wrong_import_the_right_one_is_known_from_its_publication_whole() -> None:
    stored = replayed([claim("wrong", 1, [1, 2, 3]), claim("right", 1, [9, 2, 8])], NOTHING)
    assert stored["right"]["period"].tolist() == [DAYS[0], DAYS[2]], "what agrees was not stored twice"
    again = replayed([claim("right", 1, [9, 2, 8])], NOTHING)["right"]
    assert again["value"].tolist() == [9, 2, 8]
    assert values_on(again, pd.Timestamp("2024-01-20", tz="UTC")) == [9, 2, 8]


def test_a_correction_overrides_only_the_periods_that_it_speaks_of_and_only_before_it() -> None:
    rows = pd.concat(
        replayed(
            [claim("wrong", 1, [1, 2, 3, 4, 5]), claim("fix", 3, [9, 9], corrects=True), claim("new", 5, [9, 7])], NOTHING
        ).values()
    )
    assert values_on(rows, pd.Timestamp("2024-01-20", tz="UTC")) == [9, 9, 3, 4, 5], "the fix was always true"
    assert values_on(rows, at(4)) == [9, 9, 3, 4, 5]
    assert values_on(rows, at(6)) == [9, 7, 3, 4, 5]
    assert 1 not in rows["value"].tolist()


def test_what_a_provider_sent_before_counts_as_known_before() -> None:
    provider = replayed([claim("p", 1, [1, 2])], NOTHING)["p"].assign(source="fred_api")
    assert replayed([claim("b", 9, [1, 5])], provider)["b"]["value"].tolist() == [5]
    later = provider.assign(collected_at=at(20))
    assert replayed([claim("b", 9, [1, 5])], later)["b"]["value"].tolist() == [1, 5]


def entry(name: str, day: int, series: str = "rebar") -> Import:
    part = ImportedSeries(series=series, rows_read=1, rows_new=1, first="2024-01-02", last="2024-01-02")
    return Import(id=name, at=datetime(2024, 6, day, tzinfo=UTC), file=f"{name}.csv", parts=(part,), raw_file=f"raw/{name}")


def rewriting(kind: str, subject: str, day: int, *overridden: str, **instead: str | None) -> Rewriting:
    return Rewriting.model_validate(
        {
            "kind": kind,
            "subject": subject,
            "overridden": overridden,
            "series": ["rebar"],
            "at": datetime(2024, 6, day, tzinfo=UTC),
        }
        | {"by": "me", "reason": "VAT", "instead": instead}
    )


def test_the_last_word_about_a_file_counts() -> None:
    told = [rewriting("withdrawal", "a", 5, "a", a=None, b="b1"), rewriting("restoration", "a", 6, "a", a="a2", b="b2")]
    assert in_effect(told[:1]) == ({"a": None, "b": "b1"}, {"a"})
    assert in_effect(told) == ({"a": "a2", "b": "b2"}, set())


def test_forecasts_between_an_import_and_its_withdrawal_are_tainted_and_no_others() -> None:
    imports = {"a": entry("a", 2), "b": entry("b", 3)}
    [found] = tainted(imports, [rewriting("withdrawal", "a", 9, "a")])
    noon = pd.Timestamp("2024-06-05T12:00Z")
    assert found.touches(["scrap", "rebar"], noon)
    assert not found.touches(["scrap"], noon)
    assert not found.touches(["rebar"], pd.Timestamp("2024-06-01T12:00Z"))
    assert not found.touches(["rebar"], pd.Timestamp("2024-06-09T00:00Z"))
    assert "a.csv (a), withdrawn on 2024-06-09" in found.words
    restored = [rewriting("withdrawal", "a", 9, "a"), rewriting("restoration", "a", 10, "a")]
    assert tainted(imports, restored) == []
    assert [record.id for record in tainted(imports, [rewriting("correction", "b", 9, "a")])] == ["a"]
    assert tainted(imports, [rewriting("correction", "b", 9, "a"), rewriting("withdrawal", "b", 10, "b")])[0].id == "b"
