"""Makes all answers from a new snapshot before it is served; if one fails, it is refused and the former one is kept.

Whoever can write to the store can write numbers in place of texts. Here every answer, and the page of every market, is made once.
"""

from __future__ import annotations

from contextlib import suppress

from steel_assets.adapters.lake.snapshots import AGAIN, SnapshotDamaged
from steel_assets.core.service_use import summary
from steel_assets.serving import ahead, explanation, plan, response_bodies, state, variants
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.shape import Shape
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords


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
        response_bodies.about(snapshot, ""),
        response_bodies.markets(snapshot, now),
        response_bodies.models(snapshot, None),
        response_bodies.metrics(snapshot, None, None, None),
        response_bodies.experiments(snapshot, None),
    ]
    variants.check(snapshot)
    with suppress(RequestRefused):
        made.append(response_bodies.prediction_detail(snapshot, now))
    found = state.incidents(snapshot, now)
    markets = [market["id"] for market in (snapshot["catalogue"] or {}).get("markets", [])]
    for market in markets:
        made.append(response_bodies.scorecard(snapshot, market))
        with suppress(RequestRefused):
            made.append(response_bodies.forecasts(snapshot, market, None, now))
            made.append(explanation.explanation(snapshot, market, now))
        with suppress(RequestRefused):
            made.append(ahead.averages(snapshot, market, now))
            made.append(ahead.odds_on_last_day(snapshot, market, now))
            made.append(plan.first_plan(snapshot, market, now, PageWords("en")))
        with suppress(RequestRefused):
            made.append(ahead.analysis(snapshot, market, now))
    if pages:
        _show(snapshot, now, found, markets)
    for shape in [*made, state.alerts(found, now)]:
        shape.to_json()


def _show(snapshot: Snapshot, now: float, incidents: list[state.ShownIncident], markets: list[str]) -> None:
    """Make the page of every market once; without markets, the page for none."""
    from steel_assets.serving.page import page
    from steel_assets.serving.rendering import rendered

    each: list[str | None] = [*markets] or [None]
    for market in each:
        shown = page(
            snapshot,
            [],
            summary([]),
            incidents,
            words=PageWords("es"),
            market=market,
            horizon=None,
            now=now,
            open_here=False,
            user=None,
        )
        rendered("dashboard.html", "es", {}, **shown)
