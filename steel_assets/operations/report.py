"""The content of the morning mail, from the lake and the warehouse as known at its moment."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import chain

import numpy as np
import pandas as pd

from steel_assets.adapters.lake.lake import Lake, LakeError
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.adapters.warehouse.warehouse import Since, Warehouse
from steel_assets.catalog import Catalog
from steel_assets.catalog.rules import MorningReport
from steel_assets.core.alerts.incidents import Incident
from steel_assets.core.alerts.listing import open_events
from steel_assets.core.alerts.rules import Rulebook
from steel_assets.core.alerts.wording import title
from steel_assets.core.alerts.written import local
from steel_assets.core.averages import Outlook
from steel_assets.core.calendars import local_day
from steel_assets.core.history import HistoryError
from steel_assets.core.odds import first_passage, odds
from steel_assets.core.paths import PathsError
from steel_assets.core.price_age import aged_drivers
from steel_assets.core.regions import by_region, region_names
from steel_assets.core.report import (
    ForecastAtHorizon,
    ForecastChange,
    MarketChanges,
    MarketFacts,
    MarketForecast,
    MarketOdds,
    Miss,
    OpenAlert,
    Replaced,
    Report,
    WeekRecord,
)
from steel_assets.core.scoring import each_day, inside
from steel_assets.core.tables import MARKET_DAILY, PREDICTIONS_VS_REALITY, PROMOTIONS
from steel_assets.core.types import Market
from steel_assets.core.words import LANGUAGES
from steel_assets.operations.in_force import age_of, in_force, last_lookup
from steel_assets.operations.market_tables import read_daily
from steel_assets.operations.outlooks import outlooks
from steel_assets.operations.recent import newest_forecasts

log = logging.getLogger("steel.report")

SHOWN_DAYS = 90
"""Days of prices in a picture before the forecast."""

A_DAY, A_WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)
MOST_MISSES = 3


def report(
    catalog: Catalog,
    lake: Lake,
    warehouse: Warehouse,
    incidents: Iterable[Incident],
    moment: pd.Timestamp,
    page: str = "",
) -> Report:
    """The content of the mail at ``moment``. A market that cannot be read is named, and the others are still included.

    Args:
        incidents: of the alert state.
        moment: UTC; nothing known, issued or decided later is included.
        page: address of the prediction service for people.
    """
    rules, found, problems = catalog.rules, [], {}
    for market in chain.from_iterable(by_region(catalog.markets.values(), lambda market: market.region).values()):
        try:
            found.append(_facts(catalog, lake, warehouse, market, moment))
        except (LakeError, HistoryError) as error:
            log.warning("%s is left out of the report: %s", market.id, error)
            problems[market.id] = str(error)
    here = moment.tz_convert(rules.schedules.tzinfo)
    return Report(
        day=_iso(local_day(moment, rules.schedules.tzinfo)),
        clock=f"{here:%H:%M}",
        zone=rules.schedules.zone,
        simulated=bool(lake.simulated) or any(facts.simulated for facts in found),
        markets=tuple(found),
        alerts=_alerts(incidents, moment, catalog.rulebook),
        page=f"{page.rstrip('/')}/dashboard" if page else "",
        problems=problems,
    )


def _facts(catalog: Catalog, lake: Lake, warehouse: Warehouse, market: Market, moment: pd.Timestamp) -> MarketFacts:
    daily = _prices(catalog, lake, market.id, moment)
    issued = newest_forecasts(warehouse, market.id, market.horizons, moment)
    issued = issued[issued["created_at"] <= moment]
    rows = in_force(issued, market.id, moment).sort_values("horizon")
    newest = daily.tail(2)
    days, prices = [_iso(day) for day in newest["date"]], [float(price) for price in newest["price"]]
    told, why = _odds(catalog, lake, rows, catalog.rules.report) if market.frequency == "daily" else (None, "")
    recent = daily.tail(SHOWN_DAYS)
    return MarketFacts(
        id=market.id,
        names={"en": market.name, "es": market.name_es or market.name},
        regions=region_names(catalog.markets.values())[market.region],
        unit=market.target.unit,
        simulated=bool(daily["simulated"].any() or rows["simulated"].any()),
        price=prices[-1] if prices else None,
        day=days[-1] if days else None,
        before=prices[0] if len(prices) == 2 else None,
        day_before=days[0] if len(prices) == 2 else None,
        recent={_iso(day): float(price) for day, price in zip(recent["date"], recent["price"], strict=True)},
        forecast=_forecast(catalog, lake, rows, moment) if len(rows) else None,
        odds=told,
        no_odds=why,
        record=_record(warehouse, market, daily, moment),
        news=_news(warehouse, market.id, daily, issued, rows, moment),
        frequency=market.frequency,
    )


def _prices(catalog: Catalog, lake: Lake, market: str, moment: pd.Timestamp) -> pd.DataFrame:
    """Prices of ``market`` known at ``moment``, oldest first; no rows before the first.

    Raises:
        HistoryError, LakeError: they cannot be read.
    """
    try:
        daily = read_daily(catalog, lake, market)
    except ObjectNotFound:
        if damage := lake.damaged.open(f"processed-data/daily/{market}.parquet"):
            raise LakeError(damage[0].text) from None
        return MARKET_DAILY.empty()
    return daily[daily["known_at"] <= moment].sort_values("date")


def _forecast(catalog: Catalog, lake: Lake, rows: pd.DataFrame, moment: pd.Timestamp) -> MarketForecast:
    first = rows.iloc[0]
    age = age_of(catalog, rows, moment, last_lookup(lake.store, str(first["market"])))
    ahead = tuple(
        ForecastAtHorizon(
            horizon=int(row["horizon"]),
            day=_iso(row["target_date"]),
            price=float(row["predicted_price"]),
            **{name: float(row[name]) for name in ("q05", "q25", "q75", "q95")},
            family=str(row["model_family"]),
            version=str(row["model_version"]),
        )
        for row in rows.to_dict("records")
    )
    return MarketForecast(
        issued=_iso(first["issued_date"]),
        price_day=f"{age.day}",
        sessions=age.sessions,
        stale=age.stale,
        aged_drivers=aged_drivers(first["aged_drivers"]),
        ahead=ahead,
    )


def _odds(catalog: Catalog, lake: Lake, rows: pd.DataFrame, rule: MorningReport) -> tuple[MarketOdds | None, str]:
    """The odds of one market from the issue ``rows``; or why they cannot be computed."""
    if rows.empty:
        return None, ""
    try:
        outlook = outlooks(catalog, lake, rows)[str(rows["market"].iloc[0])]
    except (PathsError, HistoryError, LakeError, ObjectNotFound) as error:
        return None, str(error)
    return odds_from(outlook, rule.odds_days, rule.odds_move), ""


def odds_from(outlook: Outlook, days: int, move: float) -> MarketOdds:
    """The odds over the next ``days`` trading days, or as far as the paths reach."""
    days = min(days, outlook.paths.shape[1])
    last, paths = outlook.last, outlook.paths[:, :days]
    return MarketOdds(
        horizon=days,
        until=_iso(outlook.days[days - 1]),
        last=last,
        higher=odds(paths[:, -1], last, "above").chance,
        move=move,
        risen=first_passage(paths, last, last * (1 + move), "above")[-1].chance,
        fallen=first_passage(paths, last, last * (1 - move), "below")[-1].chance,
        paths=len(paths),
    )


def _record(warehouse: Warehouse, market: Market, daily: pd.DataFrame, moment: pd.Timestamp) -> WeekRecord | None:
    """The week before ``moment``: forecasts whose target price was known by then.

    For a weekly or monthly market, those whose price became known in that week, whenever its period was.
    """
    week = moment.tz_localize(None).normalize() - A_WEEK
    came_since = daily if market.frequency == "daily" else daily[daily["known_at"] > moment - A_WEEK]
    first = week if market.frequency == "daily" else min(came_since["date"], default=week)
    rows = warehouse.read(PREDICTIONS_VS_REALITY, {"market": market.id, "prediction_date": Since(first)})
    rows = each_day(rows[(rows["created_at"] <= moment) & rows["prediction_date"].isin(came_since["date"])])
    if rows.empty:
        return None
    within = inside(rows["actual_price"], rows["q05"], rows["q95"])
    came = rows["actual_price"].astype(float)
    beyond = np.maximum(rows["q05"] - came, came - rows["q95"]) / came
    missed = rows.assign(beyond=beyond)[~within].sort_values("beyond", ascending=False).head(MOST_MISSES)
    return WeekRecord(
        scored=len(rows),
        inside=int(within.sum()),
        error=float(((rows["predicted_price"] - came).abs() / came).mean()),
        last_price_error=float(((rows["last_price"] - came).abs() / came).mean()),
        misses=tuple(
            Miss(
                day=_iso(row["prediction_date"]),
                horizon=int(row["horizon"]),
                q05=float(row["q05"]),
                q95=float(row["q95"]),
                came=float(row["actual_price"]),
            )
            for row in missed.to_dict("records")
        ),
    )


def _news(
    warehouse: Warehouse, market: str, daily: pd.DataFrame, issued: pd.DataFrame, rows: pd.DataFrame, moment: pd.Timestamp
) -> MarketChanges:
    yesterday = moment - A_DAY
    decided = warehouse.read(PROMOTIONS, {"market": market, "decided_at": Since(yesterday)})
    decided = decided[(decided["decided_at"] <= moment) & decided["decision"].isin(["promoted", "rolled_back"])]
    new_forecast = len(rows) > 0 and bool(rows["as_of"].iloc[0] > yesterday)
    return MarketChanges(
        new_price=len(daily) > 0 and bool(daily["known_at"].iloc[-1] > yesterday),
        new_forecast=new_forecast,
        moved=_moved(rows, in_force(issued, market, yesterday)) if new_forecast else None,
        replaced=tuple(
            Replaced(int(row["horizon"]), str(row["candidate_family"]), rolled_back=row["decision"] == "rolled_back")
            for row in decided.sort_values(["decided_at", "horizon"]).to_dict("records")
        ),
    )


def _moved(rows: pd.DataFrame, former: pd.DataFrame) -> ForecastChange | None:
    """The horizon at which the forecast moved most, and by which share."""
    both = rows.merge(former, on="horizon", suffixes=("", "_before"))
    if both.empty:
        return None
    moves = (both["predicted_price"] / both["predicted_price_before"] - 1).abs()
    most = both.loc[moves.idxmax()]
    return ForecastChange(int(most["horizon"]), float(most["predicted_price_before"]), float(most["predicted_price"]))


def _alerts(incidents: Iterable[Incident], moment: pd.Timestamp, rulebook: Rulebook) -> tuple[OpenAlert, ...]:
    now = moment.to_pydatetime()
    known = [incident for incident in incidents if incident.open and (incident.since or incident.seen) <= now]
    return tuple(
        OpenAlert(
            event.severity, {language: title(event, rulebook, language) for language in LANGUAGES}, local(event.since, rulebook)
        )
        for event in open_events(known, now, rulebook)
    )


def _iso(day: pd.Timestamp) -> str:
    return f"{pd.Timestamp(day):%Y-%m-%d}"
