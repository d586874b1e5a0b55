"""Connectors are found by their file."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest

from steel_assets import sources
from steel_assets.catalog import load_catalog
from steel_assets.sources import Collection, connector, connectors


def test_every_provider_of_the_catalogue_has_a_connector_and_every_connector_a_provider() -> None:
    providers = {source.id for source in load_catalog().sources.values() if source.kind == "api"}
    assert set(connectors()) == providers


@pytest.mark.parametrize("source", connectors())
def test_every_connector_keeps_fetch_and_parse_apart(source: str) -> None:
    module = connector(source)
    assert list(inspect.signature(module.collect).parameters) == ["series", "known", "moment", "access"]
    assert "access" in inspect.signature(module.fetch).parameters  # type: ignore[attr-defined]
    assert "access" not in inspect.signature(module.parse).parameters  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["file_import", "nobody", "_gather"])
def test_what_is_no_connector_is_named_with_those_that_are(name: str) -> None:
    with pytest.raises(LookupError, match=f"source '{name}' has no connector; there are alpha_vantage, fred_api"):
        connector(name)


def test_a_new_file_is_found_and_a_hidden_one_is_not(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    for name in ("tin_exchange", "_draft"):
        (tmp_path / f"{name}.py").write_text("def collect(series, known, moment, access): ...\n")
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    shipped = {source.id for source in load_catalog().sources.values() if source.kind == "api"}
    assert set(connectors()) == shipped | {"tin_exchange"}


def test_a_source_that_was_not_asked_says_why() -> None:
    nothing = Collection.nothing("not asked: STEEL_SOURCES=files")
    assert nothing.notes == {"not asked: STEEL_SOURCES=files": 0}
    assert nothing.observations.empty
    assert isinstance(nothing.observations, pd.DataFrame)
