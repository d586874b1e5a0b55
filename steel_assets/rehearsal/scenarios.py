"""Thirteen kinds of trouble, each as what the sensors would report of it.

All begin in the week of Monday 2 March 2026. The daily run is at 02:00 in Mexico City, which is 08:00 UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from steel_assets.core.alerts.conditions import Condition, Reading
from steel_assets.core.alerts.run_failures import by_place
from steel_assets.core.alerts.subjects import Subjects

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
RUN = 8 * HOUR + 3 * MINUTE
"""Time of day at which a daily run has collected."""

ISSUED = RUN + 6 * MINUTE
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + n * DAY for n in (1, 2, 3, 4))


@dataclass(frozen=True)
class Scenario:
    """One kind of trouble.

    Attributes:
        title, title_es: what happens, for the page.
        conditions, readings: what is reported, each with its moment.
    """

    id: str
    title: str
    title_es: str
    conditions: Sequence[Condition] = ()
    readings: Sequence[Reading] = field(default=())


def seen(rule: str, subject: str, first: datetime, over: datetime, every: timedelta = DAY, **more: Any) -> Iterator[Condition]:
    """A condition that is firing from ``first`` on, evaluated ``every`` so often, and resolved at ``over``."""
    moment = first
    while moment < over:
        yield Condition(rule=rule, subject=subject, firing=True, moment=moment, **more)
        moment += every
    yield Condition(rule=rule, subject=subject, firing=False, moment=over, **more)


def unanswered(subjects: Subjects, source: str, first: datetime, days: int, why: str) -> Iterator[Condition]:
    """The check ``collected`` of each endpoint group of a provider failing at each daily run."""
    mine = [declared for declared in subjects.series.values() if declared.source == source]
    for group in dict.fromkeys(declared.group for declared in mine):
        text = "; ".join(f"{declared.id}: {why}" for declared in mine if declared.group == group)
        subject, link = f"raw/{source}/{group}: collected", f"/assets/raw/{source}/{group}?view=checks&checkDetail=collected"
        yield from seen("failed_check", subject, first, first + days * DAY, text=text, link=link, facts={"check": "collected"})


def stale(series: str, name: str, source: str, first: datetime, over: datetime, last: str, **more: Any) -> Iterator[Condition]:
    """A series without new values; evaluated every six hours here, twice an hour in reality."""
    text = f"Newest {last}; more periods are out than may be missed."
    subject = f"{name} ({series}, {source})"
    yield from seen("stale_series", subject, first, over, 6 * HOUR, text=text, facts={"day": last}, **more)


def too_old(market: str, series: str, first: datetime, over: datetime, last: str) -> Iterator[Condition]:
    """A market whose price is too old to issue a forecast, at each daily run."""
    text = f"{market}: the last price of {series} is of {last}, 6 sessions old; nothing new is issued beyond 5"
    link = f"/assets/{market}/forecasts?view=checks&checkDetail=recent_price"
    yield from seen("price_too_old", market, first, over, text=text, link=link, facts={"check": "recent_price", "day": last})


DOWN = 'Trading Economics refused (503): {"Message":"Service Unavailable","Code":"TE-50307"}; check STEEL_TRADING_ECONOMICS_API_KEY, what it is subscribed to, and the symbol in the catalogue'  # noqa: E501  as it is reported
EXPIRED = 'Alpha Vantage refused (401): {"Information":"Your API key has expired."}; check the symbol in the catalogue and STEEL_ALPHA_VANTAGE_API_KEY'  # noqa: E501  as it is reported


def provider_day(subjects: Subjects) -> Iterator[Condition]:
    yield from unanswered(subjects, "yahoo_finance", TUESDAY + RUN, 1, "no answer within 30 s (timeout), asked 4 times")


def provider_week(subjects: Subjects) -> Iterator[Condition]:
    back = TUESDAY + 8 * DAY + RUN
    yield from unanswered(subjects, "trading_economics", TUESDAY + RUN, 8, DOWN)
    for series, name in (("lme_rebar_m01", "LME Steel Rebar FOB Turkey (Platts), month 1"), ("shfe_rebar", "SHFE rebar")):
        yield from stale(series, name, "trading_economics", TUESDAY + 4 * DAY, back, "2026-03-02", severity="high")
    targets = {"rebar_fob_turkey": "lme_rebar_m01", "scrap_turkey": "lme_scrap_m01", "rebar_shanghai": "shfe_rebar"}
    for market, series in targets.items():
        yield from too_old(market, series, TUESDAY + 7 * DAY + ISSUED, back + ISSUED - RUN, "2026-03-02")
        quality = f"{market}/data_quality: quality_score"
        yield from seen(
            "failed_check",
            quality,
            TUESDAY + 5 * DAY + ISSUED,
            back,
            text=f"{market}: 0.71, at least 0.8 is wanted",
            link="/assets",
        )


def empty_answers(_: Subjects) -> Iterator[Condition]:
    back = MONDAY + 9 * DAY + RUN
    names = {"hrc_us_midwest": "Hot-rolled coil, US Midwest (CME front month)", "iron_ore_62": "Iron ore 62 % (front month)"}
    for series, name in names.items():
        yield from stale(series, name, "yahoo_finance", FRIDAY + RUN, back, "2026-02-27", severity="high")
        yield from too_old(series, series, MONDAY + 8 * DAY + ISSUED, back + ISSUED - RUN, "2026-02-27")


def expired_key(subjects: Subjects) -> Iterator[Condition]:
    yield from unanswered(subjects, "alpha_vantage", TUESDAY + RUN, 3, EXPIRED)


def dead_target(_: Subjects) -> Iterator[Condition]:
    back = MONDAY + 10 * DAY + RUN
    name = "Hot-rolled coil, US Midwest (CME front month)"
    yield from stale("hrc_us_midwest", name, "yahoo_finance", THURSDAY + RUN, back, "2026-02-26", severity="high")
    yield from too_old("hrc_us_midwest", "hrc_us_midwest", MONDAY + 7 * DAY + ISSUED, back + ISSUED - RUN, "2026-02-26")


def dead_driver(_: Subjects) -> Iterator[Condition]:
    back, lme = MONDAY + 8 * DAY + RUN, "LME Steel Rebar FOB Turkey (Platts), month 1"
    pmi = "Manufacturing PMI, China (NBS)"
    yield from stale("pmi_manufacturing_cn", pmi, "trading_economics", WEDNESDAY + RUN, back, "2025-12-01")
    yield from stale("lme_rebar_m01", lme, "trading_economics", FRIDAY + RUN, back, "2026-03-02", severity="high")


def unit_change(_: Subjects) -> Iterator[Condition]:
    asset, link = "raw/trading_economics/commodity_prices", "/assets/raw/trading_economics/commodity_prices"
    for day in range(3):
        moment = TUESDAY + day * DAY + RUN
        count = 12 if day < 2 else 0
        yield Condition(
            rule="quarantined_data",
            subject=asset,
            firing=count > 0,
            moment=moment,
            value=count,
            text=f"{count} quarantined.",
            link=link,
        )


def frozen_price(_: Subjects) -> Iterator[Condition]:
    text = "hrc_us_midwest: 0.62, at least 0.8 is wanted"
    link = "/assets/hrc_us_midwest/data_quality?view=checks&checkDetail=quality_score"
    yield from seen(
        "failed_check", "hrc_us_midwest/data_quality: quality_score", TUESDAY + ISSUED, FRIDAY + ISSUED, text=text, link=link
    )


def market_stages(subjects: Subjects) -> Iterator[Condition]:
    """A step of one market fails in the daily run, a different one every day; each is repaired in the evening."""
    stages = ("market_daily", "market_features", "candidate_models", "validation_scores", "promotions", "forecasts")
    for day, stage in enumerate(stages):
        moment = MONDAY + day * DAY + ISSUED
        run = Condition(rule="failed_run", subject="daily_data_update", firing=True, moment=moment, link="/runs/3f2a")
        failed = by_place(run, [(f"hrc_us_midwest__{stage}", f"ValueError: {stage} failed")], [], subjects)
        mended = run.model_copy(update={"firing": False, "moment": moment + 10 * HOUR})
        yield from (*failed, *by_place(mended, [], [condition.subject for condition in failed], subjects))


def daemon_dead(_: Subjects) -> Iterator[Condition]:
    """A dead daemon, reported by ``steel alerts watch``; what became stale is reported by the sensors when they run again."""
    back = THURSDAY + 13 * HOUR + 30 * MINUTE
    text = "Nothing happens that these would start: sensor, scheduler (last heartbeat 2026-03-04 21:58)."
    yield from seen(
        "system_downtime", "Dagster daemon", THURSDAY + 4 * HOUR, back, 5 * MINUTE, text=text, link="/deployment/daemons"
    )
    for asset in ("raw/yahoo_finance/steel_futures", "market_daily", "market_features", "forecasts"):
        why = "It was not materialised in time for its deadline."
        yield from seen("stale_asset", asset, back, back + 25 * MINUTE, 5 * MINUTE, text=why, link=f"/assets/{asset}")


def disk_full(_: Subjects) -> Iterator[Condition]:
    full, freed = THURSDAY + RUN, THURSDAY + 15 * HOUR
    text = "collect_yahoo_finance: OSError: [Errno 28] No space left on device"
    yield from seen(
        "failed_run", "daily_data_update", full, freed + HOUR, text=text, link="/runs/3f2a", cause="provider:yahoo_finance"
    )
    for sensor in ("failed_checks", "alert_delivery", "stale_assets"):
        message = "OSError: [Errno 28] No space left on device"
        yield from seen(
            "failed_tick", f"sensor {sensor}", full, freed, 5 * MINUTE, text=message, link=f"/automation?search={sensor}"
        )
    for asset in ("forecasts", "market_features"):
        yield from seen(
            "stale_asset", asset, full + 2 * HOUR, freed + HOUR, 10 * MINUTE, text="Not in time.", link=f"/assets/{asset}"
        )


def filling_disk() -> Iterator[Reading]:
    for step in range(8 * 24):
        moment = WEDNESDAY + 16 * HOUR + step * 10 * MINUTE
        value = min(0.999, 0.905 + 0.0012 * step) if moment < THURSDAY + 15 * HOUR else 0.55
        yield Reading(metric="disk_usage", subject="this machine", moment=moment, value=value)


def budget_spike() -> Iterator[Reading]:
    spent = 1.9
    for day, cost in enumerate((0.08, 0.31, 0.29, 0.07, 0.08)):
        spent += cost
        for metric, value in (("cost_daily", cost), ("budget_share", spent / 5.0)):
            moment = MONDAY + day * DAY + ISSUED
            yield Reading(
                metric=metric,
                subject="the platform",
                moment=moment,
                value=value,
                text=f"Compute {cost:.2f} USD.",
                link="/assets/metrics_daily",
            )


def drift() -> Iterator[Reading]:
    for day, score in enumerate((0.80, 0.995, 0.997, 0.996, 0.91, 0.88)):
        moment = MONDAY + day * DAY + ISSUED
        yield Reading(
            metric="drift_score",
            subject="rebar_fob_turkey",
            moment=moment,
            value=score,
            text="usdtry, crude_wti",
            link="/assets/drift",
        )


def scenarios(subjects: Subjects) -> dict[str, Scenario]:
    """All of them, by id."""
    facts: dict[str, tuple[str, str, Callable[[Subjects], Iterator[Condition]]]] = {
        "provider_day": ("A provider is down for a day", "Un proveedor cae un día", provider_day),
        "provider_week": ("A provider is down for a week", "Un proveedor cae una semana", provider_week),
        "empty_answers": ("A provider answers and brings nothing", "Un proveedor responde y no trae nada", empty_answers),
        "expired_key": ("A key has expired", "Una clave venció", expired_key),
        "dead_target": ("The price of a market dies", "Muere el precio de un mercado", dead_target),
        "dead_driver": (
            "An indicator dies, and while it is dead the price of a market too",
            "Muere un indicador y, mientras, también el precio de un mercado",
            dead_driver,
        ),
        "unit_change": ("A provider changes the unit", "Un proveedor cambia la unidad", unit_change),
        "frozen_price": ("A price stands still", "Un precio se congela", frozen_price),
        "market_stages": (
            "One market fails, every day at another stage",
            "Un mercado falla, cada día en otra etapa",
            market_stages,
        ),
        "daemon_dead": ("The daemon dies at night", "El daemon muere de noche", daemon_dead),
        "disk_full": ("The disk fills up", "El disco se llena", disk_full),
        "budget_spike": ("Costs jump", "Los costos saltan", lambda _: iter(())),
        "drift": ("A market drifts", "Un mercado deriva", lambda _: iter(())),
    }
    figures = {"disk_full": filling_disk, "budget_spike": budget_spike, "drift": drift}
    return {
        name: Scenario(name, title, title_es, tuple(play(subjects)), tuple(figures[name]()) if name in figures else ())
        for name, (title, title_es, play) in facts.items()
    }
