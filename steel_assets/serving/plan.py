"""The plan of a purchase, from published paths and the published record. Pure, as ``response_bodies``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from steel_assets.core.published_paths import NotAhead
from steel_assets.core.published_purchases import PublishedRecord
from steel_assets.core.published_purchases import plan as plan_of
from steel_assets.core.purchase_edge import NOTHING, SIGNIFICANCE, Edge
from steel_assets.core.purchase_plan import ROLLS, described
from steel_assets.core.purchase_terms import PurchaseError, Terms, per_tonne
from steel_assets.serving import schemas
from steel_assets.serving.ahead import about, in_force
from steel_assets.serving.errors import RequestRefused
from steel_assets.serving.snapshot import Snapshot
from steel_assets.serving.words import PageWords

LAST_ZONE = 12 * 3600
"""Seconds by which the last time zone is behind UTC: a day has passed when it has there."""


def plan(snapshot: Snapshot, purchase: schemas.Purchase, moment: float, words: PageWords) -> schemas.Plan:
    """The answer to POST /v1/plan; its sentences in the language of ``words``.

    Raises:
        RequestRefused: there is no such market or no paths of its forecast (404), no forecast of it (503), it is not priced by
            mass, or the paths do not reach the need (422).
    """
    try:
        row, paths = in_force(snapshot, purchase.market, moment)
    except RequestRefused as refused:
        if refused.status != 404:
            raise
        raise RequestRefused(404, f"market: {refused}", error=refused.error) from refused
    purchases = snapshot["outlooks"][purchase.market].get("purchases") or {}
    terms = Terms(purchase.holding_per_tonne_and_month, purchase.capital_a_year, purchase.contract)
    try:
        factor = per_tonne(row["unit"])
    except PurchaseError as error:
        raise RequestRefused(422, f"market: {purchase.market}: {error}") from error
    if purchase.by < datetime.fromtimestamp(moment - LAST_ZONE, UTC).date():
        raise RequestRefused(422, f"by: {purchase.by} has passed; ask about a day up to {paths.days[-1]}")
    try:
        need = paths.number(purchase.by)
        edge, reason = _edge(purchases, need, terms, len(paths.days))
        made = plan_of(paths, need, terms, edge, purchase.risk, factor=factor)
    except NotAhead as error:
        raise RequestRefused(422, f"by: {error}") from error
    said = described(
        made, tonnes=purchase.tonnes, day=purchase.by.isoformat(), terms=terms, appetite=purchase.risk, unit=row["unit"]
    )
    said["edge"]["text"] = _text(edge, words)
    notes = [reason, ROLLS if purchases.get("rolls") else None]
    return schemas.Plan.of(
        about(snapshot, row, paths, moment),
        said,
        question=purchase,
        advice=words(made.advised.text, **made.advised.values),
        notes=[words(note) for note in notes if note],
        language=words.language,
    )


def first_plan(snapshot: Snapshot, market: str, moment: float, words: PageWords) -> schemas.Plan:
    """The plan of a purchase on the last day of the paths that has not passed, which uses all of them.

    Raises:
        RequestRefused: as ``plan``.
    """
    _, paths = in_force(snapshot, market, moment)
    day = date.fromisoformat(paths.days[-1])
    return plan(snapshot, schemas.Purchase(market=market, tonnes=1.0, by=day), moment, words)


def _edge(purchases: dict[str, Any], need: int, terms: Terms, reach: int) -> tuple[Edge, str | None]:
    """The edge from the market's record, and the reason if there is none."""
    content = purchases.get("record")
    if content is None:
        return NOTHING, purchases.get("problem") or "past purchases were not published; run steel publish"
    try:
        return PublishedRecord.parsed(content).edge(need, terms, reach), None
    except PurchaseError as error:
        return NOTHING, f"no past purchase can be told: {error}"


def _text(edge: Edge, words: PageWords) -> str:
    """The result of ``edge``, in the language of ``words``."""
    if edge.origins < edge.needed:
        return words(
            "{n} past purchases over as long a time are known, at least {needed} are needed to tell",
            n=edge.origins,
            needed=edge.needed,
        )
    p_value = f"{edge.p_value:.3f}"
    now, late, thirds = (f"{edge.rivals[name].saving:+,.1f}" for name in ("now", "late", "thirds"))
    return words(
        "buying by the forecast saved per tonne {now} against now, {late} against late, {thirds} against thirds, over {n} "
        "origins of which {length} neighbours overlap: p = {p}, below {level} wanted",
        now=now,
        late=late,
        thirds=thirds,
        n=edge.origins,
        length=edge.length,
        p=p_value,
        level=SIGNIFICANCE,
    )
