"""Why a forecast lies where it does: what each driver moved it, why its model is in force, how good the data beneath is. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from steel_assets.serving.answers import age_in_short, in_force, known, leaning, staleness, unpublished
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.vocabulary import WORDS
from steel_assets.serving.words import LANGUAGES

EXACT = 1e-6
"""Share of the price by which contributions may miss the forecast: more than rounding is another forecast's explanation."""


def explanation(snapshot: Snapshot, market: str, moment: float) -> dict[str, Any]:
    """The body of GET /v1/markets/{market}/explanation. Raises RequestRefused."""
    declared = known(snapshot, market)
    rows = in_force(snapshot, market, moment)
    if not rows:
        raise unpublished(snapshot, market)
    scores = {one["horizon"]: one for one in (snapshot["scorecards"].get(market) or {}).get("horizons", [])}
    assessed = snapshot["quality"].get(market)
    data = {one["series"]: one for one in (assessed or {}).get("series", [])}
    names = (snapshot["catalogue"] or {}).get("series", {})
    return {
        "market": market,
        "target": {key: declared[key] for key in ("price_level", "unit", "target_series", "target_version", "calendar")},
        "horizons": [_explained(snapshot, row, scores.get(row["horizon"])) for row in rows],
        "quality_score": assessed["quality_score"] if assessed else None,
        "data": [
            {
                "series": name,
                "name": names.get(name, {}).get("name", name),
                "source": names.get(name, {}).get("source"),
                "role": "target" if place == 0 else "driver",
                "quality_score": data.get(name, {}).get("quality_score"),
                "newest_period": data.get(name, {}).get("newest_period"),
            }
            for place, name in enumerate([declared["target_series"], *declared["drivers"]])
        ],
        **age_in_short(staleness(snapshot, rows[0], moment)),
        "aged_drivers": leaning(snapshot, rows[0]),
        "simulated": rows[0]["simulated"],
    }


def drivers(snapshot: Snapshot, row: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """What moved the forecast ``row`` away from the last price, in its unit, the largest first.

    They add up to predicted_price - last_price; none where the forecast is the last price. None where nothing explains this
    very forecast: an older lake, a damaged file, the explanation of another issue.
    """
    moved = row["predicted_price"] - row["last_price"]
    slack = EXACT * row["last_price"]
    issue = (row["as_of"], row["horizon"], row["model_version"])
    told = [
        one
        for one in snapshot["explanations"].get(row["market"]) or []
        if (one["as_of"], one["horizon"], one["model_version"]) == issue
    ]
    if not math.isclose(math.fsum(one["contribution"] for one in told), moved, rel_tol=0, abs_tol=slack):
        return None
    return [
        {
            "driver": one["driver"],
            "name": driver_name(snapshot, one["driver"], "en"),
            "name_es": driver_name(snapshot, one["driver"], "es"),
            "contribution": one["contribution"],
            "direction": "up" if one["contribution"] > 0 else "down",
        }
        for one in sorted(told, key=lambda one: -abs(one["contribution"]))
        if abs(one["contribution"]) > slack
    ]


def driver_name(snapshot: Snapshot, driver: str, language: str) -> str:
    """What a buyer calls a driver: a series by its name in the catalogue, a cause that is no series in plain words."""
    if f"driver_{driver}" in WORDS:
        return WORDS[f"driver_{driver}"][list(LANGUAGES).index(language)]
    series = (snapshot["catalogue"] or {}).get("series", {}).get(driver, {})
    return str(series.get("name_es" if language == "es" else "name") or driver.replace("_", " "))


def _explained(snapshot: Snapshot, row: Mapping[str, Any], score: Mapping[str, Any] | None) -> dict[str, Any]:
    decision = next(
        (
            one
            for one in snapshot["ledger"]
            if one["market"] == row["market"]
            and one["horizon"] == row["horizon"]
            and one["candidate_version"] == row["model_version"]
            and one["decision"] != "rejected"
        ),
        None,
    )
    return {
        "horizon": row["horizon"],
        "target_date": row["target_date"],
        "last_price": row["last_price"],
        "predicted_price": row["predicted_price"],
        "drivers": drivers(snapshot, row),
        "model_family": row["model_family"],
        "model_version": row["model_version"],
        "change_share": row["predicted_price"] / row["last_price"] - 1,
        "interval_width_share": (row["q95"] - row["q05"]) / row["predicted_price"],
        "model_confidence": row["model_confidence"],
        "in_force_because": decision["reason"] if decision else None,
        "skill_over_last_price": score["skill"] if score else None,
        "coverage_90": score["coverage_90"] if score else None,
        "forecasts_scored": score["forecasts"] if score else 0,
    }
