"""Small pictures for an asset's metadata: a forecast's fan and a backtest's skill, as PNG under 50 kB."""

import base64
import io
from typing import Any

import dagster as dg
import pandas as pd

INK, ACCENT, GRID = "#1f2933", "#c2410c", "#e5e7eb"
DAYS_SHOWN = 120


def forecast_fan(daily: pd.DataFrame, forecast: pd.DataFrame, title: str) -> dg.MarkdownMetadataValue:
    """The last prices of a market and its published quantiles.

    Args:
        daily: columns date, price.
        forecast: rows of tables.FORECASTS of one market, one per horizon.
    """
    figure, axes = _axes(title)
    recent = daily.tail(DAYS_SHOWN)
    axes.plot(recent["date"], recent["price"], color=INK, linewidth=1.2)
    ahead = forecast.sort_values("horizon")
    start = {"target_date": recent["date"].iloc[-1]} | dict.fromkeys(
        ("q05", "q25", "predicted_price", "q75", "q95"), recent["price"].iloc[-1]
    )
    fan = pd.concat([pd.DataFrame([start]), ahead], ignore_index=True)
    axes.fill_between(fan["target_date"], fan["q05"], fan["q95"], color=ACCENT, alpha=0.15, linewidth=0)
    axes.fill_between(fan["target_date"], fan["q25"], fan["q75"], color=ACCENT, alpha=0.25, linewidth=0)
    axes.plot(fan["target_date"], fan["predicted_price"], color=ACCENT, linewidth=1.2, marker="o", markersize=3)
    axes.set_ylabel(str(forecast["unit"].iloc[0]), fontsize=7, color=INK)
    return _markdown(figure, title)


def skill_bars(scores: pd.DataFrame, title: str) -> dg.MarkdownMetadataValue:
    """MAE of each model as a ratio to the last price's, by horizon; below one is better.

    Args:
        scores: rows of core.scoring.scores of one market.
    """
    figure, axes = _axes(title)
    table = scores.pivot_table(index="h", columns="model", values="mae_ratio")
    models = [name for name in table.columns if name != "naive"]
    width = 0.8 / max(len(models), 1)
    for place, name in enumerate(models):
        offsets = [row + (place - (len(models) - 1) / 2) * width for row in range(len(table))]
        color = ACCENT if name == "champion" else INK
        axes.bar(
            offsets,
            table[name],
            width=width * 0.9,
            color=color,
            alpha=1 if name == "champion" else 0.25 + 0.6 * place / len(models),
            label=name,
        )
    axes.axhline(1, color=INK, linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(table)), [f"{h} d" for h in table.index])
    axes.set_ylim(0.5, max(1.2, min(2.0, float(table.max().max()) * 1.05)))
    axes.set_ylabel("MAE ÷ last price's", fontsize=7, color=INK)
    axes.legend(fontsize=6, frameon=False, ncols=3)
    return _markdown(figure, title)


def _axes(title: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 2.4), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=8, color=INK, loc="left")
    axes.tick_params(labelsize=6, colors=INK, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    return figure, axes


def _markdown(figure: Any, title: str) -> dg.MarkdownMetadataValue:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})")
