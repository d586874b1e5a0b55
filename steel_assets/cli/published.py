"""Forecasts of the latest issue as published, and the out-of-sample scores of their champions.

Each forecast has the age of its price at the issue. pandas is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console

from steel_assets.adapters.lake.damaged import UNREADABLE, why_not
from steel_assets.adapters.objects.object_store import ObjectNotFound, ObjectStore
from steel_assets.catalog import Catalog
from steel_assets.core.price_age import PriceCalendar, aged_confidence, last_daily, price_age
from steel_assets.core.published import DATES, MOMENTS

if TYPE_CHECKING:
    from steel_assets.serving.snapshot import Snapshot


def latest(
    store: ObjectStore, signing_key: bytes | None, catalog: Catalog, markets: Sequence[str], now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Market → its rows, for those of ``markets`` published at the latest daily issue before ``now`` or after it.

    Left out is what must be computed anew: forecasts affected by a withdrawn import, forecasts that the service would refuse, and
    all if the publication cannot be read. Rows are of tables.FORECASTS with the columns of ``in_force.aged``.
    """
    from steel_assets.serving.refresh import Refresher

    moment = datetime.fromtimestamp(now.timestamp(), UTC)
    snapshot = Refresher(lambda: store, signing_key=signing_key, clock=moment.timestamp, pages=False).refreshed()
    schedules = catalog.rules.schedules
    issue = last_daily(moment, schedules.issue_time.isoformat(), schedules.zone)
    tainted = {market for withdrawal in snapshot["withdrawn"] for market in withdrawal["markets"]}
    found = {}
    for market in markets:
        rows = snapshot.forecast(market)
        if snapshot.problems or market in tainted or market in snapshot.refused or not rows or not _whole(catalog, market, rows):
            continue
        if issue <= datetime.fromisoformat(rows[0]["as_of"]) <= moment and market in snapshot["price_calendars"]:
            found[market] = [_aged(snapshot, row, issue) for row in rows]
    return found


def _whole(catalog: Catalog, market: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rows contain every horizon that the catalogue declares now, in the declared unit."""
    declared = catalog.markets[market]
    return [row["horizon"] for row in rows] == sorted(declared.horizons) and rows[0]["unit"] == declared.target.unit


def _aged(snapshot: Snapshot, row: Mapping[str, Any], issue: datetime) -> dict[str, Any]:
    """A row with the age of its price at the issue, as ``in_force.aged`` computes it."""
    calendar = PriceCalendar.restored(snapshot["price_calendars"][row["market"]]["calendar"])
    typed = dict(row) | {name: date.fromisoformat(row[name]) for name in DATES}
    typed |= {name: datetime.fromisoformat(row[name]) for name in MOMENTS}
    age = price_age(calendar, typed["data_as_of"], typed["origin"], max(issue, typed["as_of"]))
    confidence = aged_confidence(row["model_confidence"], row["horizon"], age.sessions, row["age_sessions"] or 0)
    ages = {
        "price_date": f"{age.day}",
        "price_age_sessions": age.sessions,
        "stale": age.stale,
        "stale_reason": age.reason(),
    }
    return typed | {"model_confidence": confidence} | ages


class Score(NamedTuple):
    """The champion's error divided by the last price's on the same days, and the share of prices in its 90 % interval."""

    mae_ratio: float
    coverage_90: float


Scores = dict[int, Score]


def champions_scores(store: ObjectStore, market: str) -> Scores:
    """Scores by horizon; empty before the first validation, and if the file is damaged, which is printed."""
    key = f"predictions/validation/scores/{market}.parquet"
    try:
        content = store.get(key)
    except ObjectNotFound:
        return {}
    from steel_assets.adapters.lake.parquet_file import rows_from

    try:
        found: Scores = {}
        for row in rows_from(content):
            if row["model"] == "champion":
                found.setdefault(int(row["h"]), Score(float(row["mae_ratio"]), float(row["coverage_90"])))
        if not found:
            raise ValueError("it holds no score of the champion")
    except UNREADABLE as error:
        notice = f"{key} is damaged: {why_not(error)}; the next validation writes it again"
        Console(stderr=True).print(notice, style="yellow", markup=False, soft_wrap=True)
        return {}
    return found
