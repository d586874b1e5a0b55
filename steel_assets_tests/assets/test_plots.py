"""Pictures are drawn of whatever the stages have, however many families there are, and are small."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from steel_assets.assets.plots import forecast_fan, skill_bars

SVG = "{http://www.w3.org/2000/svg}"
DAYS = pd.bdate_range("2026-03-02", periods=200)


def drawn(picture: str) -> ElementTree.Element:
    """The picture, read back from its SVG."""
    assert len(picture) < 9_000
    return ElementTree.fromstring(picture)  # noqa: S314 - our own picture


@pytest.mark.parametrize("families", [1, 12, 40])
def test_skill_is_drawn_for_few_families_and_for_many(families: int) -> None:
    names = ["champion", "naive", *(f"family_{n:02d}" for n in range(families))]
    rows = [{"h": h, "model": name, "mae_ratio": 0.9 + 0.01 * h} for h in (1, 5) for name in names]
    bars = [
        bar
        for bar in drawn(skill_bars(pd.DataFrame(rows), "rebar")).iter(f"{SVG}rect")
        if float(bar.get("height", "0").rstrip("%")) > 6
    ]
    assert len([bar for bar in bars if bar.get("width") != "100%"]) == 2 * (families + 1)


def test_a_better_model_has_the_shorter_bar_and_one_without_a_score_has_none() -> None:
    rows = [("champion", 0.8), ("naive", 1.0), ("ridge", 1.1), ("ets", np.nan)]
    picture = drawn(skill_bars(pd.DataFrame([{"h": 1, "model": name, "mae_ratio": ratio} for name, ratio in rows]), "rebar"))
    heights = [float(bar.get("height", "0")) for bar in picture.iter(f"{SVG}rect") if bar.get("width") != "100%"]
    bars = [height for height in heights if height > 6]
    assert len(bars) == 2
    assert bars[0] < bars[1]


def test_a_fan_shows_past_prices_both_bands_and_a_dot_for_each_horizon_inside_the_picture() -> None:
    prices = 600 + np.arange(200.0)
    ahead = pd.DataFrame(
        {"horizon": [1, 5, 21], "target_date": DAYS[-1] + pd.to_timedelta([1, 7, 29], unit="D"), "unit": "USD/t"}
    )
    for name, move in (("q05", -90), ("q25", -30), ("predicted_price", 5), ("q75", 30), ("q95", 90)):
        ahead[name] = prices[-1] + move
    picture = drawn(forecast_fan(pd.DataFrame({"date": DAYS, "price": prices}), ahead, "Rebar <FOB> [Turkey] & scrap"))
    assert len(list(picture.iter(f"{SVG}polygon"))) == 2
    assert len(list(picture.iter(f"{SVG}circle"))) == 3
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    assert "Rebar <FOB> [Turkey] & scrap" in texts
    assert f"{DAYS[-1]:%Y-%m-%d}" in texts
    for line in picture.iter(f"{SVG}polyline"):
        places = [tuple(map(float, pair.split(","))) for pair in str(line.get("points")).split()]
        assert all(0 <= x <= 470 and 0 <= y <= 220 for x, y in places)


def test_a_price_that_never_moved_is_drawn() -> None:
    still = pd.DataFrame({"date": DAYS, "price": 500.0})
    ahead = pd.DataFrame({"horizon": [1], "target_date": [DAYS[-1] + pd.Timedelta(days=1)], "unit": "USD/t"})
    ahead = ahead.assign(**dict.fromkeys(("q05", "q25", "predicted_price", "q75", "q95"), 500.0))
    drawn(forecast_fan(still, ahead, "rebar"))
