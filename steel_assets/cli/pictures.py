"""Three pictures of a market's backtest as PNG: calibration of quantiles, skill over time, and a fan chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from steel_assets.core.models import NAIVE
from steel_assets.core.scorecard import reliability

INK, ACCENT, GRID = "#1f2933", "#c2410c", "#e5e7eb"
SHADES = ("#fdba74", "#f97316", "#c2410c", "#7c2d12")
"""Colours of the horizons, the shortest first."""
SKILL_OVER = 120
"""Number of forecasts over which skill over time is averaged."""
FAN_DAYS = 250
FAN_HORIZON = 5


def draw(rows: pd.DataFrame, title: str, unit: str, folder: Path) -> list[Path]:
    """Draw the champion in ``rows`` (``tables.BACKTEST`` of one market) and write the pictures to ``folder``."""
    market = str(rows["market"].iloc[0])
    pictures = {"calibration": _calibration(rows, title), "skill": _skill(rows, title), "fan": _fan(rows, title, unit)}
    written = []
    for name, figure in pictures.items():
        path = folder / f"{market}-{name}.png"
        figure.savefig(path, dpi=110)
        written.append(path)
    return written


def _calibration(rows: pd.DataFrame, title: str) -> Any:
    """Share of prices found below each quantile against the quantile's level; on the diagonal it is calibrated."""
    figure, axes = _axes(f"{title}: are the quantiles right?", size=(5.4, 5.2))
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
    table = reliability(rows[rows["model"] == "champion"])
    for shade, (h, part) in zip(SHADES * 5, table.groupby("h"), strict=False):
        axes.plot(part["promised"], part["found"], color=shade, marker="o", markersize=4, linewidth=1.2, label=f"{h} d")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_xlabel("share of prices promised below", fontsize=8, color=INK)
    axes.set_ylabel("share found below", fontsize=8, color=INK)
    figure.legend(loc="outside lower center", frameon=False, fontsize=8, ncols=4)
    return figure


def _skill(rows: pd.DataFrame, title: str) -> Any:
    """The champion's error divided by the last price's over the forecasts before each day; below one it was better."""
    figure, axes = _axes(f"{title}: error ÷ last price's, over {SKILL_OVER} forecasts", size=(8.4, 3.8))
    axes.axhline(1, color=INK, linewidth=0.8, linestyle="--")
    key = ["h", "origin"]
    both = rows[rows["model"] == "champion"].merge(rows.loc[rows["model"] == NAIVE, [*key, "p"]], on=key, suffixes=("", "_naive"))
    both = both[np.isfinite(both["y"])].sort_values("origin")
    for shade, (h, part) in zip(SHADES * 5, both.groupby("h"), strict=False):
        own = (part["p"] - part["y"]).abs().rolling(SKILL_OVER).sum()
        naive = (part["p_naive"] - part["y"]).abs().rolling(SKILL_OVER).sum()
        axes.plot(part["origin"], own / naive.where(naive > 0), color=shade, linewidth=1.2, label=f"{h} d")
    figure.legend(loc="outside lower center", frameon=False, fontsize=8, ncols=4)
    return figure


def _fan(rows: pd.DataFrame, title: str, unit: str) -> Any:
    """Prices, with the 50 % and 90 % intervals that had been issued for them."""
    offered = sorted(rows["h"].unique())
    horizon = FAN_HORIZON if FAN_HORIZON in offered else offered[0]
    figure, axes = _axes(f"{title}: prices and what was said of them {horizon} trading days before", size=(8.4, 3.8))
    mine = rows[(rows["model"] == "champion") & (rows["h"] == horizon)].sort_values("target_date").tail(FAN_DAYS)
    days = mine["target_date"]
    axes.fill_between(days, mine["q05"], mine["q95"], color=ACCENT, alpha=0.15, linewidth=0, label="90 %")
    axes.fill_between(days, mine["q25"], mine["q75"], color=ACCENT, alpha=0.3, linewidth=0, label="50 %")
    axes.plot(days, mine["y"], color=INK, linewidth=1.1, label="price")
    axes.set_ylabel(unit, fontsize=8, color=INK)
    figure.legend(loc="outside lower center", frameon=False, fontsize=8, ncols=3)
    return figure


def _axes(title: str, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK, length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure, axes
