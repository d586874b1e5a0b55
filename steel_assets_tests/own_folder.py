"""A folder of one's own, open for one test in this process and forgotten afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from steel_assets.core import open_sets

PACKAGES = (
    "steel_assets.sources",
    "steel_assets.core.models",
    "steel_assets.core.features",
    "steel_assets.adapters.notifiers",
    "steel_assets.assets.checks",
)


@contextmanager
def own_folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; when the block ends, this process knows nothing of what was opened in it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    loaded = [name for name in PACKAGES if name in sys.modules]
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_sets, "_added", [])
        for name in loaded:
            patch.setattr(sys.modules[name], "__path__", [*sys.modules[name].__path__])
        yield folder
        for name in set(sys.modules) - before:
            if name.startswith(tuple(f"{package}." for package in PACKAGES)):
                del sys.modules[name]
