"""Months' averages against what they came to: ``python -m steel_assets_tests.bench.averages [MARKET …]``.

Walk forward from 2017: at every fifth origin the average of the running month and of the next two is told from paths drawn from
the champion's out-of-sample quantiles and the history up to then, in US dollars, and in pesos from joint paths with the exchange
rate, whose quantiles are those of its own last figure's errors. Beside the median stand three that need no forecast: the last
price, the mean of the running month so far (the last price before there is any), and the month's known days with the last price
for those that are missing. ``--rows FOLDER`` keeps the champion's walk-forwards, as ``bench.planner`` does. ``--reach 126``
declares that horizon as well and tells of more months and of the running quarter, from the last price's own quantiles in place of
the champion's. ``--document docs/odds.md`` writes the table anew. Reads ../shared/data.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import Catalog, load_catalog
from steel_assets.cli.accuracy import replace_measured
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.averages import Outlook, average
from steel_assets.core.backtest import CHAMPION, backtest
from steel_assets.core.calendars import session_after, sessions
from steel_assets.core.exchange import exchanged
from steel_assets.core.history import MarketHistory
from steel_assets.core.models import NAIVE
from steel_assets.core.paths import PathsError, Quantiles, shuffled, windows
from steel_assets.core.types import QUANTILE_COLUMNS
from steel_assets.operations.exchange import rate_market
from steel_assets.operations.outlooks import past_of
from steel_assets_tests.bench.planner import BEFORE, DATA, champion_rows

FIRST = pd.Timestamp("2017-01-02")
STEP, LENGTH = 5, 63
RATE = "usdmxn"
MONTHS = ("running month", "next month", "second after", "third after", "fourth after")
QUARTER = "running quarter"
NAMES = (*MONTHS, QUARTER)
FEWEST = 100
"""Origins below which an average is not told of."""
OTHERS = ("last price", "mean so far", "known days, then last price")


def with_rates(catalog: Catalog, reach: int) -> Catalog:
    """The catalogue with the exchange rate as a market on the calendar of every market, all of them forecast to ``reach``."""
    markets = {}
    for declared in catalog.markets.values():
        market = declared.model_copy(update={"horizons": tuple(sorted({*declared.horizons, reach}))})
        markets[market.id] = market
        found = rate_market(catalog.series[RATE], market)
        markets[f"{RATE}_{market.id}"] = found.model_copy(update={"id": f"{RATE}_{market.id}"})
    return catalog.model_copy(update={"markets": markets})


def outlook_at(history: MarketHistory, quantiles: Quantiles, origin: pd.Timestamp, starts: np.ndarray) -> Outlook:
    """The paths of one origin, from what was known at it."""
    day = np.datetime64(origin, "D")
    issued = day + np.timedelta64(1, "D")
    known = past_of(history, origin)
    paths = shuffled(quantiles, known.trajectories(starts, quantiles.length), history.market.id, issued)
    calendar = history.market.calendar
    ahead = sessions(calendar, origin + pd.Timedelta(days=1), origin + pd.Timedelta(days=2 * quantiles.length + 30))
    return Outlook(
        market=history.market.id,
        unit=history.market.target.unit,
        calendar=calendar,
        issued=pd.Timestamp(issued),
        origin=origin,
        price_day=origin,
        last=quantiles.last,
        days=ahead[: quantiles.length],
        paths=paths,
        known=pd.Series(known.prices, index=pd.DatetimeIndex(known.sessions).as_unit("ns")).dropna(),
        simulated=False,
    )


def by_origin(rows: pd.DataFrame, model: str) -> dict[pd.Timestamp, Quantiles]:
    """The quantiles of every origin that has all horizons."""
    mine = rows[(rows["model"] == model) & (rows["origin"] >= FIRST)].sort_values("h")
    return {
        pd.Timestamp(str(origin)): Quantiles(
            tuple(part["h"]), part[list(QUANTILE_COLUMNS)].to_numpy(), float(part["last"].iloc[0])
        )
        for origin, part in mine.groupby("origin")
        if len(part) == rows["h"].nunique()
    }


def outlooks(history: MarketHistory, rate: MarketHistory, rows: pd.DataFrame) -> Iterator[tuple[Outlook, Outlook]]:
    """At every fifth origin the paths in dollars and in pesos; origins at which either has none are left out."""
    reach = rate.market.horizons[-1]
    rates = by_origin(backtest(rate, FIRST, rate.origins[-1], families=[NAIVE]), NAIVE)
    prices = by_origin(rows, str(rows["model"].iloc[-1]))
    for origin in list(prices)[::STEP]:
        end = session_after(history.market.calendar, pd.DatetimeIndex([origin]), reach)[0]
        if origin not in rates or end > history.origins[-1]:
            continue
        issued = np.datetime64(origin, "D") + np.timedelta64(1, "D")
        try:
            starts = windows(issued, [past_of(history, origin), past_of(rate, origin)], reach)
        except PathsError:
            continue
        dollars = outlook_at(history, prices[origin], origin, starts)
        yield dollars, exchanged(dollars, outlook_at(rate, rates[origin], origin, starts))


class Scores:
    """Errors and coverage by market, currency and month, as shares of what came."""

    def __init__(self) -> None:
        self.errors: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
        self.inside: dict[tuple[str, str, str], list[bool]] = defaultdict(list)

    def take(self, market: str, currency: str, outlook: Outlook, prices: pd.Series) -> None:
        """The averages of one origin beside what they came to by ``prices``."""
        first = outlook.days[0]
        months = pd.period_range(first, periods=len(MONTHS), freq="M")
        for name, period in [*zip(MONTHS, months, strict=True), (QUARTER, pd.Period(first, freq="Q"))]:
            if period.end_time.normalize() > outlook.days[-1] or period.end_time > prices.index[-1]:
                continue
            found = average(outlook, period)
            came = float(prices[period.start_time : period.end_time].mean())
            so_far = outlook.known[outlook.known.index >= first.replace(day=1)]
            known = float(outlook.known[period.start_time :].sum())
            days = found.known + found.carried + found.drawn
            guesses = (
                float(np.median(found.values)),
                outlook.last,
                float(so_far.mean()) if len(so_far) else outlook.last,
                (known + (days - found.known) * outlook.last) / days,
            )
            for what, guess in zip(("median", *OTHERS), guesses, strict=True):
                self.errors[market, currency, name, what].append(abs(guess - came) / came)
            low, high = np.quantile(found.values, [0.05, 0.95])
            self.inside[market, currency, name].append(bool(low <= came <= high))

    def markdown(self) -> str:
        """One line per market, currency and month."""
        head = ["market", "in", "average of", "origins", "median's error", *(f"÷ {name}" for name in OTHERS), "in 90 %"]
        lines = [head, ["---"] * len(head)]
        order = [(market, currency, name) for market, currency in dict.fromkeys(key[:2] for key in self.inside) for name in NAMES]
        for market, currency, name in order:
            inside = self.inside[market, currency, name]
            if len(inside) < FEWEST:
                continue
            error = {what: float(np.mean(self.errors[market, currency, name, what])) for what in ("median", *OTHERS)}
            ratios = (f"{error['median'] / error[other]:.3f}" for other in OTHERS)
            lines.append(
                [market, currency, name, f"{len(inside):,}", f"{error['median']:.2%}", *ratios, f"{np.mean(inside):.1%}"]
            )
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", nargs="*", help="ids of markets; all when none is named")
    parser.add_argument("--rows", type=Path, help="folder that keeps the champion's walk-forwards")
    parser.add_argument("--reach", type=int, default=LENGTH, help="trading days that the markets are forecast ahead")
    parser.add_argument("--document", type=Path, help="Markdown file whose part about averages is written anew")
    chosen, _ = parser.parse_known_args()
    if not DATA.is_dir():
        typer.echo(f"averages: not measured: {DATA} is not on this machine")
        return
    catalog = load_catalog()
    markets = chosen.markets or list(catalog.markets)
    histories = real_histories(DATA, with_rates(catalog, chosen.reach), [*markets, *(f"{RATE}_{market}" for market in markets)])
    scores = Scores()
    for market in markets:
        history, rate = histories[market], histories[f"{RATE}_{market}"]
        if chosen.reach > LENGTH:
            rows = backtest(history, FIRST, history.origins[-1], families=[NAIVE])
        else:
            rows = champion_rows(history, chosen.rows)
            rows = rows[rows["model"] == CHAMPION]
        prices = {"USD": _came(history)}
        prices["MXN"] = prices["USD"] * _came(rate).reindex(prices["USD"].index, method="ffill")
        for dollars, pesos in outlooks(history, rate, rows[rows["origin"] >= BEFORE]):
            scores.take(market, "USD", dollars, prices["USD"])
            scores.take(market, "MXN", pesos, prices["MXN"])
        typer.echo(f"averages: {market}", err=True)
    text = scores.markdown()
    typer.echo(text)
    if chosen.document is not None:
        replace_measured(chosen.document, text, "averages" if chosen.reach == LENGTH else "further averages")


def _came(history: MarketHistory) -> pd.Series:
    prices = pd.Series(history.prices_at(history.origins, history.as_of), index=history.origins)
    return prices.dropna()


if __name__ == "__main__":
    main()
