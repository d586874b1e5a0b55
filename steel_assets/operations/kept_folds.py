"""Finished folds of trainings in the lake: one file per market and horizon, read before a training and written after it.

A file is only an aid: without it, or if it is damaged, the folds are computed again. It holds the folds that the last training
used and no others, so its size is that of the walk-forward. Each fold has its own checksum.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from steel_assets import core
from steel_assets.adapters.lake.lake import DamagedFile, Lake
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.fold_digests import SIZE
from steel_assets.core.intervals import stored_levels
from steel_assets.core.kept_folds import KeptFold
from steel_assets.core.open_sets import opened

FOLDER = "processed-data/folds"
INSTALLED = (".dist-info", ".egg-info")


def load(lake: Lake, market: str, horizon: int) -> dict[bytes, KeptFold]:
    """The folds that the last training of a horizon used, by digest; none if there was none, or the file is damaged."""
    found: dict[bytes, KeptFold] = {}
    try:
        lake.read(_key(market, horizon), lambda frame: _read(frame, found))
    except ObjectNotFound:
        return {}
    except DamagedFile as error:
        lake.set_aside(error)
        return {}
    return found


def save(lake: Lake, market: str, horizon: int, folds: Mapping[bytes, KeptFold]) -> str:
    """Keep ``folds`` instead of those before; return the file's address."""
    frame = pd.DataFrame(
        {
            "fold": list(folds),
            "levels": [kept.levels for kept in folds.values()],
            "rows": [list(kept.points) for kept in folds.values()],
            "points": [np.fromiter(kept.points.values(), float) for kept in folds.values()],
            "model": [kept.model for kept in folds.values()],
            "sha256": [_checksum(digest, kept) for digest, kept in folds.items()],
        }
    )
    return lake.write(_key(market, horizon), frame)


def code() -> bytes:
    """The digest of what computes a fold in this process, beside its data.

    It is that of every file of ``steel_assets.core`` and of the folders of one's own, of all installed distributions with their
    versions, of Python and of the kind of processor, by which numerical libraries choose their instructions.
    """
    return _code(opened())


@lru_cache(maxsize=8)
def _code(own: tuple[Path, ...]) -> bytes:
    digest = sha256(repr((sys.version, platform.machine(), np.show_config(mode="dicts"), _distributions())).encode())
    for folder in (Path(core.__file__).parent, *own):
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.digest()


def _distributions() -> list[str]:
    """Name and version of all that is installed, as its folders are named."""
    places = [Path(place) for place in sys.path if Path(place).is_dir()]
    return sorted({entry.name for place in places for entry in place.iterdir() if entry.name.endswith(INSTALLED)})


def _read(frame: pd.DataFrame, found: dict[bytes, KeptFold]) -> pd.DataFrame:
    """Put the folds of a stored frame into ``found``.

    Raises:
        KeyError, TypeError, ValueError: it has another form than ``save`` wrote, or another content.
    """
    columns = [frame[name] for name in ("fold", "levels", "rows", "points", "model", "sha256")]
    for fold, levels, rows, points, model, checksum in zip(*columns, strict=True):
        if not all(isinstance(digest, bytes) and len(digest) == SIZE for digest in (fold, *rows)):
            raise TypeError("its digests are none")
        kept = KeptFold(stored_levels(levels), dict(zip(rows, map(float, points), strict=True)), bytes(model))
        if checksum != _checksum(fold, kept):
            raise ValueError("a fold does not fit its checksum")
        found[fold] = kept
    return frame


def _checksum(digest: bytes, kept: KeptFold) -> bytes:
    points = np.fromiter(kept.points.values(), float)
    return sha256(b"".join((digest, kept.levels.tobytes(), *kept.points, points.tobytes(), kept.model))).digest()


def _key(market: str, horizon: int) -> str:
    return f"{FOLDER}/{market}/{horizon}.parquet"
