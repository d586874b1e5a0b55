"""The providers' symbols: driver, contract, tick size, and how often they do not trade."""

from __future__ import annotations

from dataclasses import dataclass

from steel_assets.core.types import Series
from steel_assets.sandbox.contracts import Roll
from steel_assets.sandbox.drivers import DRIVERS, SimulatedDriver, unknown_driver


@dataclass(frozen=True)
class Instrument:
    """The meaning of a symbol.

    Prices are multiples of ``tick``. ``quiet`` is the share of days on which this contract repeats its last price;
    ``market_quiet`` the share on which every contract of its driver does.
    """

    driver: SimulatedDriver
    roll: Roll = "spot"
    contract: int = 1
    tick: float = 0.01
    quiet: float = 0.0
    market_quiet: float = 0.0


def _lme(driver: str, contract: int) -> Instrument:
    return Instrument(DRIVERS[driver], "month_end", contract, 0.5, 0.14 if contract == 1 else 0.04, 0.08)


KNOWN: dict[str, Instrument] = {
    **{f"LSR{n}:COM": _lme("rebar", n) for n in range(1, 16)},
    **{f"LSC{n}:COM": _lme("scrap", n) for n in range(1, 16)},
    "SSC:COM": _lme("scrap", 1),
    "JBP:COM": Instrument(DRIVERS["shfe_rebar"], "january_may_october", tick=1.0),
    "XAL1:COM": Instrument(DRIVERS["coal"], "month_end", tick=0.05, quiet=0.02),
    "HRC=F": Instrument(DRIVERS["hot_rolled_coil"], "early", tick=1.0, quiet=0.12),
    "TIO=F": Instrument(DRIVERS["ore"], "month_end", tick=0.01, quiet=0.05),
    "HG=F": Instrument(DRIVERS["copper"], "early", tick=0.0005),
    "ALI=F": Instrument(DRIVERS["aluminium"], "month_end", tick=0.25, quiet=0.05),
    "CL=F": Instrument(DRIVERS["crude"], "early", tick=0.01),
    "NG=F": Instrument(DRIVERS["natural_gas"], "early", tick=0.001),
    "DX-Y.NYB": Instrument(DRIVERS["dollar"], tick=0.001),
    "CNY=X": Instrument(DRIVERS["yuan"], tick=0.0001),
    "MXN=X": Instrument(DRIVERS["peso"], tick=0.0001),
    "TRY=X": Instrument(DRIVERS["lira"], tick=0.0001),
    "^GSPC": Instrument(DRIVERS["shares"]),
    "DBC": Instrument(DRIVERS["commodity_fund"]),
    "NUE": Instrument(DRIVERS["nucor"]),
    "STLD": Instrument(DRIVERS["steel_dynamics"]),
    "MT": Instrument(DRIVERS["arcelormittal"]),
    "VALE": Instrument(DRIVERS["vale"]),
    "SLX": Instrument(DRIVERS["steel_fund"]),
    "XME": Instrument(DRIVERS["metals_fund"]),
    "DGS10": Instrument(DRIVERS["treasury_yield"]),
    "DTWEXBGS": Instrument(DRIVERS["broad_dollar"], tick=0.0001),
}


def instrument(series: Series) -> Instrument:
    """The meaning of the symbol of ``series``; for undescribed ones a plausible invention."""
    symbol = series.symbol or series.id
    return KNOWN.get(symbol) or Instrument(unknown_driver(symbol, series.unit))
