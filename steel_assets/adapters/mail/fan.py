"""The fan chart of a market as PNG, since mail programs show no SVG: last prices, and 50 % and 90 % intervals."""

from __future__ import annotations

import io
from datetime import date

from steel_assets.adapters.mail.wording import MailWords
from steel_assets.core.report import MarketFacts
from steel_assets.core.words import MONTHS

INK, ACCENT, GRID = "#1f2933", "#c2410c", "#e5e7eb"
WIDTH, HEIGHT, DPI = 5.6, 2.1, 200
"""Inches, and dots in each: two dots for every one of a screen 560 wide."""


def fan(
    market: MarketFacts, words: MailWords, size: tuple[float, float] = (WIDTH, HEIGHT), *, titled: bool = True
) -> bytes | None:
    """A picture on white, independent of the mail's colours; None without a forecast or prices.

    Args:
        size: width and height in inches; the font size does not change with it.
        titled: whether the market's name is above it.
    """
    if market.forecast is None or not market.recent:
        return None
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    past = [date.fromisoformat(day).toordinal() for day in market.recent]
    prices = list(market.recent.values())
    ahead = market.forecast.ahead
    future = [past[-1], *(date.fromisoformat(step.day).toordinal() for step in ahead)]
    last = prices[-1]
    for low, high, opacity, label in (("q05", "q95", 0.15, "90 %"), ("q25", "q75", 0.3, "50 %")):
        lower, upper = ([last, *(getattr(step, name) for step in ahead)] for name in (low, high))
        axes.fill_between(future, lower, upper, color=ACCENT, alpha=opacity, linewidth=0, label=label)
    axes.plot(past, prices, color=INK, linewidth=1.1)
    axes.plot(future, [last, *(step.price for step in ahead)], color=ACCENT, linewidth=1.2, marker="o", markersize=2.5)
    if titled:
        axes.set_title(market.names[words.language], loc="left", fontsize=8, color=INK)
    axes.set_ylabel(market.unit, fontsize=7, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: _day(int(place), words)))
    axes.tick_params(labelsize=7, colors=INK, length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.99), borderaxespad=0, frameon=False, fontsize=7, ncols=2)
    for side in axes.spines.values():
        side.set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    return picture.getvalue()


def _day(ordinal: int, words: MailWords) -> str:
    day = date.fromordinal(ordinal)
    return f"{day.day} {MONTHS[words.language][day.month - 1]}"
