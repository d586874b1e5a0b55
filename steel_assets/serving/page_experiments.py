"""The dashboard's view of a market's experiments: what is compared, the state, and the evidence by day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from steel_assets.core.words import phrase
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords

STATES = {
    "collecting": (phrase("collecting: nothing is decided yet"), ""),
    "won": (phrase("won: better than the model in force"), "good"),
    "harmful": (phrase("harmful: worse than the model in force"), "bad"),
    "inconclusive": (phrase("inconclusive: its planned days are over"), "warn"),
    "stopped": (phrase("stopped by a person"), "warn"),
}
"""State → its text and tone."""

METRICS = {
    "pinball": phrase("pinball loss of all quantiles"),
    "absolute_error": phrase("absolute error of the forecast"),
}


def experiments(snapshot: Snapshot, market: str, now: float, words: PageWords) -> list[dict[str, Any]]:
    """The experiments in which ``market`` takes part, as declared; empty without any."""
    return [_shown(snapshot, experiment, now, words) for experiment in snapshot["experiments"] if market in experiment["markets"]]


def _shown(snapshot: Snapshot, experiment: Mapping[str, Any], now: float, words: PageWords) -> dict[str, Any]:
    text, tone = STATES[experiment["state"]]
    return {
        **experiment,
        "state_text": words(text),
        "tone": tone,
        "metric": words(METRICS[experiment["metric"]]),
        "markets": [words.name(snapshot.market(market) or {"name": market}) for market in experiment["markets"]],
        "horizons": [words.span(horizon) for horizon in experiment["horizons"]],
        "passed": _days_passed(snapshot, experiment, now),
    }


def _days_passed(snapshot: Snapshot, experiment: Mapping[str, Any], now: float) -> int:
    """The planned days that have passed, up to the newest evaluation if it is over."""
    zone = ZoneInfo((snapshot["catalogue"] or {}).get("zone", "UTC"))
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    over = experiment["state"] in ("won", "harmful", "inconclusive")
    until = date.fromisoformat(experiment["looked"]) if over else today
    return min(max((until - date.fromisoformat(experiment["start"])).days, 0), experiment["planned_days"])
