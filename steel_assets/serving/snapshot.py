"""What the service answers from: the newest good copy of every published part, in memory, replaced whole.

A part that can no longer be read stays as it was, with the reason and the moment it was last good.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from steel_assets.core.published import NotAForecast, checked, parse_forecast

EMPTY: Mapping[str, Any] = {
    "catalogue": None,
    "latest": {},
    "prices": {},
    "exchange": None,
    "explanations": {},
    "champions": [],
    "sources": [],
    "issues": {},
    "scorecards": {},
    "ledger": [],
    "metrics": [],
    "costs": None,
    "quality": {},
    "drift": {},
    "incidents": [],
}
"""Every part and what it is before it was ever read."""

LASTING = frozenset({"latest", "prices", "issues", "scorecards", "metrics", "ledger", "champions"})
"""Parts that, once published, cannot honestly become empty: an empty reading means that the store is away."""


NOT_READ_AGAIN = "kept from an earlier start; not read again yet"


@dataclass(frozen=True)
class Part:
    """One part: its content, when that was read (Unix seconds), and why it could not be read since, if so."""

    content: Any
    read_at: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """All parts at one moment. ``number`` grows with every change that a caller could see."""

    parts: Mapping[str, Part] = field(default_factory=lambda: {name: Part(content) for name, content in EMPTY.items()})
    number: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.parts[name].content

    @property
    def problems(self) -> dict[str, str]:
        """Why parts are not up to date, by part."""
        return {name: part.problem for name, part in self.parts.items() if part.problem}

    @property
    def simulated(self) -> bool:
        """True when anything that is served is simulated."""
        rows = [entry["rows"][0] for entry in self["latest"].values() if entry.get("rows")]
        return any(row["simulated"] for row in rows) or bool((self["catalogue"] or {}).get("simulated"))

    def forecast(self, market: str) -> list[dict[str, Any]] | None:
        """The newest forecast of ``market``, one row per horizon; None before the first."""
        return (self["latest"].get(market) or {}).get("rows")

    def market(self, market: str) -> dict[str, Any] | None:
        """The market's declaration; None when there is no such market."""
        return next((one for one in (self["catalogue"] or {}).get("markets", []) if one["id"] == market), None)

    def with_part(self, name: str, content: Any, problem: str | None, moment: float) -> Snapshot:
        """This snapshot after ``name`` was read, or could not be."""
        old = self.parts.get(name)
        if old is None:
            return self
        if problem is None and name in LASTING and not content and old.content:
            problem = "nothing is there any more; what was read last is kept"
        if problem is not None:
            new = replace(old, problem=problem)
        elif name == "latest":
            new = Part(_newest(old.content, content), moment)
        else:
            new = Part(content, moment)
        changed = new.content != old.content or new.problem != old.problem
        return Snapshot({**self.parts, name: new}, self.number + changed)

    def with_cached(self, market: str, content: bytes) -> Snapshot:
        """This snapshot with a forecast from the cache, when it is whole and newer than what is here."""
        try:
            rows = parse_forecast(content)
        except NotAForecast:
            return self
        here = self.forecast(market)
        if rows[0]["market"] != market or (here and _moment(rows) <= _moment(here)):
            return self
        latest = {**self["latest"], market: {"rows": rows, "problems": []}}
        return Snapshot({**self.parts, "latest": replace(self.parts["latest"], content=latest)}, self.number + 1)

    def to_json(self) -> bytes:
        """All parts, to be kept on disk."""
        return json.dumps({name: [part.content, part.read_at] for name, part in self.parts.items()}).encode()

    @staticmethod
    def from_json(content: bytes) -> Snapshot:
        """What ``to_json`` kept. Raises ValueError when that is damaged."""
        kept = json.loads(content)
        if not isinstance(kept, dict) or set(kept) != set(EMPTY):
            raise ValueError("not a kept snapshot")
        for entry in kept["latest"][0].values():
            if entry.get("rows"):
                checked(entry["rows"])
        return Snapshot({name: Part(kept[name][0], kept[name][1], NOT_READ_AGAIN) for name in EMPTY}, 1)


def _newest(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Market by market the reading, unless it holds nothing whole or something older than what is served already."""
    merged = dict(old)
    for market, entry in new.items():
        here = (old.get(market) or {}).get("rows")
        older = here and entry["rows"] and _moment(entry["rows"]) < _moment(here)
        merged[market] = {"rows": here if older or not entry["rows"] else entry["rows"], "problems": entry["problems"]}
    return merged


def _moment(rows: list[dict[str, Any]]) -> datetime:
    return datetime.fromisoformat(rows[0]["as_of"])
