"""The part of the publication that says why: it explains the forecast of its own issue and version."""

from __future__ import annotations

import pandas as pd
import pytest

from steel_assets.bootstrap import Platform, platform
from steel_assets.core.tables import EXPLANATIONS
from steel_assets.operations.publication import explanations
from steel_assets.operations.publication.parts import PARTS
from steel_assets.operations.publication.warehouse import Tables
from steel_assets.serving.snapshot import EMPTY
from steel_assets.settings import Settings

MARKET = "scrap_turkey"


@pytest.fixture
def parts(tmp_path) -> Platform:
    return platform(Settings(home=tmp_path / ".steel"))


def issue(parts: Platform, day: str, amounts: dict[tuple[int, str], float]) -> str:
    moment = pd.Timestamp(f"{day} 08:00", tz="UTC")
    rows = pd.DataFrame(
        {
            "issued_date": moment.tz_localize(None).normalize(),
            "as_of": moment,
            "market": MARKET,
            "horizon": horizon,
            "driver": driver,
            "contribution": amount,
            "model_version": f"v{horizon}",
            "model_family": "ridge",
            "simulated": True,
            "created_at": moment,
        }
        for (horizon, driver), amount in amounts.items()
    )
    key = f"predictions/explanations/{day}/{MARKET}-{moment:%Y%m%dT%H%M%SZ}.parquet"
    parts.lake.write(key, EXPLANATIONS.empty() if rows.empty else rows, EXPLANATIONS)
    return key


def read(parts: Platform) -> dict[str, list[dict[str, object]]]:
    return explanations.read(parts, Tables(parts.warehouse))


def test_the_newest_issue_is_explained_driver_by_driver_the_largest_first(parts: Platform) -> None:
    issue(parts, "2026-11-19", {(1, "ore"): 9.0})
    issue(parts, "2026-11-20", {(5, "forward_curve"): 1.0, (1, "ore"): 0.5, (1, "forward_curve"): -2.5})
    assert [(row["horizon"], row["driver"], row["contribution"]) for row in read(parts)[MARKET]] == [
        (1, "forward_curve", -2.5),
        (1, "ore", 0.5),
        (5, "forward_curve", 1.0),
    ]
    assert {(row["as_of"], row["model_version"]) for row in read(parts)[MARKET]} == {
        ("2026-11-20T08:00:00Z", "v1"),
        ("2026-11-20T08:00:00Z", "v5"),
    }


def test_an_issue_of_last_prices_has_nothing_to_explain(parts: Platform) -> None:
    issue(parts, "2026-11-19", {(1, "ore"): 9.0})
    issue(parts, "2026-11-20", {})
    assert read(parts) == {MARKET: []}


def test_a_damaged_file_is_passed_over_and_the_rows_say_which_issue_they_explain(parts: Platform) -> None:
    issue(parts, "2026-11-19", {(1, "ore"): 9.0})
    parts.store.put(issue(parts, "2026-11-20", {(1, "ore"): 1.0}), b"torn")
    assert [row["as_of"] for row in read(parts)[MARKET]] == ["2026-11-19T08:00:00Z"]


def test_the_service_knows_the_part(parts: Platform) -> None:
    assert set(PARTS) == set(EMPTY)
    assert read(parts) == EMPTY["explanations"]
