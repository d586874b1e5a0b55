"""Whether what-if answers are as wide as they should be: ``python -m steel_assets_tests.bench.what_if [--step 5]``.

Walk forward from 2019 over the real prices: at every ``step``-th origin the shock is what the driver then really did in 21
trading days, and the price that came is held against the answer, beside the same forecast without the shock. Quantiles are
those of the last price's own intervals. Reads ../shared/data.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import real_histories
from steel_assets.core.backtest import backtest
from steel_assets.core.what_if import ShockError
from steel_assets.operations.what_if import given

DATA = Path(__file__).parents[3] / "shared" / "data"
FIRST = pd.Timestamp("2019-01-02")
DAYS = 21
PAIRS = (
    ("rebar_fob_turkey", "lme_scrap_m01"),
    ("rebar_fob_turkey", "iron_ore_62"),
    ("rebar_shanghai", "iron_ore_62"),
    ("rebar_shanghai", "usdcny"),
    ("scrap_turkey", "lme_rebar_m01"),
    ("hrc_us_midwest", "lme_scrap_m01"),
    ("iron_ore_62", "shfe_rebar"),
)


def main(step: int = 5) -> None:
    """Print a table."""
    catalog = load_catalog()
    histories = real_histories(DATA, catalog, sorted({market for market, _ in PAIRS}))
    typer.echo(
        "| market | shock | origins | refused | in 90 % | in 90 %, published | width ÷ published | median error ÷ published |"
    )
    typer.echo("| --- | --- | --- | --- | --- | --- | --- | --- |")
    walked = {}
    for market, driver in PAIRS:
        history = histories[market]
        if market not in walked:
            walked[market] = backtest(history, FIRST, history.origins[-1 - DAYS], step=step, families=["naive"])
        rows, told, counts = [], walked[market], Counter[str]()
        for origin, group in told.sort_values("h").groupby("origin"):
            here = int(history.origins.searchsorted(origin))
            came = history.prices_at(history.origins[[here + DAYS]], history.as_of)[0]
            known = history.known[driver].to_numpy()
            if not np.isfinite([came, known[here], known[here + DAYS]]).all():
                continue
            issued = pd.Timestamp(origin) + pd.Timedelta(days=1)
            forecast = group.rename(columns={"h": "horizon", "last": "last_price"}).assign(issued_date=issued)
            try:
                found = given(catalog, history, forecast, driver, known[here + DAYS] / known[here] - 1, DAYS)
            except ShockError:
                counts["refused"] += 1
                continue
            low, middle, high = found.given.quantiles(DAYS, (0.05, 0.5, 0.95))
            plain = np.quantile(found.published[:, -1], [0.05, 0.5, 0.95])
            rows.append(
                (low <= came <= high, plain[0] <= came <= plain[2], np.log(high / low), np.log(plain[2] / plain[0]),
                 abs(np.log(came / middle)), abs(np.log(came / plain[1])))
            )  # fmt: skip
        mean = np.array(rows, dtype=float).mean(axis=0)
        typer.echo(
            f"| {market} | {driver} | {len(rows)} | {counts['refused']} | {mean[0]:.0%} | {mean[1]:.0%} | "
            f"{mean[2] / mean[3]:.2f} | {mean[4] / mean[5]:.2f} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", type=int, default=5)
    main(parser.parse_args().step)
