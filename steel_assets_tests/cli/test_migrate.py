"""``steel migrate``: an installation of an older release, whose service answers again after one command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from steel_assets.cli.main import app
from steel_assets.settings import settings
from steel_assets_tests.serving.sample import publish
from steel_assets_tests.steel import ROOT


@pytest.mark.slow
def test_one_command_shows_the_days_and_publishes_and_done_again_it_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = publish(tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "lake" / "published", ignore_errors=True)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    first = CliRunner().invoke(app, ["migrate"])
    assert first.exit_code == 0, first.output
    assert " 0 days of issue" not in first.output
    pointer = parts.snapshots.pointer()
    assert pointer is not None
    assert pointer.version in first.output
    again = CliRunner().invoke(app, ["migrate"])
    assert "0 assets and 0 days of issue; 0 incidents" in again.output
    assert parts.snapshots.pointer() == pointer, "nothing changed, nothing was published anew"


def test_a_folder_without_an_instance_says_so_and_nothing_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    refused = CliRunner().invoke(app, ["migrate"])
    assert refused.exit_code != 0
    assert "no dagster.yaml in this folder" in f"{refused.output} {refused.exception}"
    assert not (tmp_path / "home" / "lake").exists()
