"""Training a market's candidates: only on data that is good enough, with the champions' families always among them."""

import logging

from steel_assets.adapters.model_store import ModelDamaged, ModelNotSigned
from steel_assets.bootstrap import Platform
from steel_assets.core.training import Candidate
from steel_assets.operations import candidates, feature_store, histories
from steel_assets.operations.side_by_side import train_market
from steel_assets.operations.trust import quality_score

log = logging.getLogger("steel.models")


class NotTrained(RuntimeError):
    """A market's data is not good enough to learn from."""


def train_candidate(platform: Platform, market: str) -> tuple[Candidate, dict[int, str]]:
    """Walk every family through the market's history, fit the chosen ones on all of it, and propose them.

    Returns:
        The candidate, and its version in `models/staging` by horizon.

    Raises:
        NotTrained: the market's quality score is below the catalogue's.
    """
    acceptance = platform.catalog.rules.acceptance
    history = histories.load(platform, market)
    score = quality_score(platform, market, history.as_of)
    if score < acceptance.quality_score:
        raise NotTrained(f"data quality {score:.2f} is below {acceptance.quality_score}: nothing was trained; see data_quality")
    features = feature_store.load(platform, history)
    candidate = train_market(history, features, _champions(platform, market), acceptance.window)
    return candidate, candidates.propose(platform, candidate)


def _champions(platform: Platform, market: str) -> dict[int, str]:
    """The family in production at each horizon that has one. A damaged champion is none: its successor is trained now."""
    found = {}
    for horizon in platform.catalog.markets[market].horizons:
        try:
            pointer = platform.models.mended(market, horizon)
        except ModelNotSigned:
            raise
        except ModelDamaged as error:
            log.warning("%s", error)
            platform.models.give_up(market, horizon)
            continue
        if pointer is not None and (family := candidates.family_of(platform, market, horizon, pointer.version)):
            found[horizon] = family
    return found
