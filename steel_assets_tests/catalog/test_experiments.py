"""Experiments in the catalogue: none is shipped, one's own is read, and a mistake names its field and what would be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from steel_assets.catalog import CatalogError, load_catalog

DECLARED = {
    "id": "ridge_in_turkey",
    "name": "Ridge beside the champions of Turkey",
    "family": "ridge",
    "markets": "[rebar_fob_turkey, scrap_turkey]",
    "horizons": "[1, 5]",
    "metric": "pinball",
    "start": "2026-12-01",
    "planned_days": "365",
}


def declare(folder: Path, **changed: str | None) -> Path:
    """A catalogue folder with one experiment."""
    fields = DECLARED | changed
    (folder / "experiments").mkdir(exist_ok=True)
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    (folder / "experiments" / "trial.yaml").write_text("\n".join(lines) + "\n")
    return folder


def test_none_is_shipped() -> None:
    assert load_catalog().experiments == {}


def test_ones_own_experiment_is_read(tmp_path: Path) -> None:
    catalog = load_catalog(declare(tmp_path))
    [found] = catalog.experiments.values()
    assert (found.start, found.end, found.level, found.threshold) == (date(2026, 12, 1), date(2027, 12, 1), 0.05, 40.0)
    assert found.keys_share == 0, "nobody is given a variant unless it is said"
    assert catalog.experiments_of("scrap_turkey") == [found]
    assert catalog.experiments_of("iron_ore_62") == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"family": "rigde"}, r"family 'rigde' is not a model family; known are naive, .*STEEL_PLUGINS_DIR"),
        ({"markets": "[gold]"}, r"markets: 'gold' is not a market; known are "),
        ({"markets": "[]"}, r"markets: Tuple should have at least 1 item"),
        ({"horizons": "[2]"}, r"horizons: rebar_fob_turkey is not forecast 2 days ahead; its horizons are 1, 5, 21, 63"),
        ({"horizons": "[1, 1]"}, r"horizons: .*name each once"),
        ({"start": "01.12.2026"}, r"start: .*'01\.12\.2026' is not a day; write it as 2026-12-01"),
        ({"start": "2026-12-01T10:00:00"}, r"start: .*is not a day; write it as 2026-12-01"),
        ({"start": "20261201"}, r"start: .*20261201 is not a day"),
        ({"start": "2026-02-30"}, r"start: .*valid date|it is not YAML"),
        ({"start": None}, r"start: Field required"),
        ({"level": "0"}, r"level: Input should be greater than 0"),
        ({"level": "0.21"}, r"level: Input should be less than or equal to 0.2"),
        ({"metric": "mape"}, r"metric: Input should be 'pinball' or 'absolute_error'"),
        ({"planned_days": "7"}, r"planned_days: Input should be greater than or equal to 30"),
        ({"keys_share": "0.51"}, r"keys_share: Input should be less than or equal to 0.5"),
        ({"keys_share": "-0.1"}, r"keys_share: Input should be greater than or equal to 0"),
        ({"keys_share": ".nan"}, r"keys_share: Input should be"),
        ({"budget": "3"}, r"budget: there is no such key"),
        ({"id": "Trial 1"}, r"id: .*lower_snake_case"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_mistake_names_its_field_and_the_remedy(tmp_path: Path, changed: dict[str, str | None], named: str) -> None:
    with pytest.raises(CatalogError, match=named):
        load_catalog(declare(tmp_path, **changed))


def test_the_example_of_the_documentation_is_a_declaration(tmp_path: Path, project_root: str) -> None:
    page = (Path(project_root) / "docs/experiments.md").read_text()
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "example.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    assert len(load_catalog(tmp_path).experiments) == 1
