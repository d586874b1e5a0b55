"""Published forecasts in the lake, signed if there is a key.

A forecast is a Parquet file that any program can read, so its signature is a separate file,
``predictions/signatures/<day>/<name>.json``: a signed document with the file's checksum, written before the file.
"""

from __future__ import annotations

import hashlib

import pandas as pd

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.lake.parquet import from_parquet, to_parquet
from steel_assets.adapters.objects.checksummed import Damaged, NotSigned, checksummed, unseal
from steel_assets.adapters.objects.object_store import ObjectNotFound
from steel_assets.core.table_schema import Table

FOLDER, SIGNATURES = "predictions/daily/", "predictions/signatures/"


class Publications:
    """Forecasts under ``predictions/daily/``."""

    def __init__(self, lake: Lake, signing_key: bytes | None) -> None:
        self._lake = lake
        self._key = signing_key

    def write(self, key: str, frame: pd.DataFrame, table: Table) -> None:
        """Publish ``frame`` under ``key``, its signature first."""
        content = to_parquet(table.enforce(frame))
        self._sign(key, content)
        self._lake.store.put(key, content)

    def read(self, key: str) -> pd.DataFrame:
        """The frame under ``key``.

        Raises:
            ObjectNotFound: there is none.
            NotSigned, Damaged: its signature is missing, of another key, or of another file.
        """
        content = self._lake.store.get(key)
        if self._key is not None:
            try:
                about = unseal(self._lake.store.get(_beside(key)), self._key)
            except ObjectNotFound:
                raise NotSigned("it is not signed, and STEEL_SIGNING_KEY is set") from None
            if about != _about(key, content):
                raise Damaged("its signature is of another file")
        return from_parquet(content)

    def sign(self, key: str) -> None:
        """Sign the present file, whoever wrote it.

        Raises:
            ObjectNotFound: there is none.
        """
        self._sign(key, self._lake.store.get(key))

    def _sign(self, key: str, content: bytes) -> None:
        if self._key is not None:
            self._lake.store.put(_beside(key), checksummed(_about(key, content), self._key))


def _beside(key: str) -> str:
    return f"{SIGNATURES}{key.removeprefix(FOLDER).removesuffix('.parquet')}.json"


def _about(key: str, content: bytes) -> dict[str, str]:
    return {"key": key, "content_sha256": hashlib.sha256(content).hexdigest()}
