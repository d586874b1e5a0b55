"""Answers from the sample paths of the forecast in force, and from a market's analysis. Pure, as ``answers``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from steel_assets.core.chance import Side
from steel_assets.core.published_paths import About, NotAhead, Period, PublishedPaths, spread
from steel_assets.serving import response_bodies, schemas
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot

REMEDY = "run steel publish"
FIGURE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?([eE][-+]?[0-9]{1,2})?")
HIGHEST = 100_000_000


@dataclass(frozen=True)
class OddsQuestion:
    """A probability to compute: of being on one ``side`` of ``level``; ``about`` selects what of the day or period ``when``."""

    side: Side
    level: float
    about: About
    when: date | str


def level_of(text: str) -> float | None:
    """A price in the notation of people and programs; None if it is not a number, not above zero, or beyond ``HIGHEST``."""
    if not FIGURE.fullmatch(text) or not 0 < float(text) <= HIGHEST:
        return None
    return float(text)


def question(*, above: float | None, below: float | None, by: date | None, on: date | None, average: str | None) -> OddsQuestion:
    """The question in a request's parameters.

    Raises:
        RequestRefused: (422) there is none, or several.
    """
    if (above is None) == (below is None):
        raise RequestRefused(422, "above, below: give one of them, a price in the market's unit, as above=640")
    possible: list[tuple[About, date | str | None]] = [("average", average), ("on", on), ("by", by)]
    asked = [(about, when) for about, when in possible if when is not None]
    if len(asked) != 1:
        raise RequestRefused(422, "average, on, by: give one of them, as average=2026-12, on=2026-12-15 or by=2026-12-15")
    [(about, when)] = asked
    if above is not None:
        return OddsQuestion("above", above, about, when)
    assert below is not None  # noqa: S101  one of the two was checked to be there
    return OddsQuestion("below", below, about, when)


def averages(snapshot: Snapshot, market: str, moment: float) -> schemas.Averages:
    """The answer to GET /v1/markets/{market}/averages.

    Raises:
        RequestRefused: there are no paths.
    """
    row, paths = in_force(snapshot, market, moment)
    found = [
        schemas.PeriodAverage(
            period=period.name,
            whole=period.whole,
            trading_days=_days(period),
            quantiles=schemas.Spread.of(period.quantiles),
        )
        for period in paths.periods
    ]
    return schemas.Averages.of(about(snapshot, row, paths, moment), averages=found)


def odds(snapshot: Snapshot, market: str, question: OddsQuestion, moment: float) -> schemas.Odds:
    """The answer to GET /v1/markets/{market}/odds.

    Raises:
        RequestRefused: there are no paths (404), or they do not reach what is asked about (422).
    """
    row, paths = in_force(snapshot, market, moment)
    try:
        found = paths.asked(question.about, question.when, question.level, question.side)
    except NotAhead as error:
        raise RequestRefused(422, f"{question.about}: {error}") from error
    return schemas.Odds.of(
        about(snapshot, row, paths, moment),
        side=question.side,
        level=question.level,
        about=question.about,
        day=None if found.period else str(question.when),
        trading_day=found.day,
        period=found.period.name if found.period else None,
        trading_days=_days(found.period) if found.period else None,
        chance=found.odds.chance,
        standard_error=found.odds.error,
        quantiles=schemas.Spread.of(spread(found.values)),
    )


def odds_on_last_day(snapshot: Snapshot, market: str, moment: float) -> schemas.Odds:
    """The probability of being above the last price on the last day of the paths, which uses all of them.

    Raises:
        RequestRefused: there are no paths.
    """
    _, paths = in_force(snapshot, market, moment)
    return odds(snapshot, market, OddsQuestion("above", paths.last, "on", date.fromisoformat(paths.days[-1])), moment)


def analysis(snapshot: Snapshot, market: str, moment: float) -> schemas.Analysis:
    """The answer to GET /v1/markets/{market}/analysis.

    It is stale if a newer price is stored, or due.

    Raises:
        RequestRefused: there is none yet.
    """
    if response_bodies.known(snapshot, market).get("frequency", "daily") != "daily":
        reason = f"{market} has no daily price: what is said of a past is tested on trading days, and does not apply to it"
        raise RequestRefused(404, reason)
    said = snapshot["analysis"].get(market)
    if said is None:
        raise RequestRefused(404, f"no analysis of {market} was published{_why(snapshot, 'analysis')}")
    return schemas.Analysis.of(said, analysis_age(snapshot, market, said, moment), first_day=said["from"])


def analysis_age(snapshot: Snapshot, market: str, analysis: Mapping[str, Any], moment: float) -> dict[str, Any]:
    """Whether the analysis ``analysis`` of ``market`` is stale, and why: a newer price is stored, or due."""
    rows = snapshot.forecast(market)
    newest = max((snapshot["prices"].get(market) or {}).get("dates") or [analysis["day"]])
    if newest > analysis["day"]:
        return {"stale": True, "stale_reason": f"it ends with {analysis['day']}; a price of {newest} is here"}
    age = response_bodies.staleness(snapshot, rows[0], moment) if rows else None
    return {"stale": age is not None and age.stale, "stale_reason": age.stale_reason if age else None}


def in_force(snapshot: Snapshot, market: str, moment: float) -> tuple[dict[str, Any], PublishedPaths]:
    """The first row of the forecast in force, and its paths.

    Raises:
        RequestRefused: there is no such market, no paths of its forecast (404), or no forecast of it (503).
    """
    response_bodies.known(snapshot, market)
    rows = response_bodies.in_force(snapshot, market, moment)
    if not rows:
        raise response_bodies.unpublished(snapshot, market)
    found = snapshot["outlooks"].get(market)
    if found is None or found["as_of"] != rows[0]["as_of"]:
        of = f"no sample paths of the forecast of {rows[0]['as_of']} were published{_why(snapshot, 'outlooks')}"
        raise RequestRefused(404, of, error="no_paths")
    if found["problem"]:
        raise RequestRefused(404, f"no sample paths can be drawn: {found['problem']}", error="no_paths")
    return rows[0], PublishedPaths.parsed(found["paths"], rows[0]["last_price"])


def _why(snapshot: Snapshot, part: str) -> str:
    problem = snapshot.parts[part].problem
    return f" ({problem}); {REMEDY}" if problem else f"; {REMEDY}"


def about(snapshot: Snapshot, row: dict[str, Any], paths: PublishedPaths, moment: float) -> dict[str, Any]:
    """The fields of ``schemas.FromPaths``: market, issue, age of the price, last day of the paths."""
    shown = ("market", "unit", "issued_date", "as_of", "last_price", "simulated")
    return {
        **{name: row[name] for name in shown},
        **response_bodies.age_in_short(response_bodies.staleness(snapshot, row, moment)),
        "withdrawn_import": snapshot.withdrawn_import(row["market"], row["as_of"]),
        "paths": paths.count,
        "paths_from": paths.days[0],
        "paths_to": paths.days[-1],
    }


def _days(period: Period) -> schemas.PeriodDays:
    return schemas.PeriodDays(known=period.known, carried=period.carried, drawn=period.drawn, beyond=period.beyond)
