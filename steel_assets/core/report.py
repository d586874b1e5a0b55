"""The content of the morning mail without words; the mail in every language is made from it alone.

Days are ISO text, prices in the market's unit, shares as 0.05 for 5 %. What is not known is None.
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
        price_day: the trading day of its last price.
        sessions: age of that price at the report's moment, in trading days.
        stale: whether a newer price is due.
        aged_drivers: overdue drivers that it uses, series → day.
        ahead: shortest horizon first.
    """

    issued: str
    price_day: str
    sessions: int
    stale: bool
    aged_drivers: Mapping[str, str]
    ahead: tuple[ForecastAtHorizon, ...]


@dataclass(frozen=True)
class MarketOdds:
    """Probabilities from the paths of the newest forecast, over the next ``horizon`` trading days after its origin.

    Attributes:
        last: the price at the start of the paths.
        higher: probability that the price on the last of these days, ``until``, is above it.
        move: the size of the rise or fall in ``risen`` and ``fallen``, a share of the last price.
        risen, fallen: probability that any close until then is so far above, or below.
        paths: number of paths counted.
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
    """A forecast whose price was outside its 90 % interval."""

    day: str
    horizon: int
    q05: float
    q95: float
    came: float


@dataclass(frozen=True)
class WeekRecord:
    """Forecasts of a week compared with actual prices.

    Attributes:
        scored: number of forecasts whose target day came; ``inside``: those with the price in the 90 % interval.
        error, last_price_error: mean absolute error as a share of the price, of the forecasts and of the last price.
        misses: the worst first.
    """

    scored: int
    inside: int
    error: float
    last_price_error: float
    misses: tuple[Miss, ...]


@dataclass(frozen=True)
class ForecastChange:
    """How the forecast at one horizon changed from one issue to the next."""

    horizon: int
    before: float
    now: float


@dataclass(frozen=True)
class Replaced:
    """A model that came into force at one horizon: by promotion or by rollback."""

    horizon: int
    family: str
    rolled_back: bool


@dataclass(frozen=True)
class MarketChanges:
    """What changed in a market since the day before.

    Attributes:
        new_price, new_forecast: whether there is one.
        moved: None without a new forecast, or without one before it.
    """

    new_price: bool
    new_forecast: bool
    moved: ForecastChange | None
    replaced: tuple[Replaced, ...]


@dataclass(frozen=True)
class MarketFacts:
    """One market in the mail.

    Attributes:
        names, regions: names of the market and its region, by language.
        frequency: horizons and ages count trading days, weeks or months.
        price, day: the newest price and its trading day; ``before``, ``day_before``: the one before it.
        recent: day → price, the newest last, for the picture.
        forecast: None if nothing was issued yet.
        odds: None if they cannot be computed; ``no_odds`` says why.
        record: None if no forecast's target day was in the week.
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
        """The change from the price before to the newest, as a share."""
        return self.price / self.before - 1 if self.price is not None and self.before else None


@dataclass(frozen=True)
class OpenAlert:
    """An open incident; ``titles`` by language, ``since`` in local time."""

    severity: str
    titles: Mapping[str, str]
    since: str


@dataclass(frozen=True)
class Report:
    """The content of one mail.

    Attributes:
        day: local day of the installation; ``clock``: local time, as 07:00; ``zone``: its time zone.
        simulated: whether any of it comes from simulated prices.
        markets: grouped by region.
        problems: market → why it could not be read.
        page: address of the dashboard; empty if not configured.
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
        """Whether any market has a forecast."""
        return any(market.forecast for market in self.markets)
