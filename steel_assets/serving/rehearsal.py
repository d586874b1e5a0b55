"""Makes all answers from a new snapshot before it is served; if one fails, it is refused and the former one is kept.

Whoever can write to the store can write numbers in place of texts. Here every answer, and the page of every market, is made once.
"""

from __future__ import annotations

from contextlib import suppress

from steel_assets.adapters.lake.snapshots import AGAIN, SnapshotDamaged
from steel_assets.core.service_use import summary
from steel_assets.serving import ahead, answers, explanation, plan, state, variants
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.shape import Shape
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import Words


def rehearse(snapshot: Snapshot, now: float, *, pages: bool = True) -> Snapshot:
    """``snapshot``, after every answer was made from it at ``now`` (Unix seconds), and every page if ``pages``.

    Raises:
        SnapshotDamaged: one could not be made; the message says why.
    """
    try:
        _answer(snapshot, now, pages=pages)
    except Exception as error:
        words = " ".join(f"{error}".split())[:160]
        raise SnapshotDamaged(f"it cannot be answered from ({type(error).__name__}: {words}); {AGAIN}") from error
    return snapshot


def _answer(snapshot: Snapshot, now: float, *, pages: bool) -> None:
    made: list[Shape] = [
        answers.about(snapshot, ""),
        answers.markets(snapshot, now),
        answers.models(snapshot, None),
        answers.metrics(snapshot, None, None, None),
        answers.experiments(snapshot, None),
    ]
    variants.check(snapshot)
    with suppress(RequestRefused):
        made.append(answers.prediction_detail(snapshot, now))
    found = state.incidents(snapshot, now)
    markets = [market["id"] for market in (snapshot["catalogue"] or {}).get("markets", [])]
    for market in markets:
        made.append(answers.scorecard(snapshot, market))
        with suppress(RequestRefused):
            made.append(answers.forecasts(snapshot, market, None, now))
            made.append(explanation.explanation(snapshot, market, now))
        with suppress(RequestRefused):
            made.append(ahead.averages(snapshot, market, now))
            made.append(ahead.odds_on_last_day(snapshot, market, now))
            made.append(plan.first_plan(snapshot, market, now, Words("en")))
        with suppress(RequestRefused):
            made.append(ahead.analysis(snapshot, market, now))
    if pages:
        _show(snapshot, now, found, markets)
    for answer in [*made, state.alerts(found, now)]:
        answer.to_json()


def _show(snapshot: Snapshot, now: float, found: list[state.ShownIncident], markets: list[str]) -> None:
    """Make the page of every market once; without markets, the page for none."""
    from steel_assets.serving.page import page
    from steel_assets.serving.rendering import rendered

    each: list[str | None] = [*markets] or [None]
    for market in each:
        shown = page(
            snapshot,
            [],
            summary([]),
            found,
            words=Words("es"),
            market=market,
            horizon=None,
            now=now,
            open_here=False,
            user=None,
        )
        rendered("dashboard.html", "es", {}, **shown)
