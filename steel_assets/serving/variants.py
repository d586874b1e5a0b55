"""Answers some API keys with an experiment's variant: with its forecast of the issue in force, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from steel_assets.core.experiment_share import has_variant
from steel_assets.core.plausible import why_not
from steel_assets.core.published import checked
from steel_assets.serving.market_records import latest_moment_of, record_of
from steel_assets.serving.snapshot import Snapshot

SAME = ("market", "as_of", "origin", "target_date", "last_price", "unit", "simulated")
"""Fields that a variant's row and the champion's must share; otherwise the champion's is answered."""


def takes_part(snapshot: Snapshot, key: str, moment: float) -> bool:
    """Whether the API key with id ``key`` gets the variant of any experiment at ``moment`` (Unix seconds)."""
    return any(True for _ in _of_key(snapshot, key, moment))


def given(snapshot: Snapshot, rows: Sequence[dict[str, Any]], key: str | None, moment: float) -> list[dict[str, Any]]:
    """``rows`` of the issue in force of one market, as the API key with id ``key`` gets them at ``moment`` (Unix seconds).

    A variant's row has ``model_variant``, the id of the experiment; of several, the one declared first.

    Args:
        key: None for callers without a key, who get the champions' rows.
    """
    if key is None:
        return list(rows)
    market, found = rows[0]["market"], {row["horizon"]: row for row in rows}
    variants: dict[int, dict[str, Any]] = {}
    for experiment in _of_key(snapshot, key, moment):
        shadow = experiment["shadows"].get(market)
        if not shadow or not _believed(snapshot, shadow, moment):
            continue
        for row in shadow:
            champion = found.get(row["horizon"])
            if champion is not None and all(row[name] == champion[name] for name in SAME):
                variants.setdefault(row["horizon"], {**row, "model_variant": experiment["id"]})
    return [variants.get(row["horizon"], row) for row in rows]


def check(snapshot: Snapshot) -> None:
    """Refuse a snapshot in which a variant's forecast is not valid.

    Raises:
        ValueError: one is not.
    """
    for experiment in snapshot["experiments"]:
        for market, rows in experiment["shadows"].items():
            if checked(rows)[0]["market"] != market:
                raise ValueError(f"the variant's forecast of {market} is one of {rows[0]['market']}")


def _of_key(snapshot: Snapshot, key: str, moment: float) -> Iterator[Mapping[str, Any]]:
    """The experiments whose variant ``key`` gets: those that still collect evidence."""
    for experiment in snapshot["experiments"]:
        if not experiment["shadows"] or experiment["state"] != "collecting":
            continue
        zone = ZoneInfo((snapshot["catalogue"] or {}).get("zone", "UTC"))
        today = datetime.fromtimestamp(moment, UTC).astimezone(zone).date()
        if today < date.fromisoformat(experiment["end"]) and has_variant(key, experiment["id"], experiment["keys_share"]):
            yield experiment


def _believed(snapshot: Snapshot, rows: list[dict[str, Any]], moment: float) -> bool:
    """Whether ``rows`` are plausible, by the rules of published forecasts; a variant was never in force."""
    market = rows[0]["market"]
    record = record_of(snapshot, market)
    record = replace(record, versions={}) if record else None
    return why_not(rows, record, latest_moment_of(snapshot, moment), snapshot.frequency(market)) is None
