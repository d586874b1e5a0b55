"""A folder of one's own adds members to the open sets; what cannot be one is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from steel_assets import sources
from steel_assets.core.models import model_families
from steel_assets.core.open_sets import PluginError, members, open_to, opened
from steel_assets.sources import connectors
from steel_assets_tests.own_folder import own_folder

TIN = "def collect(series, known, moment, access): ...\n"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A folder with a source in it."""
    with own_folder(tmp_path) as folder:
        (folder / "sources").mkdir()
        (folder / "sources" / "tin_exchange.py").write_text(TIN)
        yield folder


def test_what_is_in_the_folder_is_a_member_and_what_is_hidden_is_not(own: Path) -> None:
    (own / "sources" / "_draft.py").write_text(TIN)
    shipped = set(connectors())
    open_to(own)
    open_to(own)
    assert set(connectors()) == shipped | {"tin_exchange"}
    assert opened() == (own.resolve(),)
    assert "not_there" not in members(sources.__name__)


def test_a_set_that_was_read_before_the_folder_was_opened_is_read_again(own: Path) -> None:
    before = model_families()
    (own / "models").mkdir()
    (own / "models" / "still.py").write_text(
        "from steel_assets.core.models.naive import Naive\n\n\nclass Still(Naive):\n    family = 'still'\n"
    )
    open_to(own)
    assert set(model_families()) == {*before, "still"}


def test_the_name_of_a_shipped_member_is_refused_and_never_silently_ignored(own: Path) -> None:
    (own / "sources" / "fred_api.py").write_text(TIN)
    open_to(own)
    with pytest.raises(PluginError, match=r"mine/sources/fred_api.py: .*steel_assets/sources/fred_api.py has that name already"):
        connectors()


def test_a_file_that_cannot_be_imported_is_named_with_the_reason(own: Path) -> None:
    (own / "sources" / "broken.py").write_text("import no_such_library\n")
    open_to(own)
    with pytest.raises(PluginError, match=r"sources/broken.py: cannot be imported: ModuleNotFoundError: .*no_such_library"):
        connectors()


@pytest.mark.parametrize("place", ["tin_exchange.py", "source/tin_exchange.py"])
def test_a_file_that_belongs_to_no_set_is_refused_with_the_sets(own: Path, place: str) -> None:
    (own / place).parent.mkdir(exist_ok=True)
    (own / place).write_text(TIN)
    with pytest.raises(PluginError, match=rf"mine/{place}: is in no known subfolder; put it into sources/, models/"):
        open_to(own)


def test_a_folder_that_everybody_can_write_is_not_run(own: Path) -> None:
    (own / "sources").chmod(0o777)
    with pytest.raises(PluginError, match="sources: other users can write to it"):
        open_to(own)


def test_a_folder_that_is_not_there_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"STEEL_PLUGINS_DIR names .*nowhere, which is not a folder"):
        open_to(tmp_path / "nowhere")
