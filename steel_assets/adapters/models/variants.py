"""Models of experiments' variants: immutable versions, checked and signed like champions, never in force.

Layout::

    experiments/<experiment>/<market>/<horizon>/<version>/…
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steel_assets.adapters.models.files import Identity, read_version, write_version
from steel_assets.adapters.models.pruning import sweep
from steel_assets.adapters.objects.object_store import ObjectStore

KEPT = 2
"""Number of versions kept: the one in use, and the one before."""


@dataclass(frozen=True)
class Variants:
    """The models of variants in one store.

    Attributes:
        signing_key: signs what is written; what is not signed with it is refused.
    """

    store: ObjectStore
    signing_key: bytes | None

    def versions(self, experiment: str, market: str, horizon: int) -> list[str]:
        """Every version with any file, in the order of their names."""
        root = _root(experiment, market, horizon)
        return sorted({key.removeprefix(root).partition("/")[0] for key in self.store.list(root)})

    def save(
        self, experiment: str, market: str, horizon: int, version: str, files: Mapping[str, bytes], manifest: Mapping[str, Any]
    ) -> None:
        """Store a version, then delete all but the newest ``KEPT``. A repeated call changes nothing.

        Raises:
            ModelStoreError: a name, a size or the manifest is not acceptable, or the version exists with other content.
        """
        root = _root(experiment, market, horizon)
        write_version(self.store, f"{root}{version}", Identity(market, horizon, version), files, manifest, self.signing_key)
        sweep(self.store, root, self.versions(experiment, market, horizon)[:-KEPT])

    def load(self, experiment: str, market: str, horizon: int, version: str) -> dict[str, bytes]:
        """The files of a version, every byte checked.

        Raises:
            ModelNotFound, ModelDamaged: it does not exist, is not what was saved, or is not signed.
        """
        folder = f"{_root(experiment, market, horizon)}{version}"
        return read_version(self.store, folder, Identity(market, horizon, version), signing_key=self.signing_key).files


def _root(experiment: str, market: str, horizon: int) -> str:
    return f"experiments/{experiment}/{market}/{horizon}/"
