"""What the service knows of a market from the parts it has read, to check the plausibility of a new forecast."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from steel_assets.core.plausible import MarketRecord, latest_moment


class Parts(Protocol):
    """The parts of a snapshot that are needed."""

    def __getitem__(self, name: str) -> Any:
        """The content of a part."""


def record_of(parts: Parts, market: str) -> MarketRecord | None:
    """What is known of ``market``; None before its prices were read."""
    about: Mapping[str, Any] | None = parts["prices"].get(market)
    if not about or "low" not in about:
        return None
    versions: dict[int, frozenset[str]] = {}
    for row in parts["champions"]:
        if row["market"] == market and row["switches"]:
            versions[int(row["horizon"])] = frozenset(switch["version"] for switch in row["switches"])
    sanity = (parts["catalogue"] or {}).get("sanity") or {}
    moves = {int(horizon): float(move) for horizon, move in about["moves"].items()}
    return MarketRecord(about["unit"], about["low"], about["high"], moves, versions, **sanity)


def latest_moment_of(parts: Parts, now: float) -> float:
    """The last moment at which a forecast can have been issued: ``now``, unless the clock is behind the newest price."""
    days = [about["dates"][-1] for about in parts["prices"].values() if about.get("dates")]
    newest = datetime.fromisoformat(max(days)).replace(tzinfo=UTC).timestamp() if days else 0.0
    return latest_moment(now, newest)
