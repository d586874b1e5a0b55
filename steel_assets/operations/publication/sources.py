"""Freshness and quality of the data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from steel_assets.adapters.lake.lake import RAW, collected_at
from steel_assets.core.tables import DATA_QUALITY
from steel_assets.operations.publication.inputs import Inputs
from steel_assets.operations.publication.warehouse import Tables, records

ASSESSED_DAYS = 30
"""Days that usually contain the newest assessment of a market."""


def read(inputs: Inputs, tables: Tables) -> list[dict[str, Any]]:
    """Each source and when it last brought new values (collections without new values write nothing)."""
    found = []
    for source in inputs.catalog.sources.values():
        stamps = sorted(map(collected_at, inputs.lake.raw_files(f"{RAW}{source.folder}/")))
        stamps = [stamp for stamp in stamps if stamp]
        if source.kind == "files" and not stamps:
            continue
        news = pd.to_datetime(stamps[-1], format="%Y-%m-%dT%H%M%S") if stamps else None
        found.append(
            {
                "id": source.id,
                "name": source.name,
                "last_news_at": f"{news:%Y-%m-%dT%H:%M:%SZ}" if news is not None else None,
                "collections": len(stamps),
            }
        )
    return found


def quality(inputs: Inputs, tables: Tables) -> dict[str, Any]:
    """Market → its newest assessment: the score (lowest of the critical series) and every series' parts."""
    frame = tables.newest(DATA_QUALITY, "date", ASSESSED_DAYS, inputs.catalog.markets, lambda mine: len(mine) > 0)
    found: dict[str, Any] = {}
    for market, group in frame.groupby("market"):
        newest = group[group["date"] == group["date"].max()]
        critical = newest[newest["critical"]]
        found[str(market)] = {
            "date": f"{newest['date'].iloc[0]:%Y-%m-%d}",
            "quality_score": round(float(critical["quality_score"].min()), 6) if len(critical) else None,
            "series": records(newest.drop(columns=["date", "market", "created_at"])),
        }
    return found
