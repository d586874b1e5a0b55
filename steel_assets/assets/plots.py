"""Small pictures of what an asset published, SVG of a few kilobytes: a fan chart of a forecast, and the skill in a backtest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

INK, ACCENT, GRID = "#1f2933", "#c2410c", "#e5e7eb"
DAYS_SHOWN = 120
WIDTH, HEIGHT = 470, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 24
"""Room around the plot, in pixels."""
TICKS = 4
LEGEND_COLUMNS, LEGEND_ROWS = 4, 2


def forecast_fan(daily: pd.DataFrame, forecast: pd.DataFrame, title: str) -> str:
    """A fan chart as SVG: the last prices of a market and its published quantiles.

    Args:
        daily: columns date, price.
        forecast: rows of tables.FORECASTS of one market, one per horizon.
    """
    recent = daily.tail(DAYS_SHOWN)
    ahead = forecast.sort_values("horizon")
    last = float(recent["price"].iloc[-1])
    quantiles = {name: [last, *ahead[name].astype(float)] for name in ("q05", "q25", "predicted_price", "q75", "q95")}
    past = [day.toordinal() for day in recent["date"]]
    future = [past[-1], *(day.toordinal() for day in ahead["target_date"])]
    prices = [float(price) for price in recent["price"]]
    canvas = _Canvas(past[0], future[-1], *_around([*prices, *quantiles["q05"], *quantiles["q95"]]))
    for low, high, opacity in (("q05", "q95", 0.15), ("q25", "q75", 0.25)):
        band = [*zip(future, quantiles[low], strict=True), *reversed(list(zip(future, quantiles[high], strict=True)))]
        canvas.add(f'<polygon points="{canvas.points(band)}" fill="{ACCENT}" fill-opacity="{opacity}"/>')
    canvas.line(list(zip(past, prices, strict=True)), INK)
    points = list(zip(future, quantiles["predicted_price"], strict=True))
    canvas.line(points, ACCENT)
    for x, y in points[1:]:
        canvas.add(f'<circle cx="{canvas.x(x):.0f}" cy="{canvas.y(y):.0f}" r="2" fill="{ACCENT}"/>')
    for x in (past[0], past[-1], future[-1]):
        canvas.text(canvas.x(x), HEIGHT - 8, f"{pd.Timestamp.fromordinal(x):%Y-%m-%d}", "middle" if x == past[-1] else None)
    return canvas.svg(title, str(forecast["unit"].iloc[0]))


def skill_bars(scores: pd.DataFrame, title: str) -> str:
    """A bar chart as SVG of each model's MAE divided by that of the last price, by horizon; below one is better.

    Args:
        scores: rows of core.scoring.scores of one market.
    """
    table = scores.pivot_table(index="h", columns="model", values="mae_ratio")
    models = sorted((str(name) for name in table.columns if name != "naive"), key=lambda name: name != "champion")
    highest = max(1.2, min(2.0, float(table.max().max()) * 1.05))
    canvas = _Canvas(0, len(table), 0.5, highest)
    width = 0.8 / max(len(models), 1)
    for place, name in enumerate(models):
        color, opacity = _shade(name, place, len(models))
        for row, ratio in enumerate(table[name]):
            if math.isfinite(ratio):
                x, y = canvas.x(row + 0.1 + place * width), canvas.y(min(ratio, highest))
                canvas.add(
                    f'<rect x="{x:.0f}" y="{y:.0f}" width="{(canvas.x(width) - canvas.x(0)) * 0.9:.1f}" '
                    f'height="{canvas.y(0.5) - y:.0f}" fill="{color}" fill-opacity="{opacity:.2f}"/>'
                )
        canvas.legend(place, name, color, opacity)
    canvas.line([(0, 1), (len(table), 1)], INK, dashed=True)
    for row, horizon in enumerate(table.index):
        canvas.text(canvas.x(row + 0.5), HEIGHT - 8, f"{horizon} d", "middle")
    return canvas.svg(title, "MAE ÷ last price's")


def _shade(model: str, place: int, models: int) -> tuple[str, float]:
    return (ACCENT, 1.0) if model == "champion" else (INK, 0.25 + 0.6 * place / models)


def _around(values: Sequence[float]) -> tuple[float, float]:
    """The range of the values, widened by a small margin."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


@dataclass
class _Canvas:
    """A plot whose axes go from ``left`` to ``right`` and from ``bottom`` to ``top``, and its SVG elements so far."""

    left: float
    right: float
    bottom: float
    top: float

    def __post_init__(self) -> None:
        self.drawn: list[str] = []
        for value in _ticks(self.bottom, self.top):
            y = self.y(value)
            self.add(f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
            self.text(LEFT - 6, y + 3, f"{value:,.4g}", "end")

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.left) / max(self.right - self.left, 1e-9)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.bottom) / (self.top - self.bottom)

    def points(self, pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(x):.0f},{self.y(y):.1f}" for x, y in pairs if math.isfinite(y))

    def add(self, element: str) -> None:
        self.drawn.append(element)

    def line(self, pairs: Sequence[tuple[float, float]], color: str, *, dashed: bool = False) -> None:
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        self.add(f'<polyline points="{self.points(pairs)}" fill="none" stroke="{color}" stroke-width="1.4"{dashes}/>')

    def text(self, x: float, y: float, words: str, anchor: str | None = None, size: int = 9) -> None:
        """Words at a position in pixels; without ``anchor`` the side is chosen so that they stay inside the picture."""
        anchor = anchor or ("start" if x < WIDTH / 2 else "end")
        self.add(f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>')

    def legend(self, place: int, name: str, color: str, opacity: float) -> None:
        """Add a kind of bar to the legend, if there is room."""
        column, row = place % LEGEND_COLUMNS, place // LEGEND_COLUMNS
        if row >= LEGEND_ROWS:
            return
        x, y = WIDTH - RIGHT - 66 * (LEGEND_COLUMNS - column), 9 + 10 * row
        self.add(f'<rect x="{x}" y="{y - 6}" width="8" height="6" fill="{color}" fill-opacity="{opacity:.2f}"/>')
        self.text(x + 11, y, name, "start", 8)

    def svg(self, title: str, unit: str) -> str:
        self.text(LEFT, 12, title, "start", 11)
        self.text(LEFT, 24, unit, "start", 8)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        return head + f'font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>{"".join(self.drawn)}</svg>'


def _ticks(low: float, high: float) -> list[float]:
    """Round values between ``low`` and ``high``, about ``TICKS`` of them."""
    rough = (high - low) / TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step) + 1)]
