"""Reads the real price history in ``../shared/data`` without storing it: which file is which series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from steel_assets.catalog import Catalog
from steel_assets.cli.dates import issue_on
from steel_assets.cli.problem import Problem
from steel_assets.core.features import build_features
from steel_assets.core.history import MarketHistory, build_history
from steel_assets.core.panel_rows import panel_rows
from steel_assets.core.tables import OBSERVATIONS
from steel_assets.sources.file_import import import_observations, read_file

LAST_DAY = pd.Timestamp("2023-12-29")

FILES: dict[str, tuple[str, str]] = {
    **{f"lme_rebar_m{month:02d}": ("lme_sr_curve.csv", f"m{month:02d}") for month in range(1, 7)},
    **{f"lme_scrap_m{month:02d}": ("lme_sc_curve.csv", f"m{month:02d}") for month in range(1, 7)},
    "shfe_rebar": ("shfe_rb.csv", "close"),
    "dce_iron_ore": ("dce_i.csv", "close"),
    "hrc_us_midwest": ("hrc_yahoo.csv", "value"),
    "iron_ore_62": ("tio_yahoo.csv", "value"),
    "copper_comex": ("hg_copper.csv", "close"),
    "crude_wti": ("cl_wti.csv", "close"),
    "usd_index": ("dxy.csv", "value"),
    "usdcny": ("usdcnh.csv", "value"),
    "usdmxn": ("usdmxn_fix.csv", "value"),
    "treasury_10y": ("us10y.csv", "value"),
    "share_nucor": ("eq_nue.csv", "value"),
    "share_arcelormittal": ("eq_mt.csv", "value"),
    "share_vale": ("eq_vale.csv", "value"),
    "fund_steel_slx": ("eq_slx.csv", "value"),
    "fund_metals_xme": ("eq_xme.csv", "value"),
    "ppi_iron_steel": ("fred_wpu101.csv", "value"),
    "ppi_steel_mill_products": ("fred_wpu1017.csv", "value"),
    "ppi_scrap": ("fred_wpu1012.csv", "value"),
    "industrial_production_us": ("fred_indpro.csv", "value"),
    "construction_spending_us": ("fred_ttlcons.csv", "value"),
    "cpi_us": ("fred_cpiaucsl.csv", "value"),
    "usd_broad": ("fred_dtwexbgs.csv", "value"),
}
"""Series of the shipped catalogue → file and column."""


def figures(folder: Path, catalog: Catalog, moment: pd.Timestamp) -> Iterator[tuple[str, pd.DataFrame]]:
    """The id of each series of ``FILES``, with its file's content as ``sources.file_import.read_file`` reads it.

    Raises:
        Problem: a file is missing.
    """
    absent = sorted({name for name, _ in FILES.values() if not (folder / name).is_file()})
    if absent:
        raise Problem(f"--real: {folder} has no {', '.join(absent)}; name the folder that holds the real price history")
    for series, (name, column) in FILES.items():
        yield series, read_file((folder / name).read_bytes(), name, catalog.series[series], moment, value_column=column)


def real_histories(folder: Path, catalog: Catalog, markets: list[str]) -> dict[str, MarketHistory]:
    """The history of each of ``markets`` as of the last trading day of 2023, from the files in ``folder`` alone.

    Series of one market may serve as drivers of another.

    Raises:
        Problem: a file is missing.
    """
    rules = catalog.rules
    moment = issue_on(LAST_DAY + pd.Timedelta(days=1), rules)
    nothing = OBSERVATIONS.enforce(pd.DataFrame({name: [] for name in OBSERVATIONS.column_names}))
    rows = [
        import_observations(table, catalog.series[series], nothing, moment) for series, table in figures(folder, catalog, moment)
    ]
    observations = pd.concat(rows, ignore_index=True)
    found = {
        market: build_history(
            observations,
            catalog.markets[market],
            catalog.market_series(market),
            moment,
            rules.schedules.issue_time,
            rules.schedules.tzinfo,
        )
        for market in markets
    }
    others = tuple(panel_rows(history, build_features(history)) for history in found.values())
    return {market: replace(history, others=others) for market, history in found.items()}
