"""The sensor ``old_files`` and ``steel lake compact`` keep a day's cost the same, a piece at a time, and lose nothing."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from typer.testing import CliRunner

from steel_assets.adapters.alerts.records import HISTORY
from steel_assets.adapters.lake import pictures
from steel_assets.assets.sensors import old_files
from steel_assets.bootstrap import Platform, platform
from steel_assets.cli.main import app
from steel_assets.core.service_use import FOLDER
from steel_assets.settings import Settings

NOW = pd.Timestamp.now("UTC").floor("s")
DAYS = 10
GROUP = "raw-data/fred-api/inflation_data/"
AGING = (FOLDER, HISTORY, pictures.FOLDER)
"""Folders whose files are deleted for their age."""


@pytest.fixture
def parts(tmp_path: Path) -> Platform:
    """Ten closed days of one group; measurements, alerts and pictures of today and of long ago."""
    found = platform(Settings(home=tmp_path / ".steel"))
    for number in range(DAYS):
        at = NOW - pd.Timedelta(days=DAYS + 2 - number)
        row = {"series": "cpi", "period": at.tz_localize(None).normalize(), "value": float(number), "published_at": at}
        row |= {"collected_at": at, "source": "fred_api", "simulated": True}
        found.lake.append_observations(pd.DataFrame([row]), "fred-api", "inflation_data")
    for age in (0, 2000):
        day = NOW - pd.Timedelta(days=age)
        found.store.put(f"{FOLDER}/{day:%Y-%m-%d}/08-p.jsonl", b"")
        found.store.put(f"{HISTORY}{day:%Y-%m}/a-1.json", b"{}")
        found.store.put(pictures.key_of(day, "rebar_fob_turkey", "forecast"), b"<svg/>")
    return found


def ticked(parts: Platform) -> str:
    """What the sensor says of one tick."""
    with dg.DagsterInstance.ephemeral() as instance:
        said = old_files.old_files(
            dg.build_sensor_context(instance=instance, resources={"catalog": parts.catalog, "lake": parts.lake})
        )
    assert isinstance(said, dg.SkipReason)
    return str(said.skip_message)


def files(parts: Platform, prefix: str = GROUP) -> list[str]:
    return list(parts.store.list(prefix))


def test_a_tick_compacts_what_is_closed_and_deletes_what_is_older_than_the_catalogue_keeps_it(parts: Platform) -> None:
    before = parts.lake.observations()
    said = ticked(parts)
    assert said.startswith(f"{DAYS} raw files compacted, 0 deleted that were compacted before, 1 files of measurements, 1 of")
    assert len(files(parts)) == DAYS + 1, "others may read by a listing of before"
    assert [len(files(parts, prefix)) for prefix in AGING] == [1, 1, 1]
    pd.testing.assert_frame_equal(platform(parts.settings).lake.observations(), before)
    assert ticked(parts).startswith("0 raw files compacted, 0 deleted")


def test_a_tick_whose_time_is_over_leaves_the_rest_to_the_next(parts: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parts.lake.observations()
    monkeypatch.setattr(old_files, "SECONDS", 0.0)
    said = ticked(parts)
    assert said.endswith("the next round goes on")
    assert [len(files(parts, prefix)) for prefix in AGING] == [2, 2, 2], "nothing was deleted after its time"
    pd.testing.assert_frame_equal(platform(parts.settings).lake.observations(), before)
    monkeypatch.undo()
    ticked(parts)
    assert [len(files(parts, prefix)) for prefix in AGING] == [1, 1, 1]


def test_by_hand_the_same_is_done_and_an_hour_later_what_was_compacted_is_deleted(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = parts.lake.observations()
    monkeypatch.setattr("steel_assets.cli.compact.platform", lambda: parts)
    done = CliRunner().invoke(app, ["lake", "compact", "--json"])
    assert done.exit_code == 0, done.output
    raw = {"compacted": DAYS, "deleted": 0, "remaining": False}
    assert json.loads(done.stdout) == {"raw": raw, "measurements": 1, "alerts": 1, "pictures": 1}
    monkeypatch.setattr("steel_assets.cli.compact.now", lambda: NOW + pd.Timedelta(hours=2))
    later = CliRunner().invoke(app, ["lake", "compact"])
    assert f"0 raw files compacted, {DAYS} deleted that were compacted before" in later.stdout
    assert len(files(parts)) == 1
    pd.testing.assert_frame_equal(platform(parts.settings).lake.observations(), before)


def test_fewer_days_than_are_worth_it_are_left_and_one_file_is_never_enough(
    parts: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steel_assets.cli.compact.platform", lambda: parts)
    few = CliRunner().invoke(app, ["lake", "compact", "--least", f"{DAYS + 1}"])
    assert few.stdout.startswith("0 raw files compacted")
    assert len(files(parts)) == DAYS
    refused = CliRunner().invoke(app, ["lake", "compact", "--least", "1"])
    assert refused.exit_code == 2
    assert "--least" in refused.output
