"""The snapshot that the service answers from: every published part, in memory, replaced as a whole.

The publication in force is used as it is, with one exception: a forecast in it that is implausible is refused and named, and the
market's former one is kept. A part that cannot be read keeps its former content, with the reason and the time of its last
reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from steel_assets.adapters.lake.snapshots import Pointer, PublishedPart
from steel_assets.core.plausible import MarketRecord, why_not
from steel_assets.core.publication_parts import EMPTY, GONE, emptied
from steel_assets.core.published import checked
from steel_assets.core.types import MarketFrequency
from steel_assets.serving.market_records import latest_moment_of, record_of

LIVE: Mapping[str, Any] = {"incidents": []}
"""Parts that the service reads itself, with their initial content: the open incidents of the alert state.

They change between two publications, and the page must show the same state as the alerts.
"""

NOTHING: Mapping[str, Any] = {**EMPTY, **LIVE}
"""Every part before it is first read."""

MISSING = "this publication has none of it: it was written by another release"
NOT_READ_AGAIN = "kept from an earlier start; not read again yet"


@dataclass(frozen=True)
class SnapshotPart:
    """One part: its content, when it was read (Unix seconds), and why it could not be read since, if so."""

    content: Any
    read_at: float | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """All parts at one moment.

    Attributes:
        number: increases with every change that callers can see.
        refused: market → why its published forecast is implausible.
        away: why the present publication cannot be read; None if it was.
        version: of the publication; None before the first.
    """

    parts: Mapping[str, SnapshotPart] = field(
        default_factory=lambda: {name: SnapshotPart(content) for name, content in NOTHING.items()}
    )
    number: int = 0
    refused: Mapping[str, str] = field(default_factory=dict)
    away: str | None = None
    version: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.parts[name].content

    @property
    def problems(self) -> dict[str, str]:
        """Why parts are not up to date, by part; ``publication`` stands for all."""
        away = {"publication": self.away} if self.away else {}
        return away | {name: part.problem for name, part in self.parts.items() if part.problem}

    @property
    def simulated(self) -> bool:
        """Whether anything served is simulated."""
        rows = [entry["rows"][0] for entry in self["latest"].values() if entry.get("rows")]
        return any(row["simulated"] for row in rows) or bool((self["catalogue"] or {}).get("simulated"))

    def forecast(self, market: str) -> list[dict[str, Any]] | None:
        """The newest forecast of ``market``, one row per horizon; None before the first."""
        return (self["latest"].get(market) or {}).get("rows")

    @property
    def default_market(self) -> str | None:
        """The market answered by default; if the catalogue's has no source of prices, the first one published."""
        declared = (self["catalogue"] or {}).get("default_market")
        if declared is None or self.has_a_source(declared):
            return declared
        return next((market["id"] for market in self["catalogue"]["markets"] if self.forecast(market["id"])), declared)

    @property
    def stands_in(self) -> str | None:
        """Why another market than the catalogue's default is answered; None if it is the default."""
        declared, answered = (self["catalogue"] or {}).get("default_market"), self.default_market
        why = (self.market(declared) or {}).get("unfed") if declared and answered != declared else None
        return f"the default market {declared} has {why}; {answered} is shown instead" if why else None

    def has_a_source(self, market: str) -> bool:
        """Whether ``market`` has a source of prices: a provider that is asked for them, or earlier data."""
        entry = self["latest"].get(market) or {}
        return bool(entry.get("rows") or entry.get("problems")) or not (self.market(market) or {}).get("unfed")

    def withdrawn_import(self, market: str, as_of: str) -> str | None:
        """The withdrawn import that a forecast of ``market`` issued at ``as_of`` used, in words; None if there is none."""
        issued = datetime.fromisoformat(as_of)
        for withdrawal in self["withdrawn"]:
            if market in withdrawal["markets"] and datetime.fromisoformat(withdrawal["since"]) <= issued < datetime.fromisoformat(
                withdrawal["until"]
            ):
                return str(withdrawal["text"])
        return None

    def market(self, market: str) -> dict[str, Any] | None:
        """The market's declaration; None if there is no such market."""
        return next((declared for declared in (self["catalogue"] or {}).get("markets", []) if declared["id"] == market), None)

    def frequency(self, market: str) -> MarketFrequency:
        """The frequency of the price of ``market``; while the catalogue is not read, the lowest, which refuses least."""
        declared = self.market(market)
        found: MarketFrequency = "monthly" if declared is None else declared.get("frequency", "daily")
        return found

    def with_part(self, name: str, content: Any, problem: str | None, moment: float) -> Snapshot:
        """This snapshot after ``name`` was read at ``moment``, or could not be. Forecasts are not checked here."""
        old = self.parts.get(name)
        if old is None:
            return self
        if problem is None and emptied(name, content, old.content):
            problem = GONE
        if problem is not None:
            new = replace(old, problem=problem)
        elif name == "latest":
            new = SnapshotPart(_kept_where_none(old.content, content), moment)
        else:
            new = SnapshotPart(content, moment)
        changed = new.content != old.content or new.problem != old.problem
        return replace(self, parts={**self.parts, name: new}, number=self.number + changed)

    def with_published(self, published: Mapping[str, PublishedPart], pointer: Pointer, now: float) -> Snapshot:
        """This snapshot after a publication was read: all its parts, and those of its forecasts that are plausible at ``now``.

        Raises:
            ValueError: a published forecast is not valid.
        """
        after, as_of = self, pointer.as_of.timestamp()
        for name in EMPTY:
            part = published.get(name, PublishedPart(None, MISSING))
            read_at = datetime.fromisoformat(part.read_at).timestamp() if part.read_at else as_of
            if name in published:
                after = after.with_part(name, part.content, None, read_at)
            if part.problem is not None:
                after = after.with_part(name, None, part.problem, read_at)
        issues = {market: _known_by(now, market, past, after.frequency(market)) for market, past in after["issues"].items()}
        latest = after.parts["latest"]
        parts = {
            **after.parts,
            "issues": replace(after.parts["issues"], content=issues),
            "latest": replace(latest, content=self["latest"]),
        }
        known = replace(self, parts=parts, number=self.number + 1, away=None, version=pointer.version)
        return known.believing(latest.content, now)

    def believing(self, published: Mapping[str, Any], now: float) -> Snapshot:
        """This snapshot with those forecasts of the published part ``latest`` that are plausible at ``now``.

        A market's implausible forecast is named in ``refused``, and the one in this snapshot is kept if it is plausible.

        Raises:
            ValueError: rows are not a forecast of their market.
        """
        latest, refused = _believed(self, published, now)
        if latest == self["latest"] and refused == self.refused:
            return self
        parts = {**self.parts, "latest": replace(self.parts["latest"], content=latest)}
        return replace(self, parts=parts, refused=refused, number=self.number + 1)

    def without(self, away: str | None) -> Snapshot:
        """This snapshot with the reason why the present publication cannot be read; None: it was read."""
        return self if away == self.away else replace(self, away=away, number=self.number + 1)

    def to_json(self) -> bytes:
        """All parts, to be stored on disk."""
        return json.dumps({name: [part.content, part.read_at] for name, part in self.parts.items()}).encode()

    @staticmethod
    def from_json(content: bytes, now: float) -> Snapshot:
        """The snapshot that ``to_json`` stored, without forecasts that are implausible at ``now`` (Unix seconds).

        Raises:
            ValueError: it is damaged.
        """
        kept = json.loads(content)
        if not isinstance(kept, dict) or set(kept) != set(NOTHING):
            raise ValueError("not a kept snapshot")
        parts = {name: SnapshotPart(kept[name][0], kept[name][1]) for name in NOTHING}
        latest = parts["latest"]
        known = Snapshot({**parts, "latest": replace(latest, content={})}, 1, away=NOT_READ_AGAIN)
        return known.believing(latest.content, now)


def _kept_where_none(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``new`` market by market, with the former rows where it has none."""
    return {
        market: {"rows": entry["rows"] or (old.get(market) or {}).get("rows"), "problems": list(entry["problems"])}
        for market, entry in new.items()
    }


def _believed(snapshot: Snapshot, published: Mapping[str, Any], now: float) -> tuple[dict[str, Any], dict[str, str]]:
    """The plausible forecasts of the part ``latest`` at ``now``, and by market why others are not.

    Raises:
        ValueError: rows are not a valid forecast.
    """
    at_most = latest_moment_of(snapshot, now)
    latest, refused = {}, {}
    for market, entry in published.items():
        rows, record = entry["rows"], record_of(snapshot, market)
        reason = _why_not(snapshot, market, rows, record, at_most) if rows else None
        if reason is not None:
            refused[market] = f"the published forecast of {rows[0]['as_of']} is not believed: {reason}"
            former = (snapshot["latest"].get(market) or {}).get("rows")
            rows = former if former and _why_not(snapshot, market, former, record, at_most) is None else None
        latest[market] = {"rows": rows, "problems": entry["problems"]}
    return latest, refused


def _known_by(now: float, market: str, past: list[dict[str, Any]], frequency: MarketFrequency) -> list[dict[str, Any]]:
    """Past issues of ``market`` without those after ``now``.

    Raises:
        ValueError: one is not valid.
    """
    for issue in past:
        first = checked(issue["rows"])[0]
        if (market, issue["as_of"], issue["issued_date"]) != (first["market"], first["as_of"], first["issued_date"]):
            raise ValueError(f"the issue of {market}, {issue['as_of']}, is one of {first['market']}, {first['as_of']}")
    return [issue for issue in past if why_not(issue["rows"], None, now, frequency) is None]


def _why_not(snapshot: Snapshot, market: str, rows: list[dict[str, Any]], record: MarketRecord | None, now: float) -> str | None:
    if checked(rows)[0]["market"] != market:
        raise ValueError(f"the forecast of {market} is one of {rows[0]['market']}")
    return why_not(rows, record, now, snapshot.frequency(market))
