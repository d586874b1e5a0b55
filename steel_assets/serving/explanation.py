"""Explains a forecast: what each driver moved, why its model is in force, the quality of its data. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from steel_assets.core.words import phrase
from steel_assets.serving import schemas
from steel_assets.serving.response_bodies import age_in_short, in_force, known, leaning, staleness, unpublished
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords

EXACT = 1e-6
"""Largest difference of the contributions from the forecast, as a share of the price; a larger one means another forecast."""

CAUSES = {
    "forward_curve": phrase("Forward curve"),
    "own_price": phrase("This price's own recent moves"),
    "calendar": phrase("Time of the year"),
    "volatility": phrase("How restless the market is"),
    "long_run_trend": phrase("Long-run trend"),
    "caution": phrase("Caution (limits on large moves)"),
    "other": phrase("Other"),
}
"""Names for contributions that are not from a series."""


def explanation(snapshot: Snapshot, market: str, moment: float) -> schemas.Explanation:
    """The answer to GET /v1/markets/{market}/explanation.

    Raises:
        RequestRefused: there is no such market or forecast.
    """
    declared = known(snapshot, market)
    rows = in_force(snapshot, market, moment)
    if not rows:
        raise unpublished(snapshot, market)
    scores = {score["horizon"]: score for score in (snapshot["scorecards"].get(market) or {}).get("horizons", [])}
    assessed = snapshot["quality"].get(market)
    data = {series_row["series"]: series_row for series_row in (assessed or {}).get("series", [])}
    names = (snapshot["catalogue"] or {}).get("series", {})
    unknown = {"source": None, "quality_score": None, "newest_period": None}
    return schemas.Explanation.of(
        age_in_short(staleness(snapshot, rows[0], moment)),
        market=market,
        target=schemas.ExplainedTarget.of(declared),
        horizons=[_explained(snapshot, row, scores.get(row["horizon"])) for row in rows],
        quality_score=assessed["quality_score"] if assessed else None,
        data=[
            schemas.SeriesBeneath.of(
                {**unknown, "name": name},
                data.get(name, {}),
                names.get(name, {}),
                series=name,
                role="target" if place == 0 else "driver",
            )
            for place, name in enumerate([declared["target_series"], *declared["drivers"]])
        ],
        aged_drivers=leaning(snapshot, rows[0]),
        simulated=rows[0]["simulated"],
    )


def drivers(snapshot: Snapshot, row: Mapping[str, Any]) -> list[schemas.Driver] | None:
    """What moved the forecast ``row`` away from the last price, in its unit, largest first.

    They add up to predicted_price - last_price; empty if the forecast is the last price. None if no explanation fits this
    forecast: an older lake, a damaged file, the explanation of another issue.
    """
    moved = row["predicted_price"] - row["last_price"]
    slack = EXACT * row["last_price"]
    issue = (row["as_of"], row["horizon"], row["model_version"])
    told = [
        contribution
        for contribution in snapshot["explanations"].get(row["market"]) or []
        if (contribution["as_of"], contribution["horizon"], contribution["model_version"]) == issue
    ]
    if not math.isclose(math.fsum(contribution["contribution"] for contribution in told), moved, rel_tol=0, abs_tol=slack):
        return None
    return [
        schemas.Driver.of(
            contribution,
            name=driver_name(snapshot, contribution["driver"], "en"),
            name_es=driver_name(snapshot, contribution["driver"], "es"),
            direction="up" if contribution["contribution"] > 0 else "down",
        )
        for contribution in sorted(told, key=lambda contribution: -abs(contribution["contribution"]))
        if abs(contribution["contribution"]) > slack
    ]


def driver_name(snapshot: Snapshot, driver: str, language: str) -> str:
    """The name of a driver for a buyer: a series by its name in the catalogue, other causes in plain words."""
    if driver in CAUSES:
        return PageWords(language)(CAUSES[driver])
    series = (snapshot["catalogue"] or {}).get("series", {}).get(driver, {})
    return str(series.get("name_es" if language == "es" else "name") or driver.replace("_", " "))


def _explained(snapshot: Snapshot, row: Mapping[str, Any], score: Mapping[str, Any] | None) -> schemas.HorizonExplanation:
    decision = next(
        (
            entry
            for entry in snapshot["ledger"]
            if entry["market"] == row["market"]
            and entry["horizon"] == row["horizon"]
            and entry["candidate_version"] == row["model_version"]
            and entry["decision"] != "rejected"
        ),
        None,
    )
    return schemas.HorizonExplanation.of(
        row,
        drivers=drivers(snapshot, row),
        change_share=row["predicted_price"] / row["last_price"] - 1,
        interval_width_share=(row["q95"] - row["q05"]) / row["predicted_price"],
        in_force_because=decision["reason"] if decision else None,
        skill_over_last_price=score["skill"] if score else None,
        coverage_90=score["coverage_90"] if score else None,
        forecasts_scored=score["forecasts"] if score else 0,
    )
