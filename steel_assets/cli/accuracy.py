"""Writes the measured part of ``docs/accuracy.md``: tables from a backtest, between two marker lines; other text is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from steel_assets.cli.problem import Problem


def marks(name: str = "measured") -> tuple[str, str]:
    """The two marker lines around the measured part of that name."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


BEGIN, END = marks()


def replace_measured(document: Path, text: str, mark: str = "measured") -> None:
    """Replace the lines between the markers of that name in ``document`` by ``text``.

    Raises:
        Problem: the document has no such markers.
    """
    begin, end = marks(mark)
    before = document.read_text() if document.is_file() else ""
    if before.count(begin) != 1 or before.count(end) != 1 or before.index(begin) > before.index(end):
        raise Problem(f"--document: {document} needs the lines {begin} and {end}; what is between them is written anew")
    head, rest = before.split(begin)
    written = document.with_name(document.name + ".part")
    written.write_text(f"{head}{begin}\n{text}{end}{rest.split(end)[1]}")
    written.replace(document)


def measured_markdown(rows: pd.DataFrame, overall: pd.DataFrame, yearly: pd.DataFrame) -> str:
    """Scores of every model, and the champion's by year, as Markdown tables.

    Args:
        rows: ``tables.BACKTEST`` of some markets.
        overall: ``scoring.scores`` of them with the column ``worst_60``.
        yearly: ``scorecard.by_year`` of them.
    """
    first, last = rows["origin"].min(), rows["origin"].max()
    champion = overall[overall["model"] == "champion"]
    body = [
        [row.market, row.h, f"{row.n:,}", *(f"{ratio:.3f}" for ratio in (row.mae_ratio, row.pinball_ratio)), *_coverage(row)]
        for row in champion.itertuples()
    ]
    mine, families = yearly[yearly["model"] == "champion"], overall[overall["model"] != "champion"]
    return "".join(
        [
            f"{rows['market'].nunique()} markets, origins {first:%Y-%m-%d} to {last:%Y-%m-%d}, {len(rows):,} forecasts.\n",
            "\n### Champion and last price\n",
            _table(["market", "h", "n", "MAE ÷", "pinball ÷", "in 90 %", "worst 60"], body),
            "\n### Champion by calendar year: MAE ÷ last price's\n",
            _pivoted(mine, "year", "mae_ratio", "{:.3f}"),
            "\n### Champion by calendar year: share inside the 90 % interval\n",
            _pivoted(mine, "year", "coverage_90", "{:.0%}"),
            "\n### Every family alone: MAE ÷ last price's\n",
            _pivoted(families, "model", "mae_ratio", "{:.3f}"),
        ]
    )


def _coverage(row: Any) -> list[str]:
    return ["" if pd.isna(share) else f"{share:.1%}" for share in (row.coverage_90, row.worst_60)]


def _pivoted(table: pd.DataFrame, columns: str, values: str, shown: str) -> str:
    """A Markdown table with one line per market and horizon and one column per value of ``columns``; missing cells are empty."""
    wide = table.pivot_table(index=["market", "h"], columns=columns, values=values).reset_index()
    body = [
        [line[0], line[1], *("" if pd.isna(value) else shown.format(value) for value in line[2:])]
        for line in wide.itertuples(index=False, name=None)
    ]
    return _table(list(wide.columns), body)


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n" + "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)
