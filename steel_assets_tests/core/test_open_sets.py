"""A folder of one's own adds members to the open sets; what cannot be one is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from steel_assets import sources
from steel_assets.adapters.notifiers import channels
from steel_assets.core.features import build_features, feature_families
from steel_assets.core.models import model_families
from steel_assets.core.open_sets import PluginError, members, open_to, opened
from steel_assets.sources import connectors
from steel_assets_tests.core.synthetic import synthetic
from steel_assets_tests.own_folder import own_folder

MEAN = "from steel_assets.core.models import Calibrated\n\n\nclass Mean(Calibrated):"
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


def test_a_file_and_a_folder_of_one_name_are_not_taken_for_one_another(own: Path) -> None:
    (own / "sources" / "tin_exchange").mkdir()
    (own / "sources" / "tin_exchange" / "__init__.py").write_text(TIN)
    open_to(own)
    with pytest.raises(PluginError, match=r"sources/tin_exchange.py: the folder tin_exchange/ beside it has that name too"):
        connectors()


def test_a_file_that_cannot_be_imported_is_named_with_the_reason(own: Path) -> None:
    (own / "sources" / "broken.py").write_text("import no_such_library\n")
    open_to(own)
    with pytest.raises(PluginError, match=r"sources/broken.py: cannot be imported: ModuleNotFoundError: .*no_such_library"):
        connectors()


def test_a_file_that_ends_the_process_at_import_ends_only_itself_and_its_line_is_named(own: Path) -> None:
    (own / "sources" / "broken.py").write_text("import sys\n\nsys.exit(3)\n")
    open_to(own)
    with pytest.raises(PluginError, match=r"broken.py: cannot be imported: SystemExit: 3, line 3; mend it, or leave it out"):
        connectors()


@pytest.mark.parametrize(
    ("file", "text", "read", "says"),
    [
        (
            "sources/tin_exchange.py",
            "def colect(): ...\n",
            connectors,
            "a file of sources/ defines collect; this one lacks collect",
        ),
        (
            "features/friday.py",
            "def driver(column): ...\n",
            feature_families,
            "defines features and driver; this one lacks features",
        ),
        ("features/friday.py", "def features(history): ...\n", feature_families, "this one lacks driver. Add that, or, where"),
        ("notifiers/chat.py", "def build(config, home): ...\n", channels, "defines Config and build; this one lacks Config"),
        ("notifiers/chat.py", "def build(config, home): ...\nConfig = {}\n", channels, "Config must be a class that inherits"),
        ("models/mean.py", "class Mean: ...\n", model_families, "no class in it says its family, for example family"),
        ("models/mean.py", f"{MEAN}\n    family = 'mean'\n", model_families, "class Mean lacks complexity, points, significance"),
        ("models/mean.py", "class Mean:\n    family = 'mean'\n", model_families, "class Mean lacks applies, complexity, explain"),
    ],
)
def test_a_file_that_lacks_what_its_set_asks_for_is_refused_with_what_is_missing(
    own: Path, file: str, text: str, read: Callable[[], object], says: str
) -> None:
    (own / file).parent.mkdir(exist_ok=True)
    (own / file).write_text(text)
    open_to(own)
    with pytest.raises(PluginError, match=f"mine/{file}: .*{says}"):
        read()


def test_a_model_never_takes_the_family_of_another_in_silence(own: Path) -> None:
    (own / "models").mkdir()
    (own / "models" / "mine.py").write_text(
        "from steel_assets.core.models.naive import Naive\n\n\nclass Mine(Naive):\n    family = 'ridge'\n"
    )
    open_to(own)
    with pytest.raises(
        PluginError, match=r"models/mine.py: class Mine: family 'ridge' is that of .*/ridge\.py already; choose another"
    ):
        model_families()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return history.nothing", "raised AttributeError: .*nothing"),
        ("return history.known.tail(3)", "must return a DataFrame with history.origins as its index"),
    ],
)
def test_features_that_break_their_promise_are_named_with_their_file_and_market(own: Path, body: str, says: str) -> None:
    (own / "features").mkdir()
    (own / "features" / "odd.py").write_text(f"def features(history):\n    {body}\n\n\ndef driver(column): ...\n")
    open_to(own)
    history = synthetic(count=60).history()
    with pytest.raises(PluginError, match=rf"features/odd.py: features\(\) of market {history.market.id} {says}"):
        build_features(history)


@pytest.mark.parametrize("place", ["tin_exchange.py", "source/tin_exchange.py"])
def test_a_file_that_belongs_to_no_set_is_refused_with_the_sets(own: Path, place: str) -> None:
    (own / place).parent.mkdir(exist_ok=True)
    (own / place).write_text(TIN)
    with pytest.raises(PluginError, match=rf"mine/{place}: is in no known subfolder; put it into sources/, models/"):
        open_to(own)


@pytest.mark.parametrize("place", ["sources", "sources/tin_exchange.py", "."])
def test_what_everybody_can_write_is_not_run(own: Path, place: str) -> None:
    (own / place).chmod(0o777)
    with pytest.raises(PluginError, match=rf"{(own / place).resolve()}: other users can write to it"):
        open_to(own)


def test_what_has_the_name_of_a_set_and_is_no_folder_is_not_passed_over(own: Path) -> None:
    (own / "models").write_text("")
    with pytest.raises(PluginError, match="mine/models: not a folder; put the files of that set"):
        open_to(own)
    (own / "models").unlink()
    (own / "models").symlink_to(own / "gone")
    with pytest.raises(PluginError, match="mine/models: not a folder"):
        open_to(own)


def test_a_folder_that_this_process_may_not_read_is_not_taken_for_an_empty_one(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "sources")  # root may read everything
    with pytest.raises(PluginError, match="mine/sources: this process may not read it; chmod u"):
        open_to(own)


def test_a_folder_that_is_not_there_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"STEEL_PLUGINS_DIR names .*nowhere, which is not a folder"):
        open_to(tmp_path / "nowhere")
