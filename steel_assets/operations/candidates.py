"""The result of a training: candidates in ``models/staging``, their walk-forward, and an announcement that names them."""

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
"""The form of the names that ``version_of`` makes."""

log = logging.getLogger("steel.models")


def validation_key(market: str) -> str:
    """Key of the newest candidates' walk-forward: rows of tables.BACKTEST."""
    return f"predictions/validation/backtest/{market}.parquet"


def backtest(lake: Lake, market: str) -> pd.DataFrame:
    """The newest candidates' walk-forward.

    Raises:
        ObjectNotFound: before the first training.
        DamagedFile: it cannot be read; the next training writes it again.
    """
    return lake.read(validation_key(market), BACKTEST.enforce)


@dataclass(frozen=True)
class Announcement:
    """The newest training of a market: the moment as of which its data were known, and a version per horizon."""

    as_of: pd.Timestamp
    versions: dict[int, str]


def announced(lake: Lake, market: str) -> Announcement:
    """The announcement of the newest candidates of ``market``.

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
    """The model family of a production version; for a damaged file from its name, None if the name does not tell."""
    try:
        manifest, _ = models.whole(market, horizon, version)
    except ModelDamaged as error:
        log.warning("%s", error)
        named = NAMED.fullmatch(version)
        return named.group("family") if named else None
    return str(manifest["family"])


def propose(lake: Lake, models: ModelStore, candidate: Candidate) -> dict[int, str]:
    """Save a market's candidates and their walk-forward, then announce them; return each horizon's version."""
    market = candidate.market
    versions = {h: _stage(models, candidate, h) for h in candidate.bundles}
    lake.write(validation_key(market), candidate.backtest, BACKTEST)
    announcement = {"market": market, "as_of": candidate.as_of.isoformat(), "versions": versions}
    lake.store.put(f"{CANDIDATES}/{market}.json", json.dumps(announcement).encode())
    return versions


def version_of(as_of: pd.Timestamp, family: str, files: Mapping[str, bytes]) -> str:
    """The version name of a model fitted on data known at ``as_of``: time, family, and a hash of its files."""
    digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()[:8]
    return f"{as_of:%Y%m%dT%H%MZ}-{family}-{digest}"


def _stage(models: ModelStore, candidate: Candidate, horizon: int) -> str:
    """Save one horizon's candidate; return its version."""
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
