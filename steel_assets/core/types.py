"""The declared types of the platform: series, market, and the constants they share.

They are frozen pydantic models that the catalogue fills from YAML. Code that uses them is elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from steel_assets.core.former_keys import renamed

QUANTILES: tuple[float, ...] = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""Levels of every published forecast distribution."""

QUANTILE_COLUMNS: tuple[str, ...] = tuple(f"q{round(level * 100):02d}" for level in QUANTILES)
"""The columns that hold them, in the same order: q05 … q95."""

Frequency = Literal["daily", "weekly", "monthly", "quarterly"]
MarketFrequency = Literal["daily", "weekly", "monthly"]
"""How often a market has a price. Everything about a market is counted in these periods."""

HORIZONS: dict[MarketFrequency, tuple[int, ...]] = {"daily": (1, 5, 21, 63), "weekly": (1, 2, 4, 12), "monthly": (1, 2, 3)}
"""The horizons of a market that declares none."""

FURTHEST: dict[MarketFrequency, int] = {"daily": 250, "weekly": 52, "monthly": 12}
"""The longest horizon of a market, in its own periods: about a year."""

Kind = Literal["price", "rate", "index", "spread"]
"""What a series is, which says how its figures may move: a price or an exchange rate is above zero and moves by factors; a rate
moves by points and may be negative; an index (or an amount of money) is a level, above zero unless it was ever negative; a spread
is a difference of two others, of either sign."""

Roll = Literal["none", "first_business_day_of_month"]

MASSES_IN_TONNES: dict[str, float] = {
    "t": 1.0,
    "short_ton": 0.90718474,
    "long_ton": 1.0160469088,
    "kg": 0.001,
    "lb": 0.00045359237,
    "cwt": 0.045359237,
}
"""Masses a steel price may be quoted for, in metric tonnes (US short ton = 2,000 lb, exactly)."""

OTHER_QUANTITIES = frozenset({"bbl", "mmbtu", "oz"})
PLAIN_UNITS = frozenset({"index", "percent", "million_usd"})
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _identifier(value: object) -> object:
    if isinstance(value, str) and not IDENTIFIER.fullmatch(value):
        raise ValueError(f"{value!r} must be lower_snake_case (a-z, 0-9, _), start with a letter, at most 64 characters")
    return value


def _unit(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = value.split("/")
    currency = re.compile(r"[A-Z]{3}")
    fits = value in PLAIN_UNITS or (
        currency.fullmatch(parts[0])
        and (
            len(parts) == 1
            or (
                len(parts) == 2 and (parts[1] in MASSES_IN_TONNES or parts[1] in OTHER_QUANTITIES or currency.fullmatch(parts[1]))
            )
        )
    )
    if not fits:
        raise ValueError(
            f"unit {value!r} is not known; write CUR/t, CUR/short_ton, CUR/long_ton, CUR/kg, CUR/lb, CUR/cwt, CUR/bbl, "
            "CUR/mmbtu, CUR/oz, CUR (a share), CUR/CUR (an exchange rate: CNY/USD is yuan per dollar), "
            "index, percent or million_usd"
        )
    return value


Identifier = Annotated[str, BeforeValidator(_identifier)]
Unit = Annotated[str, BeforeValidator(_unit)]


def time_zone(name: str) -> str:
    """``name`` if it is a time zone.

    Raises:
        ValueError: it is not.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone, for example Europe/London") from error
    return name


class Declaration(BaseModel):
    """A frozen declaration that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PublicationRule(Declaration):
    """When a value is published: ``lag_days`` after its period ends, at the time ``at`` in ``zone``.

    A daily period ends on its own date, a weekly one six days after it starts, a monthly or quarterly one on its last day.
    """

    lag_days: int = Field(default=0, ge=0, le=400)
    at: time = time(23, 59)
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return time_zone(zone)

    @property
    def tzinfo(self) -> ZoneInfo:
        """The time zone of ``at``."""
        return ZoneInfo(self.zone)


class Verified(Declaration):
    """The evidence that a provider knows a series by its symbol: where it was found, and in which month.

    ``documented``: the provider itself documents it. ``seen``: public programs use it. ``unconfirmed``: no public source has it.
    """

    status: Literal["documented", "seen", "unconfirmed"]
    from_: str = Field(alias="from", min_length=1)
    checked: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")

    @model_validator(mode="before")
    @classmethod
    def _former_keys(cls, declared: Any) -> Any:
        return renamed(declared, "verified", sure="status")


class Series(Declaration):
    """One measured quantity over time, from one provider or from files. ``name_es`` is its name in Spanish; empty: the same.

    ``kind`` must be declared only if the unit does not determine it, as for a spread of two prices.
    """

    id: Identifier
    name: str
    name_es: str = ""
    unit: Unit
    declared_kind: Kind | None = Field(default=None, alias="kind")
    source: Identifier = "file_import"
    group: Identifier = "files"
    symbol: str | None = None
    frequency: Frequency = "daily"
    calendar: str = "weekdays"
    published: PublicationRule = PublicationRule()
    revised: bool = False
    note: str = ""
    verified: Verified | None = None

    @property
    def kind(self) -> Kind:
        """The declared kind; otherwise derived from the unit."""
        if self.declared_kind is not None:
            return self.declared_kind
        if self.unit == "percent":
            return "rate"
        return "index" if self.unit in PLAIN_UNITS else "price"

    @property
    def currency(self) -> str | None:
        """ISO code of the money in ``unit``; None for an index, a percentage or an exchange rate."""
        parts = self.unit.split("/")
        if self.unit in PLAIN_UNITS or (len(parts) == 2 and parts[1].isupper()):
            return None
        return parts[0]


class Target(Declaration):
    """The exact definition of a market's price, in English and Spanish. A change of its meaning is a new version."""

    series: Identifier
    unit: Unit = "USD/t"
    price_level: str = ""
    price_level_es: str = ""
    fx: Identifier | None = None
    curve: tuple[Identifier, ...] = ()
    roll: Roll = "none"
    version: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _curve_fits_roll(self) -> Self:
        if self.curve and self.roll == "none":
            raise ValueError("a curve needs a roll rule: roll: first_business_day_of_month")
        if self.curve and self.curve[0] != self.series:
            raise ValueError(f"curve must begin with the target's own series {self.series!r} (the front contract)")
        if len(set(self.curve)) != len(self.curve):
            raise ValueError("curve names a series twice")
        return self


class Search(Declaration):
    """The budget of the embedded AutoML's search at each fit.

    It ends after ``trials``; the same number gives the same model. ``seconds`` is an upper limit; a search that it ended is
    marked so.
    """

    trials: int = Field(default=12, ge=1, le=500)
    seconds: float = Field(default=60.0, gt=0, le=3600)


class VertexJobs(Declaration):
    """What may be bought from Vertex AI for a market.

    Attributes:
        horizons: of the market's.
        since: day of the first origin to be forecast; one model is trained for it and one for each later year.
        node_hours: budget of one training.
        budget_usd: largest estimated cost of one purchase.
    """

    horizons: tuple[Annotated[int, Field(ge=1, le=250)], ...] = Field(min_length=1)
    since: date
    node_hours: float = Field(default=1.0, ge=1, le=72)
    budget_usd: float = Field(gt=0, le=100_000)


class AutoMLSearches(Declaration):
    """The AutoML searches of a market; none unless declared."""

    embedded: Search | None = None
    vertex: VertexJobs | None = None


Operator = Literal["lag", "difference", "ratio", "mean", "std", "zscore"]


class Generated(Declaration):
    """The features generated for a market: every operator over every window, on its own price and its daily drivers.

    Attributes:
        windows: trading days.
        keep: largest number selected at each fit.
    """

    operators: tuple[Operator, ...] = Field(default=("lag", "difference", "ratio", "mean", "std", "zscore"), min_length=1)
    windows: tuple[Annotated[int, Field(ge=1, le=500)], ...] = Field(default=(2, 5, 21, 63), min_length=1, max_length=20)
    keep: int = Field(default=8, ge=1, le=100)

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        if len(set(self.operators)) < len(self.operators) or len(set(self.windows)) < len(self.windows):
            raise ValueError("operators and windows must be named once each")
        return self


class Market(Declaration):
    """A commodity in a region: the target to forecast, its drivers, and its horizons.

    Its price is daily unless ``frequency`` says weekly or monthly; then ``horizons`` are weeks or months, and its calendar, which
    is not declared, is that of weeks or months. Drivers can have any frequency.
    """

    id: Identifier
    name: str
    name_es: str = ""
    commodity: Identifier
    region: Identifier
    region_name: str = ""
    region_name_es: str = ""
    target: Target
    frequency: MarketFrequency = "daily"
    calendar: str = "weekdays"
    drivers: tuple[Identifier, ...] = ()
    horizons: tuple[Annotated[int, Field(ge=1, le=250)], ...] = HORIZONS["daily"]
    automl: AutoMLSearches = AutoMLSearches()
    generated: Generated | None = None

    @model_validator(mode="before")
    @classmethod
    def _counted_in_its_own_periods(cls, raw: object) -> object:
        frequency: Any = raw.get("frequency") if isinstance(raw, Mapping) else None
        if not isinstance(raw, Mapping) or frequency not in ("weekly", "monthly"):
            return raw
        if raw.get("calendar", frequency) != frequency:
            raise ValueError(f"a {frequency} market has no calendar of trading days: leave calendar out")
        usual = HORIZONS["weekly" if frequency == "weekly" else "monthly"]
        return {"horizons": usual, **raw, "calendar": frequency}

    @field_validator("horizons")
    @classmethod
    def _horizons_ascend(cls, horizons: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        frequency: MarketFrequency = info.data.get("frequency", "daily")  # missing where it is not valid itself
        unit = {"daily": "business days", "weekly": "weeks", "monthly": "months"}[frequency]
        if not horizons or list(horizons) != sorted(set(horizons)):
            example = list(HORIZONS[frequency])
            raise ValueError(f"horizons must be ascending {unit} without repeats, for example {example}")
        if horizons[-1] > FURTHEST[frequency]:
            raise ValueError(f"horizons of a {frequency} market reach {FURTHEST[frequency]} {unit} at most")
        return horizons

    @model_validator(mode="after")
    def _only_daily_prices_have_contracts(self) -> Self:
        if self.frequency != "daily" and (self.target.fx or self.target.curve or self.target.roll != "none"):
            raise ValueError(
                f"a {self.frequency} target has neither fx nor curve nor roll: declare it in the series' own currency "
                f"(unit: MXN/t), or the market as daily"
            )
        return self

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Every series this market reads: target, curve, exchange rate, drivers."""
        fx = (self.target.fx,) if self.target.fx else ()
        return tuple(dict.fromkeys((self.target.series, *self.target.curve, *fx, *self.drivers)))
