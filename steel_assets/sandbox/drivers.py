"""Parameters of the simulated market: each price's volatility, the drivers it follows and their lags.

The figures resemble 2014 to 2026 and are not estimates. The computation is in ``economy``.
"""

from __future__ import annotations

from dataclasses import dataclass

from steel_assets.core.types import MASSES_IN_TONNES


@dataclass(frozen=True)
class Link:
    """``share`` of what ``driver`` moved ``days`` ago."""

    driver: str
    share: float
    days: int = 0


@dataclass(frozen=True)
class SimulatedDriver:
    """One price (or rate, or index) and what moves it.

    Attributes:
        start: level of its trend at the beginning of 2014, in its own unit.
        volatility: its own daily shocks in percent, besides those of its ``links``.
        drift: the trend's log growth a year.
        pull: half-life in weekdays of its distance from the trend.
        cycle: its regimes, scaled by ``cycle_share`` and delayed by ``cycle_days`` weekdays.
        passing: share of each move that is expected to revert, which slopes the forward curve.
        slope: daily shocks of the curve alone, in percent, shared by all drivers of one cycle.
    """

    name: str
    start: float
    volatility: float
    links: tuple[Link, ...] = ()
    drift: float = 0.0
    pull: float = 500.0
    cycle: str | None = None
    cycle_share: float = 1.0
    cycle_days: int = 0
    passing: float = 0.0
    slope: float = 0.0


DRIVERS: dict[str, SimulatedDriver] = {
    driver.name: driver
    for driver in (
        SimulatedDriver("world", 1.0, 0.5, pull=300.0),
        SimulatedDriver("dollar", 95.0, 0.36, (Link("world", -0.2),), pull=250.0),
        SimulatedDriver("ore", 100.0, 1.05, (Link("world", 0.4), Link("dollar", -0.3)), cycle="china", passing=0.25, slope=0.8),
        SimulatedDriver(
            "coal", 92.0, 0.95, (Link("world", 0.3),),
            drift=0.01, cycle="china", cycle_share=0.6, passing=0.2, slope=0.7,
        ),
        SimulatedDriver(
            "shfe_rebar", 3650.0, 0.78, (Link("ore", 0.32), Link("ore", 0.10, 1), Link("coal", 0.10, 1)),
            cycle="china", cycle_share=0.7, cycle_days=2, passing=0.15, slope=0.6,
        ),
        SimulatedDriver(
            "scrap", 360.0, 0.95,
            (Link("shfe_rebar", 0.40), Link("shfe_rebar", 0.15, 1), Link("ore", 0.12), Link("world", 0.3)),
            drift=0.006, cycle="mediterranean", passing=0.25, slope=1.1,
        ),
        SimulatedDriver(
            "rebar", 560.0, 0.62,
            (
                Link("scrap", 0.40), Link("scrap", 0.10, 1), Link("scrap", 0.06, 2),
                Link("shfe_rebar", 0.20), Link("shfe_rebar", 0.10, 1),
            ),
            drift=0.006, cycle="mediterranean", cycle_share=0.85, cycle_days=3, passing=0.25, slope=1.1,
        ),
        SimulatedDriver(
            "hot_rolled_coil", 690.0, 1.0, (Link("scrap", 0.10, 3), Link("world", 0.2, 1)),
            drift=0.01, cycle="america", cycle_days=4, passing=0.2, slope=0.7,
        ),
        SimulatedDriver(
            "crude", 76.0, 1.5, (Link("world", 0.8), Link("dollar", -0.5)),
            pull=250.0, cycle="energy", cycle_share=0.8, passing=0.3, slope=0.7,
        ),
        SimulatedDriver(
            "natural_gas", 3.3, 2.2, (Link("crude", 0.15),),
            pull=250.0, cycle="energy", cycle_share=0.8, passing=0.4, slope=1.5,
        ),
        SimulatedDriver(
            "copper", 3.3, 0.85, (Link("world", 0.8), Link("dollar", -0.6), Link("ore", 0.1)),
            drift=0.02, passing=0.1, slope=0.4,
        ),
        SimulatedDriver(
            "aluminium", 2050.0, 0.85, (Link("copper", 0.35), Link("coal", 0.1, 1)), drift=0.018, passing=0.1, slope=0.4
        ),
        SimulatedDriver("shares", 1850.0, 0.75, (Link("world", 0.9),), drift=0.085, pull=400.0),
        SimulatedDriver(
            "nucor", 52.0, 1.05, (Link("shares", 0.9), Link("hot_rolled_coil", 0.2)),
            drift=0.08, cycle="america", cycle_share=0.6,
        ),
        SimulatedDriver("steel_dynamics", 21.0, 1.15, (Link("nucor", 0.9),), drift=0.13, cycle="america", cycle_share=0.3),
        SimulatedDriver(
            "arcelormittal", 27.0, 1.2, (Link("shares", 1.0), Link("shfe_rebar", 0.3)),
            cycle="mediterranean", cycle_share=0.5,
        ),
        SimulatedDriver("vale", 12.0, 1.3, (Link("shares", 0.7), Link("ore", 0.6)), cycle="china", cycle_share=0.5),
        SimulatedDriver(
            "steel_fund", 46.0, 0.5, (Link("nucor", 0.3), Link("arcelormittal", 0.25), Link("vale", 0.25)), drift=0.03
        ),
        SimulatedDriver("metals_fund", 40.0, 0.7, (Link("steel_fund", 0.8), Link("copper", 0.2)), drift=0.03),
        SimulatedDriver("commodity_fund", 22.0, 0.3, (Link("crude", 0.3), Link("copper", 0.2), Link("natural_gas", 0.05))),
        SimulatedDriver("yuan", 6.4, 0.18, (Link("dollar", 0.35),), drift=0.007, pull=300.0),
        SimulatedDriver("peso", 15.5, 0.6, (Link("dollar", 0.5), Link("world", -0.4)), drift=0.018, pull=250.0),
        SimulatedDriver("lira", 2.3, 0.75, (Link("dollar", 0.4),), drift=0.235, pull=1500.0),
        SimulatedDriver("treasury_yield", 2.7, 1.7, (Link("world", 0.8),), drift=0.025, pull=200.0),
        SimulatedDriver("broad_dollar", 104.0, 0.08, (Link("dollar", 0.75),), drift=0.012),
    )
}  # fmt: skip

TYPICAL_LEVELS = {
    "short_ton": 750.0, "lb": 2.5, "oz": 1800.0, "bbl": 75.0, "mmbtu": 3.2,
    "index": 100.0, "percent": 3.0, "million_usd": 100_000.0,
}  # fmt: skip
"""Initial level in dollars of an undescribed price of such a unit; per tonne 600, of a share 50."""

UNITS_PER_DOLLAR = {
    "USD": 1.0, "EUR": 0.9, "GBP": 0.8, "CNY": 7.0, "MXN": 18.0, "TRY": 30.0, "INR": 83.0, "BRL": 5.0, "JPY": 140.0,
}  # fmt: skip
"""Approximate exchange rates for the same purpose; other currencies count as a dollar."""


def unknown_driver(symbol: str, unit: str) -> SimulatedDriver:
    """Plausible parameters for an undescribed symbol, for example of a user's own catalogue."""
    money, _, per = unit.partition("/")
    worth = UNITS_PER_DOLLAR.get(money, 1.0)
    if per in MASSES_IN_TONNES:
        level = TYPICAL_LEVELS.get(per, 600.0 * MASSES_IN_TONNES[per]) * worth
    elif per.isupper():
        level = worth / UNITS_PER_DOLLAR.get(per, 1.0)
    else:
        level = TYPICAL_LEVELS.get(per or money, 50.0) * (worth if money.isupper() else 1.0)
    calm = per.isupper() or unit in ("index", "percent")
    return SimulatedDriver(
        name=f"symbol {symbol}",
        start=level,
        volatility=0.5 if calm else 0.9,
        links=(Link("world", 0.3),) if calm else (Link("world", 0.4), Link("scrap", 0.15, 1)),
        cycle=None if calm else f"symbol {symbol}",
    )
