"""Yahoo Finance on loopback, for the futures of the shipped catalogue, and a platform that asks it as if it were real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets.bootstrap import Platform, platform
from steel_assets.catalog import Source
from steel_assets.core.calendars import sessions
from steel_assets.settings import Settings
from steel_assets_tests.loopback import Loopback, Reply, Request, serving

GROUP = "steel_futures"
FIRST = pd.Timestamp("2025-10-01")
MOMENT = pd.Timestamp("2026-03-04T08:00:00Z")
"""A Wednesday; the newest close is of Tuesday."""

LATER = MOMENT + pd.Timedelta(days=1)


@dataclass
class Yahoo:
    """Prices by symbol and day, which a test may change; ``bodies`` answer instead for a symbol."""

    closes: dict[str, pd.Series] = field(default_factory=dict)
    bodies: dict[str, Reply] = field(default_factory=dict)
    currency: str = "USD"
    events: dict[str, dict[str, object]] = field(default_factory=dict)

    def __call__(self, request: Request) -> Reply:
        symbol = request.path.removeprefix("/v8/finance/chart/")
        if symbol in self.bodies:
            return self.bodies[symbol]
        first, last = (pd.Timestamp(int(request.query[name]), unit="s") for name in ("period1", "period2"))
        closes = self.closes[symbol]
        closes = closes[(closes.index >= first) & (closes.index <= last)]
        stamps = [int(day.tz_localize("America/New_York").timestamp()) for day in closes.index]
        meta = {"currency": self.currency, "exchangeTimezoneName": "America/New_York"}
        quote = {"quote": [{"close": closes.tolist()}]}
        result: dict[str, object] = {"meta": meta, "timestamp": stamps, "indicators": quote}
        if symbol in self.events:
            result["events"] = self.events[symbol]
        return Reply(json.dumps({"chart": {"result": [result]}}).encode())


@dataclass
class World:
    """The provider, its server, and the platform that asks it."""

    yahoo: Yahoo
    server: Loopback
    platform: Platform

    @property
    def source(self) -> Source:
        return self.platform.catalog.sources["yahoo_finance"]


@contextmanager
def world(home: Path, **options: object) -> Iterator[World]:
    """A market of the futures in the catalogue, up to Tuesday, 3 March 2026, and an empty home."""
    yahoo = Yahoo()
    with serving(yahoo) as server:
        chosen = Settings(home=home, sources="live", yahoo_finance_base_url=server.url, history_years=1, **options)  # type: ignore[arg-type]
        parts = platform(chosen)
        days = sessions("CMES", FIRST, pd.Timestamp("2026-03-03"))
        for number, entry in enumerate(parts.catalog.series_of("yahoo_finance", GROUP)):
            moves = 0.01 * np.random.default_rng(number).standard_normal(len(days))
            yahoo.closes[str(entry.symbol)] = pd.Series((100 * np.exp(np.cumsum(moves))).round(2), index=days)
        yield World(yahoo, server, parts)
