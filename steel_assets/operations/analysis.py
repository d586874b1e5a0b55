"""A market's analysis: computed from its history and stored as one JSON file per market."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from steel_assets.adapters.lake.damaged import read_kept
from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import ObjectStore
from steel_assets.catalog import Catalog
from steel_assets.core.analysis.market import analyse
from steel_assets.core.analysis.market_data import evidence
from steel_assets.core.analysis.sentences import sentence
from steel_assets.core.history import MarketHistory
from steel_assets.core.problem import Problem

FOLDER = "processed-data/analysis/"
FIGURES = frozenset({"n", "p", "p_corrected"})


def analysis(catalog: Catalog, history: MarketHistory) -> dict[str, Any]:
    """All statements about the market of ``history`` as JSON values, significant ones first; no later data are used.

    ``statements`` have the fields of ``core.analysis.statements.Statement``, ``p_corrected``, ``finding`` and an English
    ``sentence``; ``unsaid`` lists what cannot be computed yet, and why.

    Raises:
        Problem: the market is not a daily one.
    """
    if history.market.frequency != "daily":
        raise Problem(
            f"{history.market.id} has a {history.market.frequency} price: what is said of a past is tested on trading days, and "
            "does not apply to it; steel backtest tells how its forecasts did"
        )
    known = evidence(history, catalog.markets)
    found = analyse(known)
    names = {name: series.name for name, series in catalog.series.items()}
    statements = [
        {
            **asdict(judged.statement),
            "p_corrected": judged.p_corrected,
            "finding": judged.finding,
            "sentence": sentence(judged, len(found.statements), names),
        }
        for judged in sorted(found.statements, key=lambda judged: not judged.finding)
    ]
    return {
        "market": history.market.id,
        "as_of": history.as_of.isoformat(),
        "day": str(known.days[-1]),
        "from": str(known.days[0]),
        "sessions": len(known.days),
        "unit": known.unit,
        "simulated": history.simulated,
        "statements": statements,
        "unsaid": [asdict(unsaid) for unsaid in found.unsaid],
    }


def save(lake: Lake, analysis: Mapping[str, Any]) -> str:
    """Store the result of ``analysis``. Returns its key in the lake."""
    key = _key(str(analysis["market"]))
    lake.store.put(key, json.dumps(analysis, allow_nan=False).encode())
    return lake.store.uri(key)


def read(store: ObjectStore, market: str) -> dict[str, Any] | None:
    """The stored analysis of ``market``; None before the first.

    Also None if the file is damaged: it is moved to quarantine, and the next run writes it again.
    """

    def checked(analysis: Any) -> dict[str, Any]:
        if analysis["market"] != market or not isinstance(analysis["simulated"], bool):
            raise ValueError(f"it is no analysis of {market}")
        if pd.Timestamp(analysis["as_of"]).tz is None or not isinstance(analysis["unsaid"], list):
            raise ValueError("it says no moment, or not what is unsaid")
        for statement in analysis["statements"]:
            texts, figures = (statement["key"], statement["sentence"]), (statement[name] for name in FIGURES)
            if not all(isinstance(text, str) for text in texts) or not all(isinstance(figure, int | float) for figure in figures):
                raise TypeError("its statements are of other types")
        return dict(analysis)

    return read_kept(store, _key(market), checked)


def _key(market: str) -> str:
    return f"{FOLDER}{market}.json"
