"""The ``steel`` program as a user has it: a process of its own, in a folder of its own, with an environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steel_assets_tests.isolation import ROOT, outside
from steel_assets_tests.prepared import run

__all__ = ["ROOT", "Steel"]


@dataclass
class Steel:
    """A user's folder and the settings in it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "dagster.yaml", self.folder)

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run ``steel`` with ``arguments``; further settings for this run only."""
        return run(*arguments, folder=self.folder, environment=outside() | self.settings | settings)

    def json(self, *arguments: str, **settings: str) -> Any:
        """What ``steel … --json`` prints, parsed; the run must succeed."""
        done = self(*arguments, "--json", **settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def lake(self) -> Path:
        return self.folder / ".steel" / "lake"

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file of the lake below a prefix, by key."""
        root = self.lake / below
        return {
            path.relative_to(self.lake).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
