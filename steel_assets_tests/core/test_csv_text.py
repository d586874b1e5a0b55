"""CSV that every program reads: the standard's quoting, days and moments as ISO has them, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steel_assets.core.csv_text import BOM, csv_text, is_formula


def lines(*rows: tuple[Any, ...]) -> list[str]:
    return csv_text(["a", "b"], rows).split("\r\n")[1:-1]


def test_each_value_is_written_as_other_programs_read_it() -> None:
    moment = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert lines((date(2026, 11, 20), moment), (True, False), (571.25, -3), (None, float("nan"))) == [
        "2026-11-20,2026-11-20T08:00:00Z",
        "true,false",
        "571.25,-3",
        ",",
    ]


def test_commas_quotes_and_line_breaks_are_quoted_as_the_standard_says() -> None:
    assert csv_text(["a"], [['say "no", then\ngo'], ["ñandú"]]) == 'a\r\n"say ""no"", then\ngo"\r\nñandú\r\n'


def test_a_byte_order_mark_comes_first_and_only_when_it_is_asked_for() -> None:
    assert csv_text(["a"], [["x"]], bom=True) == f"{BOM}a\r\nx\r\n"
    assert not csv_text(["a"], [["x"]]).startswith(BOM)


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_that_would_be_run_as_a_formula_is_a_text(beginning: str) -> None:
    attack = f'{beginning}HYPERLINK("http://evil.test","click")'
    (_, (found, harmless)) = csv.reader(io.StringIO(csv_text(["a", "b"], [(attack, f"x{beginning}y")]), newline=""))
    assert found == f"'{attack}"
    assert harmless == f"x{beginning}y"


def test_a_figure_below_zero_stays_a_figure() -> None:
    assert lines((-3.5, -1e-07)) == ["-3.5,-1e-07"]


@pytest.mark.slow  # a hundred drawn tables
@given(st.lists(st.tuples(st.text(), st.floats(allow_nan=False)), min_size=1))
def test_what_was_written_is_read_back(rows: list[tuple[str, float]]) -> None:
    found = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows), newline="")))[1:]
    assert [float(figure) for _, figure in found] == [figure for _, figure in rows]
    assert [text for text, _ in found] == [f"'{text}" if is_formula(text) else text for text, _ in rows]
