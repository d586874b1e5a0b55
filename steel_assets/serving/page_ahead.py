"""The dashboard's averages, odds and analysis. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from steel_assets.core.analysis.sentences import sentence_in
from steel_assets.core.published_paths import PublishedPaths
from steel_assets.core.words import phrase
from steel_assets.serving.ahead import OddsQuestion, analysis_age, averages, in_force, level_of, odds, question
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords

SIDES = {"above": phrase("above"), "below": phrase("below")}
ABOUT = {
    "average": phrase("average of {what}"),
    "on": phrase("price on {what}"),
    "by": phrase("any close up to {what}"),
}
QUESTION = phrase("{what} {side} {level} {unit}")
NO_PRICE = phrase("Write a price above zero, as 640 or 640.5.")
DAYS = {
    "known": phrase("{n} known"),
    "carried": phrase("{n} late"),
    "drawn": phrase("{n} ahead"),
}
BEYOND = phrase("{n} beyond")


@dataclass(frozen=True)
class OddsForm:
    """The fields of the page's form, as sent."""

    side: str | None = None
    level: str | None = None
    when: str | None = None


NOTHING_ASKED = OddsForm()


def ahead(snapshot: Snapshot, market: str, form: OddsForm, now: float, words: PageWords) -> dict[str, Any] | None:
    """Averages and the requested odds, else those of the first complete average after the current month.

    None without paths. A choice that does not exist is replaced by the default one; an invalid price is refused.
    """
    try:
        row, paths = in_force(snapshot, market, now)
    except RequestRefused:
        return None
    rows = averages(snapshot, market, now).averages
    choices = _choices(snapshot, market, paths, words)
    usual = [name for name in choices if name.startswith("average:")][1:2] or list(choices)
    when = form.when if form.when in choices else usual[0]
    side = "below" if form.side == "below" else "above"
    text = form.level if form.level is not None else f"{row['last_price']:.0f}"
    found: dict[str, Any] = {
        "averages": [
            {
                "id": row.period,
                "name": words.period(row.period),
                "q": row.quantiles,
                "days": ", ".join(
                    words(text, n=count) for name, text in DAYS.items() if (count := getattr(row.trading_days, name))
                ),
                "beyond": words(BEYOND, n=row.trading_days.beyond) if row.trading_days.beyond else None,
            }
            for row in rows
        ],
        "in_part": not all(row.whole for row in rows),
        "to": paths.days[-1],
        "paths": f"{paths.count:,}",
        "choices": [{"id": name, "name": label} for name, label in choices.items()],
        "sides": {name: words(label) for name, label in SIDES.items()},
        "when": when,
        "side": side,
        "level": text,
        "refused": None,
    }
    level = level_of(text.strip())
    if level is None:
        return found | {"refused": words(NO_PRICE)}
    answer = odds(snapshot, market, _question(side, level, when), now)
    sentence = words(QUESTION, what=choices[when], side=words(SIDES[side]), level=f"{level:,.10g}", unit=row["unit"])
    return found | {"question": sentence, "chance": answer.chance, "error": answer.standard_error}


def past(snapshot: Snapshot, market: str, now: float, words: PageWords) -> dict[str, Any] | None:
    """The market's analysis in the page's language, findings separately; None before the first."""
    said = snapshot["analysis"].get(market)
    if said is None:
        return None
    series = (snapshot["catalogue"] or {}).get("series", {})
    names = {name: words.name(declared) for name, declared in series.items()}
    statements = said["statements"]
    texts = [(statement["finding"], _said(statement, len(statements), names, words)) for statement in statements]
    return {
        "first_day": said["from"],
        "day": said["day"],
        "sessions": f"{said['sessions']:,}",
        "stale": analysis_age(snapshot, market, said, now)["stale"],
        "findings": [text for finding, text in texts if finding],
        "others": [text for finding, text in texts if not finding],
        "unsaid": len(said["unsaid"]),
    }


def _said(statement: Mapping[str, Any], among: int, names: Mapping[str, str], words: PageWords) -> str:
    """A statement in the page's language; one of an unknown kind in its stored English."""
    try:
        return sentence_in(statement, among, names, words)
    except (KeyError, IndexError, TypeError, ValueError):
        return str(statement["sentence"])


def _choices(snapshot: Snapshot, market: str, paths: PublishedPaths, words: PageWords) -> dict[str, str]:
    """The possible choices: complete averages, then the published days, each by its option's value."""
    found = {
        f"average:{period.name}": words(ABOUT["average"], what=words.period(period.name))
        for period in paths.periods
        if period.whole
    }
    days = [row["target_date"] for row in snapshot.forecast(market) or []]
    for about in ("on", "by"):
        found |= {f"{about}:{day}": words(ABOUT[about], what=words.day(day)) for day in days if day in paths.days}
    return found


def _question(side: str, level: float, when: str) -> OddsQuestion:
    about, _, what = when.partition(":")
    return question(
        above=level if side == "above" else None,
        below=level if side == "below" else None,
        average=what if about == "average" else None,
        on=date.fromisoformat(what) if about == "on" else None,
        by=date.fromisoformat(what) if about == "by" else None,
    )
