"""What replaces what in memory: what is published, as far as it can be true; nothing good is lost to a store that is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from steel_assets.adapters.lake.snapshots import Pointer, PublishedPart
from steel_assets.core.publication_parts import EMPTY
from steel_assets.core.published import checked
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.serving import response_bodies
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot, SnapshotPart
from steel_assets.serving.state import incidents

MORNING = 1795170000.0
"""2026-11-20T10:20Z."""

CATALOGUE = {
    "default_market": "rebar",
    "simulated": False,
    "markets": [{"id": "rebar", "name": "Rebar", "unit": "USD/t"}],
    "sources": [],
    "zone": "America/Mexico_City",
}

PRICES = {"dates": ["2026-11-19"], "prices": [500.0], "unit": "USD/t", "low": 400.0, "high": 600.0, "moves": {"1": 0.06}}
NOW = 1795392000.0
"""2026-11-23 00:00 UTC."""


def row(price: float = 500.0, as_of: str = "2026-11-20T08:00:00Z", unit: str = "USD/t", horizon: int = 1) -> dict[str, Any]:
    quantiles = dict(zip(QUANTILE_COLUMNS, (0.95 * price + place * price / 60 for place in range(7)), strict=True))
    return {
        "issued_date": as_of[:10],
        "as_of": as_of,
        "market": "rebar",
        "horizon": horizon,
        "origin": "2026-11-19",
        "target_date": "2026-11-20",
        "last_price": price,
        "predicted_price": price,
        **quantiles,
        "unit": unit,
        "model_confidence": 0.9,
        "model_version": "v1",
        "model_family": "ridge",
        "data_as_of": "2026-11-19",
        "simulated": False,
        "created_at": as_of,
    }


def published(*rows: dict[str, Any], problems: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"rebar": {"rows": list(rows) or None, "problems": list(problems)}}


@pytest.fixture
def snapshot() -> Snapshot:
    known = Snapshot().with_part("catalogue", CATALOGUE, None, 1.0).with_part("prices", {"rebar": PRICES}, None, 1.0)
    return known.with_part("latest", published(row()), None, 1.0)


def price(snapshot: Snapshot) -> float:
    return response_bodies.prediction(snapshot, MORNING).predicted_price_usd_per_ton


POINTER = Pointer(
    version="20261122T000000Z-0123456789ab", content_sha256="0" * 64, bytes=2, as_of=datetime(2026, 11, 22, tzinfo=UTC)
)


def taken(snapshot: Snapshot, now: float = NOW, version: str = POINTER.version, **parts: Any) -> Snapshot:
    """``snapshot`` after the same was published again, with other ``parts``."""
    everything = {name: PublishedPart(parts.get(name, snapshot[name])) for name in EMPTY}
    return snapshot.with_published(everything, POINTER.model_copy(update={"version": version}), now)


def test_what_is_published_is_served_whatever_was_served_before(snapshot: Snapshot) -> None:
    newer = taken(snapshot, latest=published(row(510.0, "2026-11-21T08:00:00Z")))
    assert price(newer) == 510.0
    assert price(taken(newer, latest=published(row(490.0)))) == 490.0, "an older lake was put back"


def test_a_reading_without_a_whole_file_keeps_the_forecast_and_names_the_problem(snapshot: Snapshot) -> None:
    after = snapshot.with_part("latest", published(problems=("x.parquet was passed over",)), None, 2.0)
    assert price(after) == 500.0
    assert after["latest"]["rebar"]["problems"] == ["x.parquet was passed over"]


def test_an_empty_or_failed_reading_keeps_the_last_good_part_with_its_time(snapshot: Snapshot) -> None:
    for content, problem in (({}, None), (None, "OSError: gone")):
        after = snapshot.with_part("latest", content, problem, 9.0)
        assert price(after) == 500.0
        assert after.parts["latest"].read_at == 1.0
        assert "latest" in after.problems


def test_a_snapshot_survives_a_restart_and_a_tampered_one_is_refused(snapshot: Snapshot) -> None:
    kept = Snapshot.from_json(snapshot.to_json(), NOW)
    assert price(kept) == 500.0
    assert "not read again yet" in kept.problems["publication"]
    for damaged in (b"", b"{}", snapshot.to_json()[:-20], snapshot.to_json().replace(b'"q05": 475.0', b'"q05": 9999')):
        with pytest.raises(ValueError):  # noqa: PT011  any ValueError means that it is not used
            Snapshot.from_json(damaged, NOW)


def test_nothing_a_caller_could_see_changed_then_the_number_stays(snapshot: Snapshot) -> None:
    assert snapshot.with_part("latest", published(row()), None, 5.0).number == snapshot.number
    assert snapshot.with_part("latest", published(row(501.0)), None, 5.0).number > snapshot.number


def test_a_market_by_the_short_ton_is_answered_by_the_metric_ton_and_yuan_are_not_called_dollars(snapshot: Snapshot) -> None:
    short = snapshot.with_part("latest", published(row(907.18474, "2026-11-21T08:00:00Z", "USD/short_ton")), None, 2.0)
    assert price(short) == 1000.0
    yuan = snapshot.with_part("latest", published(row(3500.0, "2026-11-21T08:00:00Z", "CNY/t")), None, 2.0)
    with pytest.raises(RequestRefused, match="not USD per ton"):
        response_bodies.prediction(yuan, MORNING)


def test_a_forecast_is_stale_once_its_day_has_passed_in_mexico_not_in_greenwich(snapshot: Snapshot) -> None:
    late_evening_in_mexico = 1795236000.0  # 2026-11-21T02:40Z, still the 20th in Mexico City
    assert response_bodies.staleness(snapshot, row(), late_evening_in_mexico).stale is False
    assert response_bodies.staleness(snapshot, row(), late_evening_in_mexico + 4 * 3600).stale is True


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("predicted_price", float("inf")),
        ("predicted_price", 0),
        ("predicted_price", "500"),
        ("predicted_price", True),
        ("q95", 1.0),
        ("horizon", 0),
        ("horizon", 1.5),
        ("model_confidence", 1.01),
        ("target_date", "2026-11-18"),
        ("as_of", "2026-11-20T08:00:00"),
        ("simulated", None),
        ("market", ""),
        ("unit", None),
    ],
)
def test_a_row_that_cannot_be_true_is_no_forecast(field: str, value: object) -> None:
    with pytest.raises(ValueError, match={"q95": "cross", "target_date": "after origin", "as_of": "time zone"}.get(field, field)):
        checked([row() | {field: value}])


def test_horizons_must_ascend_and_belong_together() -> None:
    assert checked([row(), row(horizon=5)])
    for mixed in ([row(horizon=5), row()], [row(), row()], [row(), row(horizon=5, as_of="2026-11-21T08:00:00Z")]):
        with pytest.raises(ValueError, match=r"horizons|mixed"):
            checked(mixed)


FORGED = row(1e12, "2099-01-01T08:00:00Z")
WRONG = row(2_000.0, "2026-11-21T08:00:00Z")
UNKNOWN = row(505.0, "2026-11-21T08:00:00Z") | {"model_version": "never-in-force"}


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (FORGED, "after now"),
        (WRONG, "starts from"),
        (row(900.0, "2026-11-21T08:00:00Z") | {"last_price": 500.0}, "too far"),
        (UNKNOWN, "never in force"),
    ],
)
def test_a_published_forecast_that_cannot_be_true_is_refused_and_named_and_the_one_before_stays(
    snapshot: Snapshot, one: dict[str, Any], word: str
) -> None:
    champions = [{"market": "rebar", "horizon": 1, "switches": [{"version": "v1"}], "problem": None}]
    after = taken(snapshot, latest=published(one), champions=champions)
    assert price(after) == 500.0
    assert word in after.refused["rebar"]
    named = [found for found in incidents(after, NOW) if found.kind == "forecast_refused"]
    assert [found.severity for found in named] == ["high"]
    assert taken(after, latest=published(row(501.0, "2026-11-21T08:00:00Z"))).refused == {}


def test_a_market_whose_first_forecast_cannot_be_true_has_none(snapshot: Snapshot) -> None:
    bare = replace(snapshot, parts={**snapshot.parts, "latest": SnapshotPart({})})
    assert taken(bare, latest=published(WRONG)).forecast("rebar") is None


@pytest.mark.parametrize(
    "rows",
    [
        [row() | {"q95": 1.0}],
        [row() | {"market": "scrap"}],
        [row() | {"predicted_price": "500"}],
        [row() | {"as_of": "tomorrow"}],
        [row(), row()],
        ["row"],
        {"a": 1},
    ],
)
def test_a_publication_with_rows_that_are_no_forecast_is_refused_whole(snapshot: Snapshot, rows: object) -> None:
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
        taken(snapshot, latest={"rebar": {"rows": rows, "problems": []}})
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError)):
        taken(snapshot, issues={"rebar": [{"issued_date": "2026-11-20", "as_of": row()["as_of"], "rows": rows}]})


def test_a_past_issue_of_the_future_is_not_answered(snapshot: Snapshot) -> None:
    past = [{"issued_date": entry["issued_date"], "as_of": entry["as_of"], "rows": [entry]} for entry in (row(), FORGED)]
    after = taken(snapshot, issues={"rebar": past})
    assert [entry["as_of"] for entry in after["issues"]["rebar"]] == [row()["as_of"]]
    mislabelled = [past[0] | {"as_of": "2026-11-01T08:00:00Z"}]
    with pytest.raises(ValueError, match="is one of"):
        taken(snapshot, issues={"rebar": mislabelled})


def test_a_part_that_could_not_be_read_when_it_was_published_says_so_and_since_when(snapshot: Snapshot) -> None:
    parts = {name: PublishedPart(snapshot[name]) for name in EMPTY if name != "drift"}
    parts["ledger"] = PublishedPart([], "WarehouseBusy: it is held", "2026-11-20T00:00:00+00:00")
    after = snapshot.with_published(parts, POINTER, NOW)
    assert "WarehouseBusy" in after.problems["ledger"]
    assert after.parts["ledger"].read_at == datetime(2026, 11, 20, tzinfo=UTC).timestamp()
    assert "another release" in after.problems["drift"]


def test_a_kept_forecast_of_the_future_is_not_served_after_a_restart_and_named(snapshot: Snapshot) -> None:
    kept = Snapshot.from_json(snapshot.with_part("latest", published(FORGED), None, 2.0).to_json(), NOW)
    assert kept.forecast("rebar") is None
    assert "not believed" in kept.refused["rebar"]
    assert price(taken(kept, latest=published(row()))) == 500.0


def test_what_was_believed_under_a_fast_clock_gives_way_once_the_clock_is_right(snapshot: Snapshot) -> None:
    future = published(row(510.0, "2027-03-01T08:00:00Z"))
    fast = taken(snapshot, now=NOW + 10**8, latest=future)
    assert price(fast) == 510.0
    right = fast.believing(future, NOW)
    assert right.forecast("rebar") is None
    assert price(taken(right, latest=published(row()))) == 500.0


def test_a_clock_that_is_behind_makes_no_kept_forecast_vanish(snapshot: Snapshot) -> None:
    assert price(Snapshot.from_json(snapshot.to_json(), NOW - 10**8)) == 500.0


def test_believing_the_same_again_changes_nothing_that_a_caller_could_see(snapshot: Snapshot) -> None:
    refusing = taken(snapshot, latest=published(WRONG))
    for entry, rows in ((snapshot, published(row())), (refusing, published(WRONG))):
        assert entry.believing(rows, NOW) is entry
