"""The facts of one morning, without words: what the morning mail says, in whatever language, is made of these alone.

Days are ISO text, prices in the market's unit, shares as 0.05 for 5 %. What is not known is None, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from steel_assets.core.types import MarketFrequency


@dataclass(frozen=True)
class ForecastAtHorizon:
    """The forecast of one horizon.

    Attributes:
        horizon: trading days ahead of the last one whose price could be known.
        day: the trading day that is forecast.
        q05, q95: the 90 % interval; ``q25``, ``q75``: the 50 % interval.
        family, version: the model that issued it.
    """

    horizon: int
    day: str
    price: float
    q05: float
    q25: float
    q75: float
    q95: float
    family: str
    version: str


@dataclass(frozen=True)
class MarketForecast:
    """The newest issue of a market.

    Attributes:
        issued: day of issue.
        price_day: the trading day of the price that it starts from.
        sessions: how old that price is at the report's moment, in trading days.
        stale: whether a newer price should be here.
        aged_drivers: other figures it leans on that are overdue, series → day.
        ahead: nearest horizon first.
    """

    issued: str
    price_day: str
    sessions: int
    stale: bool
    aged_drivers: Mapping[str, str]
    ahead: tuple[ForecastAtHorizon, ...]


@dataclass(frozen=True)
class MarketOdds:
    """Chances from the paths of the newest forecast, over the next ``horizon`` trading days after its origin.

    Attributes:
        last: the price that they begin with.
        higher: the chance that the price on the last of these days, ``until``, is above it.
        move: how far a close rises or falls in ``risen`` and ``fallen``, a share of the last price.
        risen, fallen: the chance that any close until then is so far above, or below.
        paths: as many were counted.
    """

    horizon: int
    until: str
    last: float
    higher: float
    move: float
    risen: float
    fallen: float
    paths: int


@dataclass(frozen=True)
class Miss:
    """A forecast whose price came outside its 90 % interval."""

    day: str
    horizon: int
    q05: float
    q95: float
    came: float


@dataclass(frozen=True)
class WeekRecord:
    """Forecasts of a week beside what happened.

    Attributes:
        scored: forecasts whose day came; ``inside``: those whose price lay in the 90 % interval.
        error, last_price_error: mean absolute error, as a share of what happened; of the forecasts and of the last price.
        misses: the worst first.
    """

    scored: int
    inside: int
    error: float
    last_price_error: float
    misses: tuple[Miss, ...]


@dataclass(frozen=True)
class ForecastChange:
    """How the forecast at one horizon went from one issue to the next."""

    horizon: int
    before: float
    now: float


@dataclass(frozen=True)
class Replaced:
    """A model that came into force at one horizon: by promotion, or by going back to a former one."""

    horizon: int
    family: str
    rolled_back: bool


@dataclass(frozen=True)
class MarketChanges:
    """What changed in a market since the day before.

    Attributes:
        new_price, new_forecast: whether there is one.
        moved: None where there is no new forecast, or none before it.
    """

    new_price: bool
    new_forecast: bool
    moved: ForecastChange | None
    replaced: tuple[Replaced, ...]


@dataclass(frozen=True)
class MarketFacts:
    """One market this morning.

    Attributes:
        names, regions: what it and its region are called, by language.
        frequency: horizons and ages count trading days, weeks or months.
        price, day: the newest price and its trading day; ``before``, ``day_before``: the one before it.
        recent: day → price, the newest last: what a picture shows before the forecast.
        forecast: None as long as nothing was issued.
        odds: None where they cannot be told; ``no_odds`` says why.
        record: None where no forecast's day came in the week.
    """

    id: str
    names: Mapping[str, str]
    regions: Mapping[str, str]
    unit: str
    simulated: bool
    price: float | None
    day: str | None
    before: float | None
    day_before: str | None
    recent: Mapping[str, float]
    forecast: MarketForecast | None
    odds: MarketOdds | None
    no_odds: str
    record: WeekRecord | None
    news: MarketChanges
    frequency: MarketFrequency = "daily"

    @property
    def change(self) -> float | None:
        """From the price before to the newest, as a share."""
        return self.price / self.before - 1 if self.price is not None and self.before else None


@dataclass(frozen=True)
class OpenAlert:
    """What is wrong and not over; ``titles`` by language, ``since`` as the clock on the wall shows it."""

    severity: str
    titles: Mapping[str, str]
    since: str


@dataclass(frozen=True)
class Report:
    """A morning.

    Attributes:
        day: on the installation's calendar; ``clock``: o'clock there, as 07:00; ``zone``: its time zone.
        simulated: whether anything in it comes from simulated prices.
        markets: region by region.
        problems: market → why nothing could be read of it.
        page: address of the dashboard; empty where nobody said.
    """

    day: str
    clock: str
    zone: str
    simulated: bool
    markets: tuple[MarketFacts, ...]
    alerts: tuple[OpenAlert, ...]
    page: str
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_forecast(self) -> bool:
        """Whether any market has one."""
        return any(market.forecast for market in self.markets)
