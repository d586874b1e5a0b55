"""The drop folder under a real daemon: a writer that stalls in the middle of a number, and files that nobody can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from steel_assets.adapters.lake.lake import Lake
from steel_assets.adapters.objects.object_store import LocalFolder
from steel_assets_tests.assets.sensors.test_daemon import daemon, prepared, wait_for

MODULE = "steel_assets_tests.assets.sensors.drop_definitions"
SERIES = {"series": [{"id": "mine", "name": "Mine", "unit": "USD/t"}]}
RULES = {"imports": {"drop": {"quiet_seconds": 0}}}


@pytest.mark.slow
def test_a_file_that_stalls_in_the_middle_of_a_number_is_imported_whole_and_its_neighbours_each_get_a_word(
    tmp_path: Path, project_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(tmp_path)
    (tmp_path / "catalog" / "rules.yaml").write_text(json.dumps(RULES))
    (tmp_path / "catalog" / "series").mkdir()
    (tmp_path / "catalog" / "series" / "mine.yaml").write_text(json.dumps(SERIES))
    monkeypatch.setenv("STEEL_SOURCES", "files")
    drop = tmp_path / "home" / "drop"
    drop.mkdir(parents=True)
    (drop / "slow.yaml").write_text("series: mine\n")
    (drop / "without.csv").write_text("Date,Price\n2024-03-13,612.5\n")

    def looks() -> int:
        log = tmp_path / "daemon.log"
        return log.read_text().count("nothing new in") if log.exists() else 0

    with daemon(tmp_path, "http://127.0.0.1:9", project_root, MODULE), (drop / "slow.csv").open("w") as file:
        file.write("Date,Price\n2024-03-13,612.5\n2024-03-14,610.0\n2024-03-15,6")
        file.flush()
        wait_for(lambda: looks() >= 3)
        assert not (drop / "done").exists()
        file.write("08.0\n2024-03-18,607.5\n2024-03-19,609.0\n")
        file.close()
        wait_for(lambda: any((drop / "done").glob("*slow.csv")))
        before = looks()
        wait_for(lambda: looks() > before)
    rows = Lake(LocalFolder(tmp_path / "home" / "lake")).observations(["mine"])
    assert dict(zip(rows["period"].dt.strftime("%m-%d"), rows["value"], strict=True)) == {
        "03-13": 612.5,
        "03-14": 610.0,
        "03-15": 608.0,
        "03-18": 607.5,
        "03-19": 609.0,
    }
    assert "without.csv" in " ".join(path.name for path in (drop / "notes").iterdir())
