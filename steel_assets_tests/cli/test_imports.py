"""A wrong import taken back: what every command says before, in between and afterwards."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from steel_assets_tests.steel import Steel

SERIES = "series:\n  - {id: wire_rod, name: Wire rod, unit: USD/t}\n"
MARKET = """
id: wire_rod
name: Wire rod
commodity: wire_rod
region: brazil
target: {series: wire_rod, unit: USD/t}
horizons: [1]
"""
DAYS = pd.bdate_range("2024-01-02", periods=45)


@pytest.fixture(scope="module")
def steel(tmp_path_factory: pytest.TempPathFactory) -> Steel:
    """A user whose file has a column with the tax and one without."""
    folder = tmp_path_factory.mktemp("user")
    found = Steel(folder, {"STEEL_CATALOG_DIR": "mine", "STEEL_SOURCES": "files"})
    for name, text in (("series", SERIES), ("markets", MARKET)):
        (folder / "mine" / name).mkdir(parents=True)
        (folder / "mine" / name / "mine.yaml").write_text(text)
    fob = pd.Series([500.0 + number % 7 for number in range(45)])
    pd.DataFrame({"date": DAYS, "incl_vat": 1.2 * fob, "fob": fob}).to_csv(folder / "two.csv", index=False)
    return found


def test_a_wrong_column_is_withdrawn_and_nobody_ever_knew_it(steel: Steel) -> None:
    wrong = steel.json("import", "two.csv", "--series", "wire_rod", "--value-column", "incl_vat")
    refused = steel("import", "two.csv", "--series", "wire_rod", "--value-column", "fob")
    assert refused.returncode == 2
    assert "--correction" in refused.stderr
    assert "--revision" in refused.stderr
    steel.json("import", "two.csv", "--series", "wire_rod", "--value-column", "fob", "--revision")
    listed = steel.json("imports", "list")
    assert [
        (problem["file"], problem["rows_new"], problem["state"], problem["options"]["value_column"]) for problem in listed
    ] == [
        ("two.csv", 45, "revision", "fob"),
        ("two.csv", 45, "in effect", "incl_vat"),
    ]
    raw = steel.files("raw-data/file-import/files")
    done = steel.json("imports", "withdraw", wrong["import"], "--reason", "with tax")
    assert done == {"withdrawn": wrong["import"], "again": False, "markets": ["wire_rod"]}
    assert steel.json("forecast", "wire_rod", "--as-of", "2024-03-02")[0]["last_price"] == 501
    assert steel.files("raw-data/file-import/files") == raw
    shown = steel("imports", "show", wrong["import"])
    assert "withdrawn" in shown.stdout
    assert "with tax" in shown.stdout


def test_an_import_that_is_not_there_and_two_answers_at_once_are_refused(steel: Steel) -> None:
    refused = steel("imports", "withdraw", "nothing", "--reason", "x")
    assert refused.returncode == 2
    assert "steel imports list" in refused.stderr
    refused = steel("import", "two.csv", "--series", "wire_rod", "--correction", "--revision")
    assert refused.returncode == 2
    assert "not both" in refused.stderr


def test_status_says_what_lies_in_the_drop_folder(steel: Steel) -> None:
    state = {"notes": {"alone.csv": "a table without a mapping"}}
    name = sha256(str(Path(".steel") / "drop").encode()).hexdigest()[:16]
    (steel.lake / "state" / "drop").mkdir(parents=True)
    (steel.lake / "state" / "drop" / f"{name}.json").write_text(json.dumps(state))
    told = json.loads(steel("status", "--json").stdout)
    [sources] = [area for area in told["areas"] if area["area"] == "sources"]
    assert "drop folder: alone.csv: a table without a mapping" in [source["text"] for source in sources["why"]]
