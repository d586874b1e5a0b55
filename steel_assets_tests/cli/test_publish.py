"""``steel publish``, and the commands after which the service would otherwise tell something that is no longer so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from steel_assets.adapters.lake.snapshots import parsed
from steel_assets.adapters.objects.object_store import ObjectStoreError
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.main import app
from steel_assets.operations import importing
from steel_assets.settings import Settings, settings
from steel_assets_tests.serving.sample import issue_again
from steel_assets_tests.serving.sample import publish as lived_through

MARKET = "rebar_fob_turkey"
KEY = "a key of this installation"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a year was published; not to be changed."""
    home = tmp_path_factory.mktemp("whole") / "home"
    lived_through(home)
    return home


@pytest.fixture
def parts(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    home = Path(shutil.copytree(whole, tmp_path / "home"))
    monkeypatch.setenv("STEEL_HOME", str(home))
    settings.cache_clear()
    return platform(Settings(home=home, sources="sandbox"))


def steel(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def published(parts: Platform, name: str) -> Any:
    pointer = parts.snapshots.pointer()
    assert pointer is not None
    return parsed(parts.snapshots.content(pointer))[name].content


def test_publishing_says_what_is_in_force_and_again_that_nothing_changed(parts: Platform) -> None:
    issue_again(parts, MARKET, 571.0, pd.Timestamp.now("UTC").floor("s"), publishing=False)
    first = json.loads(steel("publish", "--json").stdout)
    assert first["changed"]
    assert len(first["forecasts"]) == 5
    assert parts.snapshots.pointer().version == first["version"]  # type: ignore[union-attr]
    again = steel("publish")
    assert again.exit_code == 0
    assert f"nothing has changed since {first['version']}" in again.stdout


def test_what_is_not_whole_is_named_and_is_exit_code_one(parts: Platform) -> None:
    path = parts.settings.lake_path / issue_again(parts, MARKET, 571.0, pd.Timestamp.now("UTC").floor("s"), publishing=False)
    path.write_bytes(b"garbage")
    done = steel("publish")
    assert done.exit_code == 1
    assert path.name in "".join(done.stdout.split())


def test_after_a_rollback_the_service_tells_which_model_is_in_force(parts: Platform) -> None:
    before = {row["version"] for row in published(parts, "champions") if (row["market"], row["horizon"]) == (MARKET, 1)}
    assert steel("rollback", MARKET, "--horizon", "1", "--version", "20260601-rebar-h1").exit_code == 0
    after = {row["version"] for row in published(parts, "champions") if (row["market"], row["horizon"]) == (MARKET, 1)}
    assert (before, after) == ({"20260701-rebar-h1"}, {"20260601-rebar-h1"})
    assert published(parts, "ledger")[0]["decision"] == "rolled_back"


def test_after_a_withdrawal_and_its_restoration_the_service_marks_the_forecasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEEL_HOME", str(tmp_path))
    monkeypatch.setenv("STEEL_SOURCES", "files")
    settings.cache_clear()
    parts = platform()
    figures = pd.DataFrame({"period": pd.bdate_range("2024-01-02", periods=30), "value": [500.0 + day for day in range(30)]})
    offer = importing.FileToImport(file="prices.csv", sha256="0" * 64, figures={"lme_rebar_m01": figures}, by="ana")
    done = importing.import_table(
        parts.catalog, parts.lake, parts.imports, parts.home, offer, pd.Timestamp.now("UTC").floor("s") - pd.Timedelta(days=1)
    )
    assert steel("publish").exit_code == 0
    assert published(parts, "withdrawn") == []
    assert steel("imports", "withdraw", done.entry.id, "--reason", "VAT").exit_code == 0
    [told] = published(parts, "withdrawn")
    assert (told["file"], MARKET in told["markets"]) == ("prices.csv", True)
    assert steel("imports", "restore", done.entry.id, "--reason", "it was right").exit_code == 0
    assert published(parts, "withdrawn") == []


def test_what_was_published_before_the_key_counts_once_somebody_says_so(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEEL_SIGNING_KEY", KEY)
    settings.cache_clear()
    signed = platform()
    assert steel("sign", "--yes").exit_code == 0
    assert len(published(signed, "latest")) == 5
    assert signed.snapshots.pointer() is not None


def test_before_the_first_publication_no_command_publishes(parts: Platform) -> None:
    shutil.rmtree(parts.settings.lake_path / "published")
    assert steel("rollback", MARKET, "--horizon", "1", "--version", "20260601-rebar-h1").exit_code == 0
    assert parts.snapshots.pointer() is None


def test_what_a_command_did_stays_done_where_publishing_fails_and_the_remedy_is_named(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ObjectStoreError("No space left on device", "full")

    monkeypatch.setattr("steel_assets.cli.publish.put_in_force", full)
    done = steel("rollback", MARKET, "--horizon", "1", "--version", "20260601-rebar-h1")
    assert done.exit_code == 0
    assert "No space left" in done.stderr
    assert "steel publish" in done.stderr
    pointer = parts.models.production(MARKET, 1)
    assert pointer is not None
    assert pointer.version == "20260601-rebar-h1"
