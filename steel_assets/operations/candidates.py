"""What a training proposes: candidates under ``models/staging``, their walk-forward, and the announcement that names them."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from steel_assets.adapters.lake.damaged import UNREADABLE, plain_json, why_not
from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.models.store import ModelDamaged, ModelStore
from steel_assets.core.forecast import bundle_to_files
from steel_assets.core.models import PinnedFeatures
from steel_assets.core.tables import BACKTEST
from steel_assets.core.training import Candidate

CANDIDATES = "models/staging/candidates"
NAMED = re.compile(r"\d{8}T\d{4}Z-(?P<family>[a-z0-9_]+)-[0-9a-f]{8}")
"""What ``version_of`` calls one."""

log = logging.getLogger("steel.models")


def validation_key(market: str) -> str:
    """Where the newest candidate's walk-forward is: rows of tables.BACKTEST."""
    return f"predictions/validation/backtest/{market}.parquet"


def backtest(lake: Lake, market: str) -> pd.DataFrame:
    """The newest candidate's walk-forward.

    Raises:
        ObjectNotFound: before the first training.
        DamagedFile: it cannot be read; the next training writes it again.
    """
    return lake.read(validation_key(market), BACKTEST.enforce)


@dataclass(frozen=True)
class Announcement:
    """What the newest training of a market proposed: the moment as of which its data was known, and a version per horizon."""

    as_of: pd.Timestamp
    versions: dict[int, str]


def announced(lake: Lake, market: str) -> Announcement:
    """The newest candidates of ``market``.

    Raises:
        ObjectNotFound: before the first training.
        DamagedFile: it cannot be read; the next training writes it again.
    """
    key = f"{CANDIDATES}/{market}.json"
    content = lake.store.get(key)
    try:
        content_read = plain_json(content)
        as_of, versions = (
            pd.Timestamp(content_read["as_of"]),
            {int(h): str(version) for h, version in content_read["versions"].items()},
        )
        if as_of.tz is None or not versions:
            raise ValueError("it says no moment, or no version")
    except UNREADABLE as error:
        raise DamagedFile(key, content, f"{why_not(error)}; materialise candidate_models again") from error
    return Announcement(as_of, versions)


def family_of(models: ModelStore, market: str, horizon: int, version: str) -> str | None:
    """The family of a version of production; of a damaged one as its name says it, None where that says nothing."""
    try:
        manifest, _ = models.whole(market, horizon, version)
    except ModelDamaged as error:
        log.warning("%s", error)
        named = NAMED.fullmatch(version)
        return named.group("family") if named else None
    return str(manifest["family"])


def propose(lake: Lake, models: ModelStore, candidate: Candidate) -> dict[int, str]:
    """Save a market's candidates and their walk-forward, then announce them; the version of each horizon."""
    market = candidate.market
    versions = {h: _stage(models, candidate, h) for h in candidate.bundles}
    lake.write(validation_key(market), candidate.backtest, BACKTEST)
    announcement = {"market": market, "as_of": candidate.as_of.isoformat(), "versions": versions}
    lake.store.put(f"{CANDIDATES}/{market}.json", json.dumps(announcement).encode())
    return versions


def version_of(as_of: pd.Timestamp, family: str, files: Mapping[str, bytes]) -> str:
    """What a model is called that was fitted on what was known at ``as_of``: when, what and, by its hash, exactly which."""
    digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()[:8]
    return f"{as_of:%Y%m%dT%H%MZ}-{family}-{digest}"


def _stage(models: ModelStore, candidate: Candidate, horizon: int) -> str:
    """Save one horizon's candidate; its version."""
    bundle = candidate.bundles[horizon]
    files = bundle_to_files(bundle)
    version = version_of(candidate.as_of, bundle.family, files)
    manifest: dict[str, object] = {
        "family": bundle.family,
        "trained_as_of": candidate.as_of.isoformat(),
        "newest_origin": f"{candidate.origin:%Y-%m-%d}",
        "reason": candidate.choices[horizon].reason,
        "confidence": bundle.confidence,
    }
    if isinstance(bundle.model, PinnedFeatures) and bundle.model.pinned:
        manifest["features"] = list(bundle.model.pinned)
    if (experiment := candidate.choices[horizon].experiment) is not None:
        manifest["experiment"] = experiment
    models.save_candidate(candidate.market, horizon, version, files, manifest)
    return version
