"""The table of mistakes in docs/testing.md is the one that ``steel_assets_tests.mutations`` makes, on lines that are there."""

from __future__ import annotations

import pytest

from steel_assets_tests.isolation import ROOT
from steel_assets_tests.mutations import MUTATIONS, Mutation, Unusable, mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_each_mistake_can_be_made_and_its_test_is_there(mutation: Mutation) -> None:
    text = (ROOT / "steel_assets" / mutation.path).read_text()
    assert mutated(mutation, text) != text
    file, _, name = mutation.test.partition("::")
    assert (ROOT / "steel_assets_tests" / file).exists()
    assert "def " + name.rpartition("::")[2] + "(" in "".join(
        path.read_text() for path in [ROOT / "steel_assets_tests" / file, *(ROOT / "steel_assets_tests/contracts").glob("*.py")]
    )


def test_a_line_that_is_gone_is_an_error() -> None:
    with pytest.raises(Unusable, match="holds 0 times, not once"):
        mutated(MUTATIONS[0], "another text")


def test_the_table_of_the_page_is_this_one() -> None:
    page = (ROOT / "docs" / "testing.md").read_text()
    assert [row for row in (mutation.row() for mutation in MUTATIONS) if row not in page] == []
