"""Parities in the catalogue: the shipped one is an example and says so, a company's own replaces it, mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from steel_assets.catalog import CatalogError, load_catalog

OWN = """
id: rebar_monterrey
name: Ours
place: Monterrey
market: rebar_fob_turkey
rate: usdmxn
terms:
  - {id: freight, name: Freight, amount: 55, unit: USD/t, date: 2026-11-02, source: quotation 117}
"""
DOMESTIC = """
series:
  - {id: rebar_here, name: Rebar here, unit: MXN/t}
  - {id: rebar_there, name: Rebar there, unit: USD/t}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("parity", "series"):
        (tmp_path / name).mkdir()
    (tmp_path / "series" / "here.yaml").write_text(DOMESTIC)
    return tmp_path


def test_every_shipped_figure_is_labelled_as_an_example() -> None:
    shipped = load_catalog().parity
    assert list(shipped) == ["rebar_monterrey"]
    for parity in shipped.values():
        assert parity.example
        assert {term.source for term in parity.terms} == {"example, edit"}
        assert all(term.note and term.name_es for term in parity.terms)


def test_one_declared_again_in_ones_own_folder_replaces_the_shipped_one(folder: Path) -> None:
    (folder / "parity" / "ours.yaml").write_text(OWN + "domestic: rebar_here\n")
    parity = load_catalog(folder).parity["rebar_monterrey"]
    assert (parity.name, parity.example, parity.domestic) == ("Ours", False, "rebar_here")
    assert [term.source for term in parity.terms] == ["quotation 117"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (OWN.replace("rebar_fob_turkey", "gold"), "parity rebar_monterrey: market 'gold' does not exist; known are "),
        (OWN.replace("usdmxn", "no_rate"), "parity rebar_monterrey: series no_rate are not declared"),
        (OWN.replace("usdmxn", "usdcny").replace("USD/t", "MXN/t"), "term freight is in MXN/t; write percent, USD/t or CNY/t"),
        (OWN.replace("usdmxn", "share_nucor"), "rate share_nucor is in USD, which exchanges no price in USD/t"),
        (OWN.replace("USD/t", "EUR/t"), "term freight is in EUR/t; write percent, USD/t or MXN/t"),
        (OWN.replace("55", "fifty"), r"terms\.0\.amount"),
        (OWN.replace("date: 2026-11-02, ", ""), r"terms\.0\.date"),
        (OWN + "domestic: rebar_there\n", "domestic rebar_there: a price in USD/t needs an exchange rate to become MXN/t"),
        (OWN + "domestic: rebar_nowhere\n", "series rebar_nowhere are not declared"),
        (OWN + "colour: red\n", "colour"),
    ],
)
def test_a_mistake_is_refused_and_named(folder: Path, content: str, says: str) -> None:
    (folder / "parity" / "ours.yaml").write_text(content)
    with pytest.raises(CatalogError, match=says):
        load_catalog(folder)
