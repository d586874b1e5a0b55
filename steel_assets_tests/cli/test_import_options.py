"""``steel import``: what it says of a file, the preview, the mapping it saves, and many series of one file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from steel_assets_tests.sources.workbooks import xlsx
from steel_assets_tests.steel import Steel

SERIES = "series:\n" + "".join(f"  - {{id: c{month:02d}, name: Contract, unit: USD/t}}\n" for month in range(1, 16))
DOTS = "Datum;Preis\n13.03.2024;987\n14.03.2024;995\n15.03.2024;1.012\n18.03.2024;1.020\n"


@pytest.fixture
def user(tmp_path: Path) -> Steel:
    steel = Steel(tmp_path, {"STEEL_CATALOG_DIR": "mine", "STEEL_SOURCES": "files"})
    (tmp_path / "mine" / "series").mkdir(parents=True)
    (tmp_path / "mine" / "series" / "mine.yaml").write_text(SERIES)
    return steel


def test_a_preview_shows_everything_and_writes_nothing_and_the_mapping_it_saves_reads_the_next_file(user: Steel) -> None:
    (user.folder / "a.csv").write_text(DOTS)
    refused = user("import", "a.csv", "--series", "c01", "--preview")
    assert refused.returncode == 2
    assert "could be 1012 or 1.012; say --decimal , (1012) or --decimal . (1.012)" in refused.stderr

    shown = user("import", "a.csv", "--series", "c01", "--decimal", ",", "--preview", "--save-mapping", "next.yaml")
    assert shown.returncode == 0, shown.stderr
    for said in (
        "4 rows would be read, 987 to 1020",
        "2024-03-15  1012",
        "separator: semicolon",
        "day first",
        "▁",
        "nothing was imported",
    ):
        assert said in shown.stdout
    assert user.files() == {}

    mapping = yaml.safe_load((user.folder / "next.yaml").read_text())
    assert mapping == {"series": "c01", "date_column": ["Datum"], "day_first": True, "value_column": "Preis", "decimal": ","}
    done = user.json("import", "a.csv", "--mapping", "next.yaml")
    assert (done["rows_read"], done["rows_new_or_changed"]) == (4, 4)
    assert done["assumed"]["figures"] == "column 'Preis': decimal comma (--decimal)"
    assert done["left_out"] == {}

    again = user("import", "a.csv", "--series", "c02", "--decimal", ",", "--preview", "--save-mapping", "next.yaml")
    assert again.returncode == 2
    assert "next.yaml exists already with other content" in again.stderr


def test_a_curve_of_fifteen_contracts_is_one_command_and_all_or_nothing(user: Steel) -> None:
    names = [f"M{month:02d}" for month in range(1, 16)]
    rows: list[list[object]] = [
        ["Date", *names],
        *([f"2024-03-{day}", *(600.0 + month for month in range(15))] for day in (13, 14)),
    ]
    (user.folder / "curve.xlsx").write_bytes(xlsx({"Curve": rows}))
    columns = {name: f"c{month:02d}" for month, name in enumerate(names, start=1)}
    (user.folder / "curve.yaml").write_text(yaml.safe_dump({"columns": columns}))
    done = user.json("import", "curve.xlsx", "--mapping", "curve.yaml")
    assert {name: one_series["rows_new_or_changed"] for name, one_series in done["series"].items()} == dict.fromkeys(
        columns.values(), 2
    )

    before = user.files()
    rows.append(["2024-03-15", *(601.0 for _ in range(14)), "soon"])
    (user.folder / "curve.xlsx").write_bytes(xlsx({"Curve": rows}))
    refused = user("import", "curve.xlsx", "--mapping", "curve.yaml")
    assert refused.returncode == 2
    assert "row 4, column 'M15': 'soon' is not a number" in refused.stderr
    assert user.files() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--series: say which series"),
        (("--series", "c01", "--decimal", "x"), "--decimal: Input should be '.' or ','"),
        (("--series", "c01", "--where", "commodity"), "'commodity' is not COLUMN=VALUE"),
        (("--series", "c01", "--day-first", "--month-first"), "exclude each other"),
        (("--series", "c01", "--encoding", "latin-99"), "--encoding: there is no encoding 'latin-99'"),
        (("--series", "c01", "--scale", "-1"), "--scale: Input should be greater than 0"),
        (("--mapping", "none.yaml"), "none.yaml: no such file"),
        (("--mapping", "wrong.yaml"), "wrong.yaml: colour: Extra inputs are not permitted; a mapping may say series, columns"),
        (("--series", "c01", "--sheet", "P"), "--sheet is for Excel workbooks"),
    ],
)
def test_an_option_that_cannot_be_is_named(user: Steel, arguments: tuple[str, ...], says: str) -> None:
    (user.folder / "a.csv").write_text("date,price\n2024-03-13,612.5\n")
    (user.folder / "wrong.yaml").write_text("series: c01\ncolour: red\n")
    refused = user("import", "a.csv", *arguments)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert user.files() == {}


def test_a_file_can_be_looked_at_before_there_is_a_series(user: Steel) -> None:
    (user.folder / "a.csv").write_text("period,price €/t\n2024M01,612.5\n2024M02,610\n")
    shown = user.json("import", "a.csv", "--preview")
    assert shown["series"]["figures"]["first_rows"] == [["2024-01-01", 612.5], ["2024-02-01", 610.0]]
    assert shown["mapping"] == {"date_column": ["period"], "value_column": "price €/t", "decimal": "."}
