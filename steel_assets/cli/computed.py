"""Computes the forecasts of ``steel forecast`` that were not published: of an earlier day, or of a market without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from steel_assets.cli.dates import issue_on, last_issue, parse_day
from steel_assets.cli.problem import Problem
from steel_assets.core.history import HistoryError
from steel_assets.core.imports import trained_at
from steel_assets.core.tables import FORECASTS
from steel_assets.operations import histories, issuing, panel
from steel_assets.operations.in_force import aged, in_force
from steel_assets.operations.publication.inputs import Inputs


@dataclass
class Computed:
    """The computed forecasts.

    Attributes:
        rows: market → rows of tables.FORECASTS with the columns of ``in_force.aged``, as plain values.
        without: market → why nothing new was issued.
        marks: market → how withdrawn imports affect its forecast.
        too_old: whether some market's price was too old to forecast from.
    """

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    too_old: bool = False


def forecasts(inputs: Inputs, markets: Sequence[str], as_of: str | None, now: datetime) -> Computed:
    """The forecasts of ``markets`` as of the issue of the day ``as_of`` (YYYY-MM-DD; None for the latest).

    Raises:
        Problem: the day is in the future or not a day.
    """
    rules, found = inputs.catalog.rules, Computed()
    moment = issue_on(parse_day(as_of, "--as-of"), rules) if as_of else last_issue(pd.Timestamp(now), rules)
    if moment > now:
        raise Problem(f"--as-of: {as_of} is in the future; name a past day")
    for name in markets:
        try:
            history = histories.build(inputs.catalog, inputs.lake, name, moment)
            if not inputs.models.has_production():
                history = panel.with_others(inputs.catalog, inputs.lake, history)
            rows = issuing.issue_as_of(inputs.catalog, inputs.models, history).forecasts
        except HistoryError as error:
            unfed = inputs.providers.unfed(name)
            found.without[name] = f"no forecast: {error}; {unfed}" if unfed else f"no forecast: {error}"
        except issuing.PriceTooOld as error:
            found.too_old = True
            found.without[name] = f"no new forecast of {name}: {error}"
            standing = in_force(inputs.warehouse.read(FORECASTS, {"market": name}), name, moment)
            if len(standing):
                _take(found, inputs, name, aged(inputs.catalog, standing, moment, error.looked_up))
        else:
            if absurd := issuing.absurd(inputs.catalog, inputs.warehouse, history, rows):
                found.without[name] = f"no forecast: {name}: absurd, and would not be published: {'; '.join(absurd)}"
            else:
                _take(found, inputs, name, aged(inputs.catalog, rows, moment))
    return found


def plain_values(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain Python values, missing ones as None."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()} for row in rows.to_dict(orient="records")
    ]


def _take(computed: Computed, inputs: Inputs, market: str, rows: pd.DataFrame) -> None:
    computed.rows[market] = plain_values(rows)
    if (mark := _mark(inputs, market, rows)) is not None:
        computed.marks[market] = mark


def _mark(inputs: Inputs, market: str, rows: pd.DataFrame) -> str | None:
    """How withdrawn imports affect the forecast published at this issue, or the models used for this one; None if they do not."""
    found: str | None = None
    series, issued = inputs.catalog.markets[market].series_ids, rows["as_of"].iloc[0]
    for tainted in inputs.imports.taints():
        if tainted.touches(series, issued):
            found = f"what was published at this issue came from {tainted.words}. This is computed without it"
        elif any(tainted.touches(series, trained) for trained in map(trained_at, rows["model_version"]) if trained is not None):
            found = found or f"a model behind this learned from {tainted.words}. The next retraining replaces it"
    return found
