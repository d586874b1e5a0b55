"""What replaces what in memory: newer and whole wins, nothing good is lost to a store that is away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steel_assets.core.published import checked
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.serving import answers
from steel_assets.serving.errors import Refused
from steel_assets.serving.snapshot import Snapshot

CATALOGUE = {
    "default_market": "rebar",
    "simulated": False,
    "markets": [{"id": "rebar", "name": "Rebar", "unit": "USD/t"}],
    "sources": [],
    "zone": "America/Mexico_City",
}


def row(price: float = 500.0, as_of: str = "2026-11-20T08:00:00Z", unit: str = "USD/t", horizon: int = 1) -> dict[str, Any]:
    quantiles = dict(zip(QUANTILE_COLUMNS, (0.95 * price + place for place in range(7)), strict=True))
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
    return Snapshot().with_part("catalogue", CATALOGUE, None, 1.0).with_part("latest", published(row()), None, 1.0)


def price(snapshot: Snapshot) -> float:
    return float(answers.prediction(snapshot)["predicted_price_usd_per_ton"])


def test_a_newer_issue_replaces_an_older_one_and_never_the_other_way_round(snapshot: Snapshot) -> None:
    newer = snapshot.with_part("latest", published(row(510.0, "2026-11-21T08:00:00Z")), None, 2.0)
    assert price(newer) == 510.0
    assert price(newer.with_part("latest", published(row(490.0)), None, 3.0)) == 510.0


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


def test_the_cache_wins_only_when_it_is_newer_and_whole(snapshot: Snapshot) -> None:
    newer = [row(510.0, "2026-11-21T08:00:00Z")]
    assert price(snapshot.with_cached("rebar", json.dumps(newer).encode())) == 510.0
    same_moment = json.dumps([row(510.0)]).encode()
    assert price(snapshot.with_cached("rebar", same_moment)) == 500.0
    assert price(snapshot.with_cached("scrap", json.dumps(newer).encode())) == 500.0
    for garbage in (b"", b"\xff", b"{}", b"[[]]", b"[" * 100_000, json.dumps(newer).replace("510.0", "NaN").encode()):
        assert snapshot.with_cached("rebar", garbage) is snapshot


def test_a_snapshot_survives_a_restart_and_a_tampered_one_is_refused(snapshot: Snapshot) -> None:
    kept = Snapshot.from_json(snapshot.to_json())
    assert price(kept) == 500.0
    assert "latest" in kept.problems
    for damaged in (b"", b"{}", snapshot.to_json()[:-20], snapshot.to_json().replace(b'"q05": 475.0', b'"q05": 9999')):
        with pytest.raises(ValueError):  # noqa: PT011  any ValueError means that it is not used
            Snapshot.from_json(damaged)


def test_nothing_a_caller_could_see_changed_then_the_number_stays(snapshot: Snapshot) -> None:
    assert snapshot.with_part("latest", published(row()), None, 5.0).number == snapshot.number
    assert snapshot.with_part("latest", published(row(501.0)), None, 5.0).number > snapshot.number


def test_a_market_by_the_short_ton_is_answered_by_the_metric_ton_and_yuan_are_not_called_dollars(snapshot: Snapshot) -> None:
    short = snapshot.with_part("latest", published(row(907.18474, "2026-11-21T08:00:00Z", "USD/short_ton")), None, 2.0)
    assert price(short) == 1000.0
    yuan = snapshot.with_part("latest", published(row(3500.0, "2026-11-21T08:00:00Z", "CNY/t")), None, 2.0)
    with pytest.raises(Refused, match="not USD per ton"):
        answers.prediction(yuan)


def test_a_forecast_is_stale_once_its_day_has_passed_in_mexico_not_in_greenwich(snapshot: Snapshot) -> None:
    late_evening_in_mexico = 1795236000.0  # 2026-11-21T02:40Z, still the 20th in Mexico City
    assert answers.staleness(snapshot, row(), late_evening_in_mexico)["stale"] is False
    assert answers.staleness(snapshot, row(), late_evening_in_mexico + 4 * 3600)["stale"] is True


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
