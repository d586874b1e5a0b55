"""Stage 4, model: every family walked forward through each market's history, and a candidate trained for each horizon."""

import hashlib
import json
from dataclasses import dataclass

import dagster as dg
import pandas as pd

from steel_assets.assets import features, histories
from steel_assets.assets.declare import MODEL_TEAM, per_market
from steel_assets.assets.every_market import check_spec, for_each_market
from steel_assets.assets.features import market_features
from steel_assets.assets.metadata import link, summary
from steel_assets.assets.processed import data_quality
from steel_assets.assets.side_by_side import Material, train_each
from steel_assets.assets.trust import quality_score
from steel_assets.bootstrap import Platform
from steel_assets.core.forecast import bundle_to_files
from steel_assets.core.tables import BACKTEST
from steel_assets.core.training import Candidate

CANDIDATES = "models/staging/candidates"


class NotTrained(RuntimeError):
    """A market's data is not good enough to learn from."""


@dg.asset(
    deps=[market_features, data_quality],
    check_specs=[check_spec("candidate_models")],
    description="Candidates in `models/staging`, one per market and horizon: the family whose past out-of-sample errors earn it, "
    "fitted on everything known now. Its walk-forward is in `predictions/validation`.",
    **per_market("model", "scikitlearn", "prophet", owner=MODEL_TEAM),
)
def candidate_models(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    material = {market: _material(platform, market) for market in context.partition_keys}
    trained = train_each(material, platform.catalog.rules.acceptance.window)

    def work(market: str) -> pd.DataFrame:
        candidate = trained[market]
        if isinstance(candidate, Exception):
            raise candidate
        versions = {h: _stage(platform, candidate, h) for h in candidate.bundles}
        platform.lake.write(validation_key(market), candidate.backtest, BACKTEST)
        announcement = {"market": market, "as_of": candidate.as_of.isoformat(), "versions": versions}
        platform.store.put(f"{CANDIDATES}/{market}.json", json.dumps(announcement).encode())
        return pd.DataFrame(
            {
                "market": market,
                "horizon": h,
                "version": versions[h],
                "family": bundle.family,
                "why": candidate.choices[h].reason,
            }
            for h, bundle in candidate.bundles.items()
        )

    outcome = for_each_market(context, work)
    return dg.MaterializeResult(
        metadata=summary(pd.concat(outcome.results.values())) | {"folder": link(platform.store.uri("models/staging"))},
        check_results=[outcome.check()],
    )


def _material(platform: Platform, market: str) -> Material | Exception:
    """What ``market`` is trained from, or why it is not."""
    acceptance = platform.catalog.rules.acceptance
    try:
        history = histories.load(platform, market)
        score = quality_score(platform, market, history.as_of)
        if score < acceptance.quality_score:
            raise NotTrained(
                f"data quality {score:.2f} is below {acceptance.quality_score}: nothing was trained; see data_quality"
            )
        return history, features.load(platform, history), _champions(platform, market)
    except Exception as error:  # noqa: BLE001 - raised again when this market's turn comes
        return error


def _champions(platform: Platform, market: str) -> dict[int, str]:
    """The family in production at each horizon that has one."""
    pointers = {h: platform.models.production(market, h) for h in platform.catalog.markets[market].horizons}
    return {
        h: platform.models.load("production", market, h, pointer.version)[0]["family"]
        for h, pointer in pointers.items()
        if pointer
    }


def validation_key(market: str) -> str:
    """Where the newest candidate's walk-forward is: rows of tables.BACKTEST."""
    return f"predictions/validation/backtest/{market}.parquet"


@dataclass(frozen=True)
class Announcement:
    """What the newest training of a market proposed: the moment it knew the world at, and a version per horizon."""

    as_of: pd.Timestamp
    versions: dict[int, str]


def announced(platform: Platform, market: str) -> Announcement:
    """The newest candidates of ``market``. Raises ObjectNotFound before the first training."""
    content = json.loads(platform.store.get(f"{CANDIDATES}/{market}.json"))
    return Announcement(pd.Timestamp(content["as_of"]), {int(h): version for h, version in content["versions"].items()})


def _stage(platform: Platform, candidate: Candidate, horizon: int) -> str:
    """Save one horizon's candidate under a version that says when, what and, by its hash, exactly which."""
    bundle = candidate.bundles[horizon]
    files = bundle_to_files(bundle)
    digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()[:8]
    version = f"{candidate.as_of:%Y%m%dT%H%MZ}-{bundle.family}-{digest}"
    manifest = {
        "family": bundle.family,
        "trained_as_of": candidate.as_of.isoformat(),
        "newest_origin": f"{candidate.origin:%Y-%m-%d}",
        "reason": candidate.choices[horizon].reason,
        "confidence": bundle.confidence,
    }
    platform.models.save_candidate(candidate.market, horizon, version, files, manifest)
    return version
