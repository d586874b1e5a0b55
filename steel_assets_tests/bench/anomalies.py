"""What the detector of anomalies finds, and what it holds that is true: ``python -m steel_assets_tests.bench.anomalies``.

On every series of ``../shared/data`` and ``../shared/cases``, where they are there, and on simulated series of each kind and
frequency: false alarms per series and year, when the history arrives at once and when it arrives day by day; and of each planted
error the share that is found, as the newest figure and in the middle of a first history.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from steel_assets.catalog import load_catalog
from steel_assets.cli.real_prices import FILES
from steel_assets.core.anomaly_detection import anomalies
from steel_assets.core.standstill import improbable_length, lengths
from steel_assets.core.types import Series
from steel_assets.core.usual_moves import UsualMoves
from steel_assets_tests.bench.invented import invented

SHARED = Path(__file__).parents[2].parent / "shared"
TRIED = 4
"""Places in its second half at which an error is planted in a series."""

Planted = Callable[[float, float], float]

ERRORS: dict[str, Planted] = {
    "x 10": lambda value, _: value * 10,
    "x 100": lambda value, _: value * 100,
    "/ 10": lambda value, _: value / 10,
    "/ 100": lambda value, _: value / 100,
    "x 1.4": lambda value, _: value * 1.4,
    "/ 1.4": lambda value, _: value / 1.4,
    "sign": lambda value, _: -value,
    "percent as a share": lambda value, _: value / 100,
}


@dataclass(frozen=True)
class History:
    """One series and its figures by period."""

    series: Series
    figures: pd.Series
    real: bool

    @property
    def years(self) -> float:
        return float((self.figures.index[-1] - self.figures.index[0]).days / 365.25)


def real() -> Iterator[History]:
    """Every series of the shared folder; none where there is no such folder."""
    catalog = load_catalog()
    curves = (("rebar", "lme_sr_curve.csv"), ("scrap", "lme_sc_curve.csv"))
    months = {f"lme_{what}_m{month:02d}": (file, f"m{month:02d}") for what, file in curves for month in range(7, 16)}
    others = {"iron_ore_imf": ("fred_piorecrusdm.csv", "value")}
    if (SHARED / "data").is_dir():
        for name, (file, column) in (FILES | months | others).items():
            like = catalog.series.get(name) or catalog.series["lme_rebar_m01"].model_copy(update={"id": name})
            like = like.model_copy(update={"frequency": "monthly"}) if name == "iron_ore_imf" else like
            table = pd.read_csv(SHARED / "data" / file, parse_dates=["date"]).set_index("date")
            yield History(like, table[column].dropna().astype(float), real=True)
    recorded = SHARED / "cases" / "wire" / "recorded_fred_unrate.json"
    if recorded.is_file():
        rows = json.loads(recorded.read_bytes())["observations"]
        figures = pd.Series({pd.Timestamp(row["date"]): float(row["value"]) for row in rows})
        yield History(Series(id="unrate", name="UNRATE", unit="percent", frequency="monthly"), figures, real=True)


def simulated() -> Iterator[History]:
    """A series of each kind and frequency."""
    for series, figures in invented():
        yield History(series, figures, real=False)


def first_collection(history: History) -> int:
    """False alarms when the history arrives at once; figures in a row that are held for one reason are one alarm."""
    return _alarms(anomalies(history.figures, history.series).index, history.figures)


def day_by_day(history: History) -> int:
    """False alarms when each figure arrives after the ones before it, from the second on.

    Only figures that could be doubted are judged: after a move of several usual ones, or after a standstill.
    """
    figures, series = history.figures, history.series
    usual = UsualMoves.of(series, figures.to_numpy())
    moves = np.abs(np.diff(usual.seen(figures.to_numpy()), prepend=np.nan))
    worth_a_look = np.isnan(moves) | (moves > 5.5 * (usual.scale or 0.0)) | _stood_still_improbably(history)
    out = pd.DatetimeIndex([])
    for at in range(1, len(figures)):
        if worth_a_look[at] or figures.index[at - 1] in out:
            held = anomalies(figures.iloc[at : at + 1], series, figures.iloc[:at].drop(index=out))
            out = out.append(held.index) if len(held) else out
    return _alarms(out, figures)


def _stood_still_improbably(history: History) -> np.ndarray:
    """At which figures the series has stood still for longer than its standstills before make likely."""
    found = np.zeros(len(history.figures), dtype=bool)
    runs = lengths(history.figures.to_numpy())
    ends = np.cumsum(runs)
    for number in np.flatnonzero(runs >= 3) if history.series.kind in ("price", "index") else ():
        longest = improbable_length(runs[:number], history.series.frequency)
        if runs[number] >= longest:
            found[ends[number] - runs[number] + int(longest) - 1 : ends[number]] = True
    return found


def found(history: History, error: str) -> tuple[int, int]:
    """How many of the planted errors are found, as the newest figure and in the middle of a first history; each of ``TRIED``."""
    figures, series = history.figures, history.series
    newest = middle = 0
    for at in _places(figures):
        wrong = figures.iloc[: at + 1].copy()
        wrong.iloc[at] = ERRORS[error](wrong.iloc[at], wrong.iloc[at - 1])
        newest += len(anomalies(wrong.iloc[at:], series, figures.iloc[:at])) > 0
        whole = figures.copy()
        whole.iloc[at] = wrong.iloc[at]
        middle += whole.index[at] in anomalies(whole, series).index
    return newest, middle


def swapped(history: History) -> tuple[int, int]:
    """Swaps of two known days that are found, and tried."""
    figures, seen, tried = history.figures, 0, 0
    for at in _places(figures):
        if figures.iloc[at] == figures.iloc[at - 1]:
            continue
        pair = figures.iloc[at - 1 : at + 1]
        tried += 1
        seen += len(anomalies(pd.Series(pair.to_numpy()[::-1], pair.index), history.series, figures.iloc[: at + 1])) == 2
    return seen, tried


def stuck_after(history: History) -> float:
    """Equal figures in a row after which the feed counts as stuck; infinite where nobody watches for it."""
    if history.series.kind not in ("price", "index"):
        return float("inf")
    return improbable_length(lengths(history.figures.to_numpy()), history.series.frequency)


def beyond_itself(history: History, factor: float) -> bool:
    """Whether a change by ``factor`` is more than the series does in calm times: more than its limit."""
    usual = UsualMoves.of(history.series, history.figures.to_numpy())
    if usual.by_factor:
        return abs(np.log(factor)) > usual.limit(np.array([])) if factor > 0 else True
    size = float(np.abs(history.figures.iloc[_places(history.figures)] * (factor - 1)).min())
    return bool(size > max(usual.limit(np.array([])), 0.0))


def _places(figures: pd.Series) -> np.ndarray:
    return np.unique(np.linspace(len(figures) // 2, len(figures) - 3, TRIED).astype(int))


def _alarms(held: pd.Index, figures: pd.Series) -> int:
    """Figures in a row that are held are one alarm."""
    places = np.sort(figures.index.get_indexer(held.unique()))
    return 0 if len(places) == 0 else 1 + int((np.diff(places) > 1).sum())


def main() -> None:
    """Print false alarms and what is found, series by series and altogether."""
    for what, histories in (("real", list(real())), ("simulated", list(simulated()))):
        if not histories:
            typer.echo(f"{what}: ../shared is not there")
            continue
        years = sum(history.years for history in histories)
        at_once = {history.series.id: first_collection(history) for history in histories}
        daily = {history.series.id: day_by_day(history) for history in histories}
        for way, alarms in (("as a first collection", at_once), ("day by day", daily)):
            where = ", ".join(f"{name} {count}" for name, count in alarms.items() if count)
            rate = sum(alarms.values()) / years
            typer.echo(
                f"{what}, {way}: {sum(alarms.values())} false alarms in {years:.0f} series-years, {rate:.4f} a year ({where})"
            )
        for error in ERRORS:
            results = {history.series.id: found(history, error) for history in histories}
            tried = sum(len(_places(history.figures)) for history in histories)
            newest, middle = (sum(pair[place] for pair in results.values()) for place in (0, 1))
            missed = ", ".join(
                f"{history.series.id} {results[history.series.id]}"
                for history in histories
                if min(results[history.series.id]) < len(_places(history.figures))
            )
            typer.echo(
                f"{what}, {error}: newest {newest} of {tried}, in a first history {middle} of {tried} (not all in {missed})"
            )
        swaps = [swapped(history) for history in histories]
        typer.echo(f"{what}, known days swapped: {sum(s for s, _ in swaps)} of {sum(t for _, t in swaps)}")
        after = {history.series.id: stuck_after(history) for history in histories}
        typer.echo(f"{what}, stuck after: " + ", ".join(f"{name} {length:.0f}" for name, length in after.items()))


if __name__ == "__main__":
    main()
