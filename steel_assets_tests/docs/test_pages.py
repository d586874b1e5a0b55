"""The site leaves nothing out, its reference says what the code says, and no link leads nowhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from steel_assets.adapters.notifiers import channels
from steel_assets.catalog import load_catalog
from steel_assets.cli.commands import COMMANDS
from steel_assets.settings import Settings
from steel_assets_tests.docs import reference
from steel_assets_tests.docs.pages import REFERENCE, anchors, generated, links, navigation, stage, written
from steel_assets_tests.docs.screenshots import PICTURES
from steel_assets_tests.isolation import ROOT

SETTING = re.compile(r"\bSTEEL_[A-Z_]+[A-Z]\b")
PAGES = written()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def test_the_navigation_names_every_page_once_and_none_that_is_not_there() -> None:
    assert sorted(navigation()) == sorted([*PAGES, *generated()])


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target, anchor in links(page):
        if target is None:
            continue
        assert (ROOT / target).exists(), f"{target} is not there"
        if anchor:
            assert anchor in anchors(target), f"{target} has no heading #{anchor}, it has {sorted(anchors(target))}"


def test_a_link_out_of_the_folder_of_its_page_is_followed_and_one_into_the_world_is_not() -> None:
    assert (Path("docs/costs.md"), "") in list(links(Path("deploy/README.md")))
    assert (Path("docs/operations.md"), "backups") in list(links(Path("deploy/README.md")))
    assert any(target is None for target, _ in links(Path("docs/glossary.md")))


def test_the_site_is_built_from_every_page_and_what_they_show_and_fetches_no_diagrams(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "older.md").write_text("of a page that is gone")
    stage(tmp_path / "site")
    found = {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert {*PAGES, *generated()} <= found
    assert {Path(f"docs/{picture.name}.png") for picture in PICTURES} <= found
    assert Path("older.md") not in found
    assert "```mermaid" not in (tmp_path / "site" / "README.md").read_text()


def test_it_is_built_without_one_warning(tmp_path: Path) -> None:
    program = ROOT / ".venv-docs" / "bin" / "zensical"
    if not program.exists():
        pytest.skip("make docs was never run here")
    stage(tmp_path / "build" / "docs")
    (tmp_path / "zensical.toml").write_text((ROOT / "zensical.toml").read_text())
    done = subprocess.run([str(program), "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "build" / "site" / "docs" / "reference" / "cli.html").exists()


def test_the_reference_has_every_command_with_its_options(pages: dict[str, str]) -> None:
    told = pages["cli.md"]
    assert [name for name in COMMANDS if f"## `steel {name}`\n" not in told] == []
    for entry in ("### `steel backup restore`", "| `--replace`", "| `--as-of ", "| `FILE`"):
        assert entry in told


def test_the_reference_has_every_setting_that_is_read(pages: dict[str, str]) -> None:
    told = set(SETTING.findall(pages["settings.md"]))
    own = {f"STEEL_{name.upper()}" for name in Settings.model_fields} - {"STEEL_NAMED"}
    assert [name for name in own if f"`{name}" not in pages["settings.md"]] == []
    assert {name for source in load_catalog().sources.values() for name in source.variables} - told == set()
    assert {f"### {name}" for name, channel in channels().items() if channel.Config.model_fields} - set(
        pages["settings.md"].splitlines()
    ) == set()
    assert set(SETTING.findall((ROOT / "deploy" / "env.example").read_text())) - told - own == set()


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_reference_has_every_table_with_its_columns(pages: dict[str, str]) -> None:
    tables = reference.all_tables()
    assert len(tables) > 10
    for table in tables:
        part = pages["tables.md"].split(f"## `{table.name}`\n", 1)[1].split("\n## ", 1)[0]
        assert [column.name for column in table.columns if f"| `{column.name}` |" not in part] == [], table.name


def test_the_reference_has_every_asset_of_a_market_job_schedule_and_sensor(pages: dict[str, str]) -> None:
    told = pages["assets.md"]
    for name in ("hrc_us_midwest/forecasts", "raw/fred_api/economic_indicators", "publication"):
        assert f"### `{name}`\n" in told
    assert "### `scrap_turkey/" not in told, "the other markets have the same"
    for name in ("daily_data_update", "wrap_up", "published_completely", "0 2 * * *", "alert_delivery"):
        assert f"`{name}`" in told


def test_the_reference_has_every_route_and_what_it_answers(pages: dict[str, str]) -> None:
    told = pages["api.md"]
    for path in reference.openapi()["paths"]:
        assert re.search(rf"^## `[A-Z]+ {re.escape(path)}`$", told, re.MULTILINE), path
    assert "[Prediction](#prediction)" in told
    assert "## Prediction\n" in told


def test_what_would_be_read_as_html_is_escaped_and_code_is_not(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        plain = re.sub(r"`[^`\n]*`", "", text)
        assert "<" not in plain.replace("&lt;", ""), f"{REFERENCE}/{name}"


def test_the_lock_of_the_site_names_a_hash_for_each_package_and_no_index() -> None:
    text = (ROOT / "docs" / "site" / "requirements.lock").read_text()
    pinned = re.findall(r"^[a-z0-9._-]+==", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"==[^\n]* \\\n    --hash=sha256:", text)) > 5
    assert "://" not in text


def test_every_picture_of_a_page_is_made_by_the_script() -> None:
    shown = {target.name for page in PAGES for target, _ in links(page) if target and target.suffix == ".png"}
    assert shown == {f"{picture.name}.png" for picture in PICTURES}


def test_the_hooks_before_a_commit_are_the_tools_of_the_lock_and_those_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    called = {hook["entry"].split()[0] for hook in hooks}
    checked = re.search(r"^LINT +:= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert checked
    assert called == {f".venv/bin/{name}" for name in re.findall(r"\$\(BIN\)/([\w-]+)", checked[1])}
    assert {hook["language"] for hook in hooks} == {"system"}


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem)
def test_an_issue_template_has_what_the_code_host_wants(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "body"} <= set(form)
    fields = [entry for entry in form["body"] if entry["type"] != "markdown"]
    assert fields
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)


def test_the_glossary_has_ten_terms_each_with_literature() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert len(rows) == 10
    for term, meaning, literature in rows:
        assert len(meaning) > 40, term
        assert "](https://" in literature, term
        for path in re.findall(r"`(core/[\w/]+\.py)`", meaning):
            assert (ROOT / "steel_assets" / path).exists(), path
